"""Which raylets a machine gets, whose token they show, and who is refused before anything starts."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from featray.cluster import fleet, heads, membership, nodes, token
from featray.cluster.cluster_file import Cluster, Member
from featray.cluster.nodes import HeadOptions, Raylet, Running
from featray.core.version import __version__
from featray.errors import BackendError, BadInput
from featray.measurement import provenance


def plan(gpus: tuple[str, ...], head: HeadOptions | None = None) -> list[Raylet]:
    return nodes.raylets(
        address="10.0.0.1:6379", ip="10.0.0.2", name="box", gpus=gpus, cpus=8, labels={"room": "lab"}, head=head
    )


def test_each_gpu_gets_a_raylet_that_sees_and_names_only_it() -> None:
    first, second = plan(("GPU-a", "GPU-b"))
    assert (first.gpu, second.gpu) == ("GPU-a", "GPU-b")
    version = f"featray.version={__version__}"
    assert f"--labels=featray.gpu=GPU-b,featray.host=box,{version},room=lab" in second.arguments
    assert {"--address=10.0.0.1:6379", "--num-gpus=1", "--num-cpus=4", "--node-ip-address=10.0.0.2"} <= set(
        second.arguments
    )
    assert nodes.variables("GPU-b")["CUDA_VISIBLE_DEVICES"] == "GPU-b"


def test_a_machine_without_gpus_gets_one_raylet_that_sees_none() -> None:
    (only,) = plan(())
    labels = f"--labels=featray.host=box,featray.version={__version__},room=lab"
    assert {"--num-gpus=0", "--num-cpus=8", labels} <= set(only.arguments)
    assert nodes.variables(None)["CUDA_VISIBLE_DEVICES"] == ""


def test_the_head_is_the_first_raylet_with_its_dashboard_on_loopback() -> None:
    first, second = plan(("GPU-a", "GPU-b"), HeadOptions(port=6379, dashboard_port=8265))
    assert (first.head, second.head) == (True, False)
    assert {"--head", "--port=6379", "--dashboard-host=127.0.0.1"} <= set(first.arguments)
    assert "--head" not in second.arguments


def test_every_raylet_demands_the_token() -> None:
    assert nodes.variables(None)["RAY_AUTH_MODE"] == "token"


def test_a_token_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "secret" / "token"
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(place))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    made = token.ensure()
    assert token.ensure() == made == place.read_text()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.chmod(0o644)  # as Ray itself writes it
    token.ensure()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_driver_shows_its_token_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    assert token.shown() == {}
    token.save("f" * 64)
    assert token.shown() == {"RAY_AUTH_MODE": "token"}
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert token.shown() == {"RAY_AUTH_MODE": "disabled"}


def test_no_cluster_starts_with_authentication_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(BadInput, match="unset RAY_AUTH_MODE"):
        membership.enter(membership.own(ip="10.0.0.1", name="a", gpus="none", labels=[]), "10.0.0.1:6379", say=print)


@pytest.mark.parametrize("text", ["", "short", "two words of some length", "a" * 20 + "\n" + "b" * 20])
def test_what_is_no_token_is_not_kept(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    with pytest.raises(BadInput, match="that is no token"):
        token.save(text)
    assert not (tmp_path / "token").exists()


def test_options_are_checked_like_a_cluster_file() -> None:
    member = membership.own(ip=None, name=None, gpus="GPU-aaaa,GPU-bbbb", labels=["room=lab"])
    assert (member.gpus, member.labels) == (("GPU-aaaa", "GPU-bbbb"), {"room": "lab"})
    assert membership.own(ip="a", name="n", gpus="none", labels=[]).gpus == ()
    assert membership.own(ip="a", name="n", gpus="all", labels=[]).gpus is None
    for options, said in (
        ({"gpus": "0"}, "--gpus: '0' is not a GPU's UUID"),
        ({"labels": ["room"]}, "--label: label 'room='"),
        ({"ip": "a b"}, "--ip: "),
        ({"name": "../x"}, "--name: '../x' cannot be a name"),
    ):
        with pytest.raises(BadInput, match=said.replace("(", r"\(")):
            membership.own(**({"ip": "a", "name": "n", "gpus": "none", "labels": []} | options))  # type: ignore[arg-type]  # options of many types


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "no Ray head answers at 127.0.0.1:9"),
        ("lab", "'lab' is not a Ray address; expected host:port"),
        ("127.0.0.1:99999999", "no Ray head answers"),
        ("no-such-host.invalid:6379", "no Ray head answers"),
    ],
)
def test_an_address_without_a_head_is_named_at_once(address: str, said: str) -> None:
    with pytest.raises(BackendError, match=said):
        heads.reach(address)


def own_raylet(address: str) -> Running:
    """Describe this process as if it were a raylet."""
    created = psutil.Process().create_time()
    after_boot_s = created - psutil.boot_time()
    return Running(
        pid=os.getpid(),
        created=created,
        address=address,
        head=True,
        gpu=None,
        log="/log",
        after_boot_s=after_boot_s,
    )


LOCAL = f"{sys.executable} -c 'import subprocess, sys; sys.exit(subprocess.call(sys.argv[2], shell=True))'"
"""Stands in for ssh: runs the command here, whatever the host."""


def lab(*members: Member) -> Cluster:
    return Cluster(hosts=members)


def start(*members: Member) -> None:
    fleet.start(lab(*members), "lab.yaml", "f" * 64, lambda _: None)


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
    monkeypatch.setenv("FEATRAY_SSH", LOCAL)
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    member = Member(name="one", address="10.0.0.1", python=sys.executable)
    (found,) = fleet.survey([member])
    assert (found.problem, found.versions, found.clusters) == (None, membership.own_versions(), ())
    nodes.keep(own_raylet("10.0.0.9:6379"))
    assert fleet.survey([member])[0].clusters == ("10.0.0.9:6379",)


def test_a_host_that_would_be_refused_is_named_with_what_mends_it() -> None:
    member = Member(name="one", address="10.0.0.1", venv="/opt/v")
    wanted = {"python": "3.11.7", "ray": "2.60.0", "featray": "0.1.0"}
    assert membership.unlike(member, wanted, wanted) is None
    assert membership.unlike(member, {"python": "3.11.7", "ray": "2.59.0"}, wanted) == (
        "one would be refused: it has ray 2.59.0, featray not installed; the cluster needs ray 2.60.0, featray 0.1.0"
        "; there: /opt/v/bin/python -m pip install ray==2.60.0, and the same featray checkout or wheel as the driver's"
    )
    assert membership.unlike(member, wanted | {"featray": "0.0.9"}, wanted) == (
        "one would be refused: it has featray 0.0.9; the cluster needs featray 0.1.0"
        "; there: /opt/v/bin/python -m pip install the same featray checkout or wheel as the driver's"
    )
    assert membership.unlike(member, wanted | {"python": "3.11.8"}, wanted) == (
        "one would be refused: it has python 3.11.8; the cluster needs python 3.11.7"
    )


def test_versions_that_a_head_does_not_tell_are_called_unknown() -> None:
    member = Member(name="one", address="10.0.0.1", python="/py")
    own = membership.own_versions()
    said: list[str] = []
    membership.admit(member, "10.0.0.9:6379", own, said.append)
    assert said == []
    membership.admit(member, "10.0.0.9:6379", {"ray": own["ray"], "python": own["python"]}, said.append)
    assert said == [
        f"10.0.0.9:6379 does not tell its featray version; one has featray {own['featray']} and needs the head's"
    ]
    with pytest.raises(BackendError, match=r"one would be refused: .* needs ray 2\.1\.0"):
        membership.admit(member, "10.0.0.9:6379", own | {"ray": "2.1.0"}, said.append)


def test_an_interpreter_in_the_home_of_a_host_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my v" / "bin").mkdir(parents=True)
    (tmp_path / "my v" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("FEATRAY_SSH", LOCAL)
    monkeypatch.setenv("HOME", str(tmp_path))
    done = fleet.run(Member(name="one", address="10.0.0.1", venv="~/my v/"), ["~/my v/bin/python", "-c", "print(7)"])
    assert (done.code, done.out) == (0, "7\n")


def test_what_a_host_says_need_not_be_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_SSH", LOCAL)
    done = fleet.run(Member(name="one", address="10.0.0.1"), ["printf", r"caf\351"])
    assert (done.code, done.out) == (0, "caf\ufffd")


def write_record(cache: Path, pid: int, text: str) -> Path:
    """Put a record of a raylet where featray keeps them."""
    folder = cache / "cluster" / provenance.host_id()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{pid}.json").write_text(text)
    return folder / f"{pid}.json"


def ended_process() -> int:
    with subprocess.Popen(["true"]) as process:
        pass
    return process.pid


OTHERS = '{"pid": "x", "created": 0, "address": "a:1", "head": true, "gpu": null, "log": "l"}'


@pytest.mark.parametrize("text", ['{"pid": 1, "crea', "", "[]", '{"pid": 1}', '{"pid": 1, "unknown": 2}', OTHERS])
def test_an_unreadable_record_names_itself_and_its_process(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    record = write_record(tmp_path, os.getpid(), text)
    with pytest.raises(BackendError) as caught:
        nodes.running()
    assert str(caught.value).startswith(f"{record}: not a record of a raylet")
    assert f"process {os.getpid()}" in str(caught.value)


def test_an_unreadable_record_of_a_process_that_ended_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    record = write_record(tmp_path, ended_process(), '{"pid": 1, "crea')
    assert nodes.running() == []
    assert not record.exists()


def test_a_clock_that_is_set_forgets_no_raylet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    own = own_raylet("127.0.0.1:6379")
    nodes.keep(own)
    boot, begun = psutil.boot_time(), psutil.Process().create_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: boot + 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: begun + 3600)
    assert nodes.running() == [own]
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: begun)  # as macOS tells it
    assert nodes.running() == [own]
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: begun + 3602)  # another process of that id
    assert nodes.running() == []


def test_a_record_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    own = own_raylet("127.0.0.1:6379")
    nodes.keep(own)
    assert nodes.running() == [own]
    assert [file.name for file in (tmp_path / "cluster" / provenance.host_id()).iterdir()] == [f"{os.getpid()}.json"]
