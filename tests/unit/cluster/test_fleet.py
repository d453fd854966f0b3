"""Starting and joining the hosts of a cluster file: who is left out, who is in already, and what the user reads."""

import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from featray.cluster import cluster_file, fleet, membership, raylet_records
from featray.cluster.cluster_file import Cluster, Member
from featray.cluster.fleet import RemoteResult
from featray.errors import BackendError, Busy
from tests.support import fake_ssh
from tests.support.fake_ssh import TOKEN

HEAD = "10.0.0.1:6379"
OWN = membership.own_versions()
OTHER = OWN | {"ray": "2.1.0"}


def answer(*clusters: str, versions: dict[str, str] = OWN) -> dict[str, Any]:
    return {"versions": versions, "clusters": clusters}


def other_featray(version: str) -> dict[str, Any]:
    """Answer as a host whose featray cannot say which clusters it is in."""
    return {"versions": OWN | {"featray": version}, "clusters": None}


@pytest.fixture
def lab(tmp_path: Path) -> Cluster:
    """Three hosts: a, which runs the head, b and c."""
    file = tmp_path / "lab.yaml"
    hosts = [f"{{name: {name}, address: 10.0.0.{n}, python: /py, gpus: []}}" for n, name in enumerate("abc", 1)]
    file.write_text(f"hosts: [{', '.join(hosts)}]\n")
    return cluster_file.load(file)


