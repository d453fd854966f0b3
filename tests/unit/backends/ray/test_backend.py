"""The backend on Ray: what had come is told before an error, and what no host like this one sends is set aside."""

import types
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import ray

from featray.backends import Event
from featray.backends.ray import backend
from featray.backends.ray.backend import RayCluster
from featray.core.events import EventKind
from featray.core.status import Status
from featray.errors import HeadGone
from tests.support.plans import make_cell, make_plan, place

(PLANNED,) = make_plan(place([make_cell()]), n=1).invocations
LOADING = Event(planned=PLANNED, kind=EventKind.LOADING)


@pytest.fixture
def cluster() -> RayCluster:
    """A backend that has joined no Ray."""
    made = RayCluster.__new__(RayCluster)
    made._running, made._gone = {}, None
    made._head = types.SimpleNamespace(check=lambda: None)  # type: ignore[assignment] # all that `poll` asks of it
    return made


def test_what_came_before_an_embedded_ray_died_is_told_first(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [LOADING, LOADING]

    def poll(_: float) -> Sequence[Event]:
        return [waiting.pop()] if waiting else []

    def check() -> Iterator[Event]:
        yield LOADING
        raise HeadGone("the embedded Ray has died")

    cluster._listener = types.SimpleNamespace(poll=poll)  # type: ignore[assignment] # as above
    monkeypatch.setattr(cluster, "_check_nodes", check)
    assert cluster.poll(0) == [LOADING, LOADING]
    for _ in range(2):
        with pytest.raises(HeadGone, match="the embedded Ray has died"):
            cluster.poll(0)
    assert len(waiting) == 1


def test_an_invocation_whose_host_sends_what_cannot_be_is_cancelled_and_crashed(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled: list[Any] = []
    monkeypatch.setattr(ray, "get", lambda sent: sent)
    monkeypatch.setattr(ray, "cancel", lambda events, force: cancelled.append((events, force)))
    events = iter([{"kind": "row", "row": "{}"}])
    entry = backend._RayInvocation(PLANNED, events, "node", sent_at=0.0)
    cluster._running[id(PLANNED)] = entry
    event = cluster._next(entry)
    assert (event.kind, event.status, event.row) == (EventKind.ENDED, Status.CRASHED, None)
    assert str(event.text).startswith(f"{PLANNED.target.host.hostname} sent an event that was set aside: column ")
    assert cancelled == [(events, True)]
    assert cluster._running == {}
