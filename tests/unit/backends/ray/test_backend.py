"""The backend on Ray: what had come is told before an error, and what no host like this one sends is set aside."""

import dataclasses
import types
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pytest
import ray

from featray.backends import Event
from featray.backends.ray import backend
from featray.backends.ray.backend import RayCluster
from featray.core import invocation
from featray.core.events import EventKind
from featray.core.row import Row
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


def test_the_rows_that_a_dead_worker_left_on_its_host_come_before_its_end(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashed = Event(planned=PLANNED, kind=EventKind.ENDED, status=Status.CRASHED, text="Ray's worker died")
    (cell,) = PLANNED.invocation.cells
    own = invocation.record(PLANNED.invocation, cell, status="ok", started_at="2026-05-14T23:15:32Z")
    others = [dataclasses.replace(own, run_id="another"), dataclasses.replace(own, attempt=2)]
    asked: list[Any] = []

    def collect(store: str, host_ids: Collection[str]) -> Sequence[Row]:
        asked.append((store, host_ids))
        return [*others, own]

    hosts = types.SimpleNamespace(
        collect=collect, collect_outputs=lambda _, rows: [(row, {"frame": []}) for row in rows]
    )
    cluster._hosts, cluster._store = hosts, "spool"  # type: ignore[assignment] # all that `poll` asks of it
    cluster._listener = types.SimpleNamespace(poll=lambda _: [LOADING, crashed])  # type: ignore[assignment] # as above
    monkeypatch.setattr(cluster, "_check_nodes", lambda: iter(()))
    left = Event(planned=PLANNED, kind=EventKind.ROW, row=own, output={"frame": []})
    assert cluster.poll(0) == [LOADING, left, crashed]
    assert asked == [("spool", [PLANNED.target.host.host_id])]


def test_an_invocation_whose_host_sends_what_cannot_be_is_cancelled_and_crashed(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled: list[Any] = []
    monkeypatch.setattr(ray, "get", lambda sent: sent)
    monkeypatch.setattr(ray, "cancel", lambda events, force: cancelled.append((events, force)))
    events = iter([[{"kind": "loading"}, {"kind": "row", "row": "{}"}, {"kind": "loading"}]])
    entry = backend._RayInvocation(PLANNED, events, "node", sent_at=0.0)
    cluster._running[id(PLANNED)] = entry
    before, event = cluster._next(entry)
    assert before == LOADING
    assert (event.kind, event.status, event.row) == (EventKind.ENDED, Status.CRASHED, None)
    assert str(event.text).startswith(f"{PLANNED.target.host.hostname} sent an event that was set aside: column ")
    assert cancelled == [(events, True)]
    assert cluster._running == {}