class Hosts:
    """What the three hosts answer, and what was then asked of them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.messages: list[str] = []

    def are(self, a: Any, b: Any, c: Any) -> None:
        answers = {"10.0.0.1": a, "10.0.0.2": b, "10.0.0.3": c}
        self.monkeypatch.setenv("FEATRAY_SSH", fake_ssh.write_answers(self.folder, answers))

    def asked(self) -> list[tuple[str, str, str]]:
        return fake_ssh.list_commands(self.folder)


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    return Hosts(tmp_path, monkeypatch)


def join(name: str, number: int) -> tuple[str, str, str]:
    options = f"--ip=10.0.0.{number} --name={name} --gpus=none --token-stdin"
    return f"10.0.0.{number}", f"cluster join {HEAD} {options}", TOKEN


def test_the_head_starts_and_the_others_join(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(), answer(), answer())
    fleet.start(lab, "lab.yaml", TOKEN, hosts.messages.append)
    head, *others = hosts.asked()
    assert head[1].startswith("cluster start --port=6379 --dashboard-port=8265 --ip=10.0.0.1")
    assert others == [join("b", 2), join("c", 3)]


def test_a_second_start_names_the_hosts_that_are_in_and_points_to_join(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD), answer(HEAD), answer())
    with pytest.raises(Busy) as caught:
        fleet.start(lab, "lab.yaml", TOKEN, hosts.messages.append)
    assert str(caught.value) == (
        f"a, b are already in the cluster of {HEAD}; join the others to it: featray cluster join lab.yaml, or end it: "
        "featray cluster stop lab.yaml"
    )
    assert hosts.asked() == []


def test_a_second_start_of_a_whole_cluster_points_to_stop(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD), answer(HEAD), answer(HEAD))
    with pytest.raises(Busy, match=rf"a, b, c are already in the cluster of {HEAD}; end it: featray cluster stop lab"):
        fleet.start(lab, "lab.yaml", TOKEN, hosts.messages.append)


def test_a_start_of_hosts_in_another_cluster_points_to_stop(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(), answer("10.9.9.9:6379"), answer())
    with pytest.raises(
        Busy, match=r"b is already in the cluster of 10\.9\.9\.9:6379; end it: featray cluster stop lab"
    ):
        fleet.start(lab, "lab.yaml", TOKEN, hosts.messages.append)


def test_a_start_names_every_host_that_would_be_refused(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(), answer(versions=OTHER), 255)
    with pytest.raises(
        BackendError, match=r"(?s)nothing was started:\nb would be refused: .*\nc \(10\.0\.0\.3\) cannot"
    ):
        fleet.start(lab, "lab.yaml", TOKEN, hosts.messages.append)
    assert hosts.asked() == []


def test_hosts_join_a_running_head_with_its_token(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD), answer(HEAD), answer())
    fleet.join(lab, "lab.yaml", hosts.messages.append)
    assert hosts.asked() == [("10.0.0.1", "cluster token", ""), join("c", 3)]
    assert hosts.messages == ["b: already in the cluster", "c: joining"]


def test_a_host_that_would_be_refused_is_named_and_the_others_join(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD, versions=OTHER), answer(), answer(versions=OTHER))
    with pytest.raises(BackendError, match=r"^b would be refused: .* the cluster needs ray 2\.1\.0"):
        fleet.join(lab, "lab.yaml", hosts.messages.append)  # the head's versions count, not this machine's
    assert join("c", 3) in hosts.asked()


def test_a_host_in_another_cluster_is_left_there(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD), answer("10.9.9.9:6379"), 255)
    with pytest.raises(BackendError) as caught:
        fleet.join(lab, "lab.yaml", hosts.messages.append)
    assert str(caught.value).splitlines() == [
        "b is in the cluster of 10.9.9.9:6379; `featray cluster stop` there leaves it",
        "c (10.0.0.3) cannot be used: exit code 255",
    ]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (answer(), f"a runs no head at {HEAD}; start it: featray cluster start lab.yaml"),
        (answer("10.0.0.1:7000"), f"a runs no head at {HEAD}, but is in the cluster of 10.0.0.1:7000"),
        (255, "a (10.0.0.1) cannot be used: exit code 255"),
        (other_featray("0.0.9"), "a would be refused: it has featray 0.0.9; the cluster needs featray "),
    ],
)
def test_there_must_be_a_head_to_join(hosts: Hosts, lab: Cluster, head: Any, message: str) -> None:
    hosts.are(head, answer(), answer())
    with pytest.raises(BackendError) as caught:
        fleet.join(lab, "lab.yaml", hosts.messages.append)
    assert str(caught.value).startswith(message)
    assert hosts.asked() == []


def test_hosts_with_another_featray_are_named_when_a_cluster_starts_or_they_join(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(), other_featray("0.0.9"), answer())
    with pytest.raises(BackendError, match=r"nothing was started:\nb would be refused: it has featray 0\.0\.9"):
        fleet.start(lab, "lab.yaml", TOKEN, hosts.messages.append)
    hosts.are(answer(HEAD), other_featray("0.0.9"), answer())
    with pytest.raises(BackendError, match=r"b would be refused: it has featray 0\.0\.9"):
        fleet.join(lab, "lab.yaml", hosts.messages.append)
    assert join("c", 3) in hosts.asked()


HERE = f"{sys.executable} -c 'import subprocess, sys; sys.exit(subprocess.call(sys.argv[2], shell=True))'"
"""Replaces ssh: runs the command on this machine, whatever the host."""


def start(*members: Member) -> None:
    fleet.start(Cluster(hosts=members), "lab.yaml", TOKEN, lambda _: None)


def test_an_unreachable_host_is_named_and_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_SSH", "false")
    with pytest.raises(BackendError) as caught:
        start(Member(name="one", address="10.0.0.1"), Member(name="two", address="10.0.0.2", user="me"))
    assert str(caught.value).splitlines() == [
        "nothing was started:",
        "one (10.0.0.1) cannot be used: exit code 1",
        "two (me@10.0.0.2) cannot be used: exit code 1",
    ]


def test_a_missing_ssh_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_SSH", "no-such-program")
    with pytest.raises(BackendError, match="no-such-program: No such file"):
        start(Member(name="one", address="10.0.0.1"))


def test_a_host_is_asked_for_its_versions_and_its_clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_SSH", HERE)
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    member = Member(name="one", address="10.0.0.1", python=sys.executable)
    (host,) = fleet.survey([member])
    assert (host.problem, host.versions, host.clusters) == (None, membership.own_versions(), ())
    raylet_records.save(
        raylet_records.describe(psutil.Process(), address="10.0.0.9:6379", head=True, gpu=None, log=Path("/log"))
    )
    assert fleet.survey([member])[0].clusters == ("10.0.0.9:6379",)


@pytest.mark.parametrize("has_records", [True, False])
def test_a_host_with_an_older_featray_still_reports_its_version(
    has_records: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / "featray" / "cluster"
    older.mkdir(parents=True)
    (older.parent / "__init__.py").write_text("__version__ = '0.0.9'")
    (older / "__init__.py").touch()
    if has_records:  # without the function that is asked for
        (older / "raylet_records.py").touch()
    monkeypatch.setenv("FEATRAY_SSH", HERE)
    monkeypatch.chdir(tmp_path)  # where its Python finds this featray first
    (host,) = fleet.survey([Member(name="one", address="10.0.0.1", python=sys.executable)])
    assert (host.problem, host.versions["featray"], host.clusters) == (None, "0.0.9", None)


def test_a_hosts_error_is_shown_without_the_mark_of_the_command_line() -> None:
    member = Member(name="one", address="10.0.0.1")
    result = fleet.RemoteResult(member=member, code=4, stdout="", stderr="a warning\nfeatray: error: no head there\n")
    assert result.reason == "no head there"


def test_an_interpreter_in_the_home_of_a_host_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my v" / "bin").mkdir(parents=True)
    (tmp_path / "my v" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("FEATRAY_SSH", HERE)
    monkeypatch.setenv("HOME", str(tmp_path))
    result = fleet.run(Member(name="one", address="10.0.0.1", venv="~/my v/"), ["~/my v/bin/python", "-c", "print(7)"])
    assert (result.code, result.stdout) == (0, "7\n")


def test_what_a_host_prints_need_not_be_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_SSH", HERE)
    result = fleet.run(Member(name="one", address="10.0.0.1"), ["printf", r"caf\351"])
    assert (result.code, result.stdout) == (0, "caf\ufffd")


def test_a_command_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_SSH", HERE)
    result = fleet.run(Member(name="one", address="10.0.0.1"), ["sleep", "60"], limit_s=0.5)
    assert (result.code, result.reason) == (124, "no answer within 0 s")


def test_every_host_is_stopped_and_the_head_last(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(), 255, answer())
    with pytest.raises(BackendError, match=r"^b: exit code 255$"):
        fleet.stop(lab, hosts.messages.append)
    assert hosts.messages == ["c: stopped", "a: stopped"]


def test_what_a_stop_ends_is_said_with_the_host(monkeypatch: pytest.MonkeyPatch, lab: Cluster) -> None:
    def answer_with(member: Member, *_: object) -> RemoteResult:
        lines = "Warning: a new host\ns-1 of ann (running) ends with its cluster. Go on\n1 raylet ended\n"
        return RemoteResult(member=member, code=0, stdout="", stderr=lines if member.name == "a" else "")

    monkeypatch.setattr(fleet, "run", answer_with)
    said: list[str] = []
    fleet.stop(lab, said.append)
    assert said == ["b: stopped", "c: stopped", "a: s-1 of ann (running) ends with its cluster. Go on", "a: stopped"]
