"""Heads that do not answer, refuse, or answer without all their versions; a child's answer stands in for Ray's."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from featray.cluster import heads
from featray.errors import BackendError


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:9", "no Ray head answers at 127.0.0.1:9"),
        ("lab", "'lab' is not a Ray address; expected host:port"),
        ("127.0.0.1:99999999", "no Ray head answers"),
        ("no-such-host.invalid:6379", "no Ray head answers"),
    ],
)
def test_an_address_without_a_head_is_named_at_once(address: str, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        heads.check_reachable(address)


@pytest.fixture
def address() -> Iterator[str]:
    """Listen where a head would."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def answer_with(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(heads, "_QUERY", code)


def node(address: str = "127.0.0.1", *, alive: bool = True, **labels: str) -> dict[str, object]:
    return {
        "NodeManagerAddress": address,
        "NodeManagerHostname": "box",
        "Alive": alive,
        "Labels": {"ray.io/node-id": "n", **{key.replace("_", "."): value for key, value in labels.items()}},
        "Resources": {"CPU": 2.0, heads.HEAD_RESOURCE: 1.0},
    }


def say(monkeypatch: pytest.MonkeyPatch, *nodes: dict[str, object]) -> None:
    text = json.dumps({"nodes": nodes, "versions": {"ray": "2.60.0"}})
    answer_with(monkeypatch, f"print({text!r})")


def test_a_head_reports_its_nodes_and_its_versions(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, node(featray_version="0.1.0", room="lab"))
    cluster = heads.query_head(address)
    assert cluster.versions == {"ray": "2.60.0", "featray": "0.1.0"}
    assert [head.labels for head in cluster.nodes] == [{"featray.version": "0.1.0", "room": "lab"}]


def test_a_driver_needs_a_live_node_of_the_cluster_on_its_machine(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, node("127.0.0.1"))
    heads.check_driver(address)
    for elsewhere in (node("192.0.2.1"), node("127.0.0.1", alive=False)):
        say(monkeypatch, elsewhere)
        with pytest.raises(BackendError, match=f"join it: featray cluster join {address}"):
            heads.check_driver(address)


def test_a_token_that_ray_reports_as_refused_is_named_without_waiting(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    answer_with(monkeypatch, "import sys, time; print('InvalidAuthToken', file=sys.stderr, flush=True); time.sleep(60)")
    with pytest.raises(BackendError, match="refuses this machine"):
        heads.query_head(address)


def test_a_head_that_refuses_for_another_reason_is_quoted(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, "import sys; sys.exit('Version mismatch: 2.60.0 and 2.59.0')")
    with pytest.raises(BackendError, match=f"^{address}: Version mismatch"):
        heads.query_head(address)


def test_a_head_that_never_answers_is_given_up(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "ANSWER_S", 0.3)
    answer_with(monkeypatch, "import time; time.sleep(60)")
    with pytest.raises(BackendError, match="does not answer as a Ray head within 0 s"):
        heads.query_head(address)


def test_this_machine_is_known_by_its_addresses() -> None:
    assert heads.is_this_machine("127.0.0.1")
    assert heads.is_this_machine("localhost")
    assert not heads.is_this_machine("192.0.2.1")
    assert not heads.is_this_machine("no-such-host.invalid")


def test_the_query_is_python_that_this_interpreter_accepts() -> None:
    compile(heads._QUERY, sys.executable, "exec")
