"""Hosts of a cluster, from what Ray and the probes report; functions stand in for Ray's."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from featray.backends.ray import hosts, liveness
from featray.backends.ray.hosts import RayHosts
from featray.core.version import __version__
from featray.planning.inventory import Host
from tests.support.plans import BLACKWELL, RTX3090, make_cell, make_host, make_plan, place


class AnsweringHead(liveness.HeadWatch):
    """A head that is always there."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1")

    def answers(self) -> bool:
        return True


def node(node_id: str = "n1", *, alive: bool = True, cpus: int = 2, gpus: int = 0, **labels: str) -> dict[str, Any]:
    """Describe a node as `ray.nodes` does."""
    return {
        "NodeID": node_id,
        "NodeManagerAddress": "10.0.0.2",
        "NodeManagerHostname": "box",
        "Alive": alive,
        "Resources": {"CPU": cpus, "GPU": gpus},
        "Labels": {"ray.io/node-id": node_id, **{name.replace("_", "."): value for name, value in labels.items()}},
    }


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a call be its own answer."""
    monkeypatch.setattr(ray, "get", lambda call: call)


@pytest.mark.usefixtures("probed")
def test_a_probed_host_gets_what_only_ray_knows() -> None:
    probed_host = make_host("box", RTX3090, node_ids=())
    host = hosts._host(node(gpus=1, room="lab"), probed_host)
    assert (host.address, host.labels, host.node_ids) == ("10.0.0.2", {"room": "lab"}, ("n1",))
    assert host.node_gpus == {"n1": (RTX3090.uuid,)}
    assert host.error is None


@pytest.mark.usefixtures("probed")
def test_a_host_with_another_featray_has_an_error_that_names_both_versions() -> None:
    older = make_host("box", packages={"featray": "0.0.9"})
    error = hosts._host(node(), older).error
    assert error == f"it has featray 0.0.9, this driver {__version__}; install the same on both"


def test_a_host_that_does_not_answer_keeps_its_name_and_says_so() -> None:
    host = hosts._host(node(), None)
    assert (host.hostname, host.error) == ("box", "its probe did not answer within 120 s")


def planned_on(host: Host, device: str) -> Any:
    (planned,) = make_plan(place([make_cell(device=device)], host), n=1).invocations
    return planned


def test_an_invocation_runs_on_the_node_of_its_gpu() -> None:
    host = make_host("box", RTX3090, node_ids=("n1", "n2"), node_gpus={"n1": (), "n2": (RTX3090.uuid,)})
    assert RayHosts(AnsweringHead()).node_of(planned_on(host, "cuda")) == "n2"


def test_a_cpu_invocation_avoids_a_node_that_has_just_ended_with_a_task() -> None:
    planned = planned_on(make_host("box", node_ids=("n1", "n2")), "cpu")
    cluster = RayHosts(AnsweringHead())
    assert cluster.node_of(planned) == "n1"
    cluster.mark_lost("n1")
    assert cluster.node_of(planned) == "n2"
    assert cluster.gpus_to_lease(planned, "n2") == 0


def test_nodes_that_join_are_named_once_and_dead_ones_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "EVERY_S", 0.0)
    monkeypatch.setattr(liveness, "SETTLE_S", 0.0)
    listed = [node("n1", alive=False), node("n2")]
    monkeypatch.setattr(ray, "nodes", lambda: listed)
    cluster = RayHosts(AnsweringHead())
    assert cluster.check_nodes() == {"n1"}
    assert cluster.newcomers() == ["box"]
    assert cluster.newcomers() == []


def test_a_machine_that_the_driver_has_just_probed_is_not_probed_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(_: RayHosts, nodes: Sequence[Mapping[str, Any]]) -> list[Host]:
        asked.extend(each["NodeID"] for each in nodes)
        return [make_host("later", node_ids=(each["NodeID"],)) for each in nodes]

    monkeypatch.setattr(RayHosts, "_ask", ask)
    monkeypatch.setattr(ray, "nodes", lambda: [node("n1", gpus=1)])
    monkeypatch.setattr(hosts, "_forget", SimpleNamespace(remote=lambda *_: None))
    cluster = RayHosts(AnsweringHead(), make_host("box", RTX3090, node_ids=()))
    (known,) = cluster.probe().hosts
    assert (known.hostname, known.node_ids, known.node_gpus) == ("box", ("n1",), {"n1": (RTX3090.uuid,)})
    assert asked == []
    assert [host.hostname for host in cluster.probe().hosts] == ["later"]
    assert asked == ["n1"]


def test_all_gpus_of_a_host_run_as_one_task_on_the_node_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    host = make_host(
        "box",
        *(RTX3090, BLACKWELL),
        node_ids=("n1", "n2"),
        node_gpus={"n1": (BLACKWELL.uuid,), "n2": (RTX3090.uuid,)},
    )
    (planned,) = make_plan(place([make_cell(device="cuda", targets="all")], host), n=1).invocations
    cluster = RayHosts(AnsweringHead())
    monkeypatch.setattr(cluster, "_gpu_counts", {"n1": 1, "n2": 1})
    assert cluster.node_of(planned) == "n1"
    assert cluster.gpus_to_lease(planned, "n1") == 1
