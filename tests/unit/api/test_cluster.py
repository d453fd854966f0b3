"""The verbs of `featray cluster`, as far as they need no Ray and no other host."""

from pathlib import Path

import pytest

from featray.api import cluster
from featray.backends.ray import dashboard
from featray.cluster import nodes, raylet_records
from featray.cluster.raylet_records import RunningRaylet
from featray.errors import BadInput, ClusterFileError
from tests.support.dashboards import Dashboard, describe_submit


def test_a_machine_without_raylets_is_in_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    assert cluster.status() == cluster.ClusterStatus(raylets=(), address=None)
    assert cluster.stop() == ()


def test_the_head_of_a_cluster_file_is_known_without_asking_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    lab = tmp_path / "lab.yaml"
    lab.write_text("hosts: [{name: a, address: 192.0.2.1}]\n", encoding="utf-8")
    assert cluster.status(lab).address == "192.0.2.1:6379"


def test_options_that_belong_in_the_file_are_refused_before_a_token_is_read(tmp_path: Path) -> None:
    def read_token() -> str:
        raise AssertionError("stdin was read")

    lab = tmp_path / "lab.yaml"
    lab.write_text("hosts: [{name: a, address: 192.0.2.1}]\n", encoding="utf-8")
    with pytest.raises(BadInput, match="--token-stdin does not go with a cluster file"):
        cluster.start(lab, read_token=read_token)
    with pytest.raises(BadInput, match="--gpus does not go with a cluster file"):
        cluster.join(str(lab), gpus="all")


def test_an_embedded_ray_cannot_be_started(tmp_path: Path) -> None:
    local = tmp_path / "local.yaml"
    local.write_text("hosts: []\n", encoding="utf-8")
    with pytest.raises(ClusterFileError, match="names no hosts"):
        cluster.start(local)


def test_a_token_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "auth_token"))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    assert cluster.token() == cluster.token() == (tmp_path / "auth_token").read_text(encoding="utf-8")


def test_a_stop_names_the_detached_submits_that_end_with_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    head = RunningRaylet(pid=1, created=0, address="192.0.2.1:6379", head=True, gpu=None, log="x")
    monkeypatch.setattr(raylet_records, "running", lambda: [head])
    monkeypatch.setattr(nodes, "stop", lambda: [head])
    running, ended = describe_submit("s-1"), describe_submit("s-0", status="SUCCEEDED")
    running["metadata"] |= {"featray_user": "ann@box", "featray_run": "s-9"}
    said: list[str] = []
    with Dashboard(running, ended) as board:
        monkeypatch.setattr(dashboard, "find_url", lambda _: board.url)
        assert cluster.stop(say=said.append) == (head,)
    assert said == [
        "s-9 of ann@box (running) ends with its cluster. Its finished rows and its log are in /r; to go on with it, "
        "submit the sweep s into that store again"
    ]
    assert cluster.stop(say=said.append) == (head,)  # the dashboard is gone
    assert said[1].startswith("a detached submit ends with its cluster, if one runs: ")
