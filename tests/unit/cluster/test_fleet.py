"""Starting and joining the hosts of a cluster file: who is left out, who is in already, and what is said of them."""

from pathlib import Path
from typing import Any

import pytest

from featray.cluster import cluster_file, fleet, membership
from featray.cluster.cluster_file import Cluster
from featray.errors import BackendError, Busy
from tests.support import hosts_on_paper
from tests.support.hosts_on_paper import TOKEN

HEAD = "10.0.0.1:6379"
OWN = membership.own_versions()
OTHER = OWN | {"ray": "2.1.0"}


def answer(*clusters: str, versions: dict[str, str] = OWN) -> dict[str, Any]:
    return {"versions": versions, "clusters": clusters}


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
        self.said: list[str] = []

    def are(self, a: Any, b: Any, c: Any) -> None:
        answers = {"10.0.0.1": a, "10.0.0.2": b, "10.0.0.3": c}
        self.monkeypatch.setenv("FEATRAY_SSH", hosts_on_paper.write(self.folder, answers))

    def asked(self) -> list[tuple[str, str, str]]:
        return hosts_on_paper.asked(self.folder)


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    return Hosts(tmp_path, monkeypatch)


def join(name: str, number: int) -> tuple[str, str, str]:
    options = f"--ip=10.0.0.{number} --name={name} --gpus=none --token-stdin"
    return f"10.0.0.{number}", f"cluster join {HEAD} {options}", TOKEN


def test_the_head_starts_and_the_others_join(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(), answer(), answer())
    fleet.start(lab, "lab.yaml", TOKEN, hosts.said.append)
    head, *others = hosts.asked()
    assert head[1].startswith("cluster start --port=6379 --dashboard-port=8265 --ip=10.0.0.1")
    assert others == [join("b", 2), join("c", 3)]


def test_a_second_start_says_who_is_in_and_points_to_join(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD), answer(HEAD), answer())
    with pytest.raises(Busy) as caught:
        fleet.start(lab, "lab.yaml", TOKEN, hosts.said.append)
    assert str(caught.value) == (
        f"a, b are in the cluster of {HEAD} already; join the others to it: featray cluster join lab.yaml, or end it: "
        "featray cluster stop lab.yaml"
    )
    assert hosts.asked() == []


def test_a_second_start_of_a_whole_cluster_points_to_stop(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD), answer(HEAD), answer(HEAD))
    with pytest.raises(Busy, match=rf"a, b, c are in the cluster of {HEAD} already; end it: featray cluster stop lab"):
        fleet.start(lab, "lab.yaml", TOKEN, hosts.said.append)


def test_a_start_of_hosts_in_another_cluster_points_to_stop(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(), answer("10.9.9.9:6379"), answer())
    with pytest.raises(
        Busy, match=r"b is in the cluster of 10\.9\.9\.9:6379 already; end it: featray cluster stop lab"
    ):
        fleet.start(lab, "lab.yaml", TOKEN, hosts.said.append)


def test_a_start_names_every_host_that_would_be_refused(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(), answer(versions=OTHER), 255)
    with pytest.raises(
        BackendError, match=r"(?s)nothing was started:\nb would be refused: .*\nc \(10\.0\.0\.3\) cannot"
    ):
        fleet.start(lab, "lab.yaml", TOKEN, hosts.said.append)
    assert hosts.asked() == []


def test_hosts_join_a_running_head_with_its_token(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD), answer(HEAD), answer())
    fleet.join(lab, "lab.yaml", hosts.said.append)
    assert hosts.asked() == [("10.0.0.1", "cluster token", ""), join("c", 3)]
    assert hosts.said == ["b: in already", "c: joining"]


def test_a_host_that_would_be_refused_is_named_and_keeps_nobody_out(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD, versions=OTHER), answer(), answer(versions=OTHER))
    with pytest.raises(BackendError, match=r"^b would be refused: .* the cluster needs ray 2\.1\.0"):
        fleet.join(lab, "lab.yaml", hosts.said.append)  # the head's versions count, not this machine's
    assert join("c", 3) in hosts.asked()


def test_a_host_in_another_cluster_is_left_there(hosts: Hosts, lab: Cluster) -> None:
    hosts.are(answer(HEAD), answer("10.9.9.9:6379"), 255)
    with pytest.raises(BackendError) as caught:
        fleet.join(lab, "lab.yaml", hosts.said.append)
    assert str(caught.value).splitlines() == [
        "b is in the cluster of 10.9.9.9:6379; `featray cluster stop` there leaves it",
        "c (10.0.0.3) cannot be used: exit code 255",
    ]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (answer(), f"a runs no head at {HEAD}; start it: featray cluster start lab.yaml"),
        (answer("10.0.0.1:7000"), f"a runs no head at {HEAD}, but is in the cluster of 10.0.0.1:7000"),
        (255, "a (10.0.0.1) cannot be used: exit code 255"),
    ],
)
def test_there_must_be_a_head_to_join(hosts: Hosts, lab: Cluster, head: Any, said: str) -> None:
    hosts.are(head, answer(), answer())
    with pytest.raises(BackendError) as caught:
        fleet.join(lab, "lab.yaml", hosts.said.append)
    assert str(caught.value).startswith(said)
    assert hosts.asked() == []
