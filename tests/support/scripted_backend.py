"""A backend that plays scripts, and the scripts and plans that tests of the runner share."""

import collections
import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray import store
from featray.backends import Event
from featray.core import invocation
from featray.core.cell import Cell, cell_id
from featray.core.events import EventKind
from featray.core.output_table import PlainOutput
from featray.core.row import Row
from featray.core.status import Status
from featray.core.stored_unit import BegunUnit
from featray.measurement.weights import HubFile
from featray.planning.inventory import Inventory
from featray.planning.planned_invocation import PlannedInvocation
from featray.running.progress import Watch
from featray.running.run_outcome import RunOutcome
from featray.running.runner import REAL_TIME, DriverClock, Runner
from tests.support.plans import make_cell, make_host, make_inventory, make_plan, place

Script = Callable[[PlannedInvocation], Iterator[Event]]


class ScriptedBackend:
    """A backend that plays one script per start, and the last one at every further start."""

    dashboard = None
    runs_one_at_a_time = False

    def __init__(self, *scripts: Script) -> None:
        self.scripts = collections.deque(scripts)
        self.started: list[PlannedInvocation] = []
        self.cancelled: list[PlannedInvocation] = []
        self.published: list[dict[str, Any]] = []
        self.forgotten: list[Row] = []
        self._live: dict[int, tuple[PlannedInvocation, Iterator[Event]]] = {}

    def inventory(self) -> Inventory:
        return make_inventory()

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:  # noqa: ARG002
        return {}

    def collect_begun(self, store: str) -> Sequence[BegunUnit]:  # noqa: ARG002
        return ()

    def collect_outputs(self, store: str, rows: Sequence[Row]) -> Sequence[tuple[Row, PlainOutput]]:  # noqa: ARG002
        return ()

    def start(self, planned: PlannedInvocation, store: str) -> None:  # noqa: ARG002
        script = self.scripts.popleft() if len(self.scripts) > 1 else self.scripts[0]
        self.started.append(planned)
        self._live[id(planned)] = (planned, script(planned))

    def poll(self, timeout_s: float) -> Sequence[Event]:  # noqa: ARG002
        events = [event for _, script in list(self._live.values()) if (event := next(script, None))]
        for event in events:
            if event.kind == EventKind.ENDED:
                self._live.pop(id(event.planned), None)
        return events

    def cancel(self, planned: PlannedInvocation) -> None:
        self.cancelled.append(planned)
        self._live.pop(id(planned), None)

    def newcomers(self) -> Sequence[str]:
        return ()

    def collect(self, store: str) -> Sequence[Row]:  # noqa: ARG002
        return ()

    def forget(self, store: str, stored: Sequence[Row]) -> None:  # noqa: ARG002
        self.forgotten += stored

    def publish(self, gauges: Mapping[str, Any]) -> None:
        self.published.append(dict(gauges))

    def close(self) -> None:
        pass


def row(planned: PlannedInvocation, cell: Cell, status: str = "ok") -> Event:
    made = invocation.record(planned.invocation, cell, status=status, started_at="2026-05-14T23:15:32Z")
    return Event(planned=planned, kind=EventKind.ROW, row=dataclasses.replace(made, timed_s=[0.5]))


def started(planned: PlannedInvocation, cell: Cell) -> Event:
    return Event(planned=planned, kind=EventKind.STARTED, cell_id=cell_id(cell))


def goes_well(planned: PlannedInvocation) -> Iterator[Event]:
    for cell in planned.invocation.cells:
        yield started(planned, cell)
        yield row(planned, cell)
    yield Event(planned=planned, kind=EventKind.ENDED)


def lost(planned: PlannedInvocation, status: Status = Status.LOST) -> Iterator[Event]:
    yield Event(planned=planned, kind=EventKind.ENDED, status=status, text="gone")


def lost_in_the_second(planned: PlannedInvocation, status: Status = Status.LOST) -> Iterator[Event]:
    first, second = planned.invocation.cells[:2]
    yield started(planned, first)
    yield row(planned, first)
    yield started(planned, second)
    yield Event(planned=planned, kind=EventKind.ENDED, status=status, text="gone")


def falls_silent(planned: PlannedInvocation) -> Iterator[Event]:
    yield Event(planned=planned, kind=EventKind.LOADING)


def cells(*sizes: int, **changes: Any) -> list[Cell]:
    return [make_cell(batch_size=size, **changes) for size in sizes]


def run(
    backend: ScriptedBackend,
    results: Path,
    wanted: Sequence[Cell],
    *,
    watch: Watch = lambda _: None,
    n: int = 1,
    clock: DriverClock = REAL_TIME,
) -> RunOutcome:
    return Runner(make_plan(place(wanted, make_host()), n=n), backend, str(results), watch, clock=clock).run()


def attempts(results: Path) -> list[tuple[int, int, str]]:
    rows = store.read(str(results), every_attempt=True).rows
    assert len({row.key() for row in rows}) == len(rows)
    return sorted((row.batch_size, row.attempt, row.status) for row in rows)
