"""Replay: answers every planned cell with the row that a store holds of it, in planned order, with faults on demand.

A shipped fake: it shows what a sweep on hardware that is not here would end in, and lets tests see the runner meet
every kind of failure without a host. Replayed rows say so in `source_file`, so no comparison takes them for new
evidence.
"""

import collections
import dataclasses
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from featray.backends import Event
from featray.core import invocation as invocations
from featray.core.cell import Cell, cell_id
from featray.core.events import EventKind
from featray.core.row import Row
from featray.core.status import Status
from featray.measurement.weights import HubFile
from featray.planning.inventory import Inventory
from featray.planning.planned_invocation import PlannedInvocation

SILENT = "silent"
"""A fault: the invocation starts and is never heard of again, like a host behind a broken network."""

Faults = Mapping[str, Sequence[Status | str]]
"""Invocation name -> what its first, second, ... start ends in, instead of rows. After the last it goes well."""


class Replay:
    """A backend that measures nothing."""

    def __init__(
        self, inventory: Inventory, recorded: Sequence[Row], *, source: str, faults: Faults | None = None
    ) -> None:
        """Answer from `recorded`; `source` names where they come from."""
        self._hosts = inventory
        self._source = source
        self._of_cell: dict[str, list[Row]] = {}
        self._of_labels: dict[tuple[str, ...], list[Row]] = {}
        for row in recorded:
            self._of_cell.setdefault(row.cell_id, []).append(row)
            self._of_labels.setdefault(_labels(row), []).append(row)
        self._faults = {name: collections.deque(kinds) for name, kinds in (faults or {}).items()}
        self._events: collections.deque[Event] = collections.deque()
        self._spooled: dict[tuple[object, ...], Row] = {}

    @property
    def dashboard(self) -> str | None:
        """There is no page to watch."""
        return None

    def inventory(self) -> Inventory:
        """Return the recorded hosts."""
        return self._hosts

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:  # noqa: ARG002 - nothing is loaded
        """Say that every weight is there: nothing will be loaded."""
        return {}

    def start(self, planned: PlannedInvocation, store: str) -> None:  # noqa: ARG002 - no spool is needed
        """Queue the invocation's events."""
        self._events.extend(self._answer(planned))

    def _answer(self, planned: PlannedInvocation) -> Iterator[Event]:
        faults = self._faults.get(planned.invocation.name)
        if faults:
            fault = faults.popleft()
            if fault != SILENT:
                yield Event(planned=planned, kind=EventKind.ENDED, status=Status(fault), text=f"injected {fault}")
            return
        yield Event(planned=planned, kind=EventKind.LOADING)
        for cell in planned.invocation.cells:
            yield Event(planned=planned, kind=EventKind.STARTED, cell_id=cell_id(cell))
            row = self._row(planned, cell)
            self._spooled[row.key()] = row
            yield Event(planned=planned, kind=EventKind.ROW, row=row)
        yield Event(planned=planned, kind=EventKind.ENDED)

    def _row(self, planned: PlannedInvocation, cell: Cell) -> Row:
        made = invocations.record(planned.invocation, cell, status=Status.INFEASIBLE.value, started_at="")
        found = self._of_cell.get(made.cell_id) or self._alike(made)
        same = [row for row in found if row.target_id == made.target_id] or found
        if not same:
            reason = f"{self._source} holds no row of {cell.label}"
            return dataclasses.replace(made, reason=reason, started_at=EPOCH, source_file=self._source)
        kept = same[(planned.invocation.invocation - 1) % len(same)]
        asked = {name: getattr(made, name) for name in ASKED}
        return dataclasses.replace(kept, **asked, source_file=kept.source_file or f"replayed from {self._source}")

    def _alike(self, made: Row) -> list[Row]:
        """Find the rows of equal labels, threads, weights and delay; what an import does not tell may be equal."""
        wanted = _settings(made)
        return [
            row
            for row in self._of_labels.get(_labels(made), [])
            if all(told in (None, want) for told, want in zip(_settings(row), wanted, strict=True))
        ]

    def poll(self, timeout_s: float) -> Sequence[Event]:  # noqa: ARG002 - an answer is there at once or never
        """Return the next event."""
        return (self._events.popleft(),) if self._events else ()

    def cancel(self, planned: PlannedInvocation) -> None:
        """Drop an invocation's events."""
        self._events = collections.deque(event for event in self._events if event.planned is not planned)

    def newcomers(self) -> Sequence[str]:
        """Nobody can join."""
        return ()

    def collect(self, store: str) -> Sequence[Row]:  # noqa: ARG002 - one store at a time
        """Return what was given and not yet forgotten."""
        return list(self._spooled.values())

    def forget(self, store: str, stored: Sequence[Row]) -> None:  # noqa: ARG002
        """Drop stored rows."""
        for row in stored:
            self._spooled.pop(row.key(), None)

    def publish(self, gauges: Mapping[str, Any]) -> None:
        """Nobody watches."""

    def close(self) -> None:
        """Nothing was started."""


EPOCH = "1970-01-01T00:00:00.000+00:00"  # of a row that was never measured

ASKED = (
    *("sweep", "run_id", "cell_id", "target_id", "invocation", "block", "order_index", "attempt"),
    *("description", "baseline", "asked"),
)
"""What a replayed row takes from the plan; everything else is as recorded."""


def _labels(row: Row) -> tuple[str, ...]:
    labels = (row.detector, row.input, row.device, row.batch_size, row.num_workers, row.environment)
    return tuple(map(str, labels))


def _settings(row: Row) -> tuple[str | None, str | None, float | None]:
    """Read threads, weights and delay: those that were asked for, else what the child saw."""
    asked = json.loads(row.asked) if row.asked is not None else None
    if not isinstance(asked, dict):
        return row.omp_num_threads, row.weights, row.delay_s_per_frame
    threads = asked.get("threads") or (asked.get("env") or {}).get("OMP_NUM_THREADS") or PYFEAT_THREADS
    return str(threads), row.weights, row.delay_s_per_frame


PYFEAT_THREADS = 1  # what py-feat sets where nothing else does
