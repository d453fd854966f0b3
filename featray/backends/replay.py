"""Replay: answers every planned cell with the row that a store has of it, in planned order, with faults on demand.

Flow: `featray submit --replay STORE` -> `Replay.start` -> `poll` -> recorded rows.
It shows what a sweep would end in on hardware that is not here, and it lets tests meet every kind of failure without a
host. Replayed rows are marked in `replayed`: they have no interval, and no comparison takes them for evidence.
"""

import collections
import dataclasses
import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from featray.backends import Backend, Event
from featray.core import identity, wording
from featray.core.cell import Cell, cell_id
from featray.core.events import EventKind
from featray.core.invocation import record
from featray.core.row import Row
from featray.core.status import Status
from featray.measurement.weights import HubFile
from featray.planning.inventory import Inventory, Target
from featray.planning.planned_invocation import PlannedInvocation

SILENT = "silent"
"""A fault: the invocation starts and gives no event, like a host behind a broken network."""

Faults = Mapping[str, Sequence[Status | str]]
"""Invocation name -> how its first, second, ... start ends instead of giving rows. Later starts succeed."""

EPOCH = "1970-01-01T00:00:00.000+00:00"  # of a row that was never measured, in a run whose name has no time

FROM_PLAN = (
    *("sweep", "run_id", "cell_id", "target_id", "invocation", "block", "order_index", "attempt"),
    *("description", "baseline", "search_limits", "asked"),
)
"""The columns that a replayed row takes from the plan; all others are as recorded."""

PYFEAT_THREADS = 1  # what py-feat sets where nothing else does


class Replay(Backend):
    """A backend that measures nothing."""

    def __init__(
        self, inventory: Inventory, recorded: Sequence[Row], *, source: str, faults: Faults | None = None
    ) -> None:
        """Answer from `recorded`; `source` names the store that the rows come from."""
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

    def inventory(self) -> Inventory:
        """Return the recorded hosts."""
        return self._hosts

    def fetch(self, needs: Mapping[str, Collection[HubFile]]) -> dict[str, list[str]]:  # noqa: ARG002 - nothing is loaded
        """Report no missing weights: none will be loaded."""
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
        """Choose the recorded row for a cell; one without a number where none is recorded."""
        started = identity.read_run_start(planned.invocation.run_id)
        started_at = f"{started}.000+00:00" if started else EPOCH
        asked = record(planned.invocation, cell, status=Status.INFEASIBLE.value, started_at=started_at)
        rows = self._of_cell.get(asked.cell_id) or self._rows_with_equal_settings(asked)
        candidates = [row for row in rows if row.target_id == asked.target_id] or _of_same_model(rows, planned.target)
        if not candidates:
            models = wording.listed(row.gpu_name or row.device for row in rows)
            what = f"holds rows of {cell.label} on {models} only" if rows else f"holds no row of {cell.label}"
            return dataclasses.replace(asked, reason=f"{self._source} {what}", replayed=self._source)
        recorded = candidates[(planned.invocation.invocation - 1) % len(candidates)]
        keys = {name: getattr(asked, name) for name in FROM_PLAN}
        return dataclasses.replace(recorded, **keys, replayed=self._source)

    def _rows_with_equal_settings(self, asked: Row) -> list[Row]:
        """Find the rows of equal labels, threads, weights and delay; what an import does not report may be equal."""
        wanted = _settings(asked)
        return [
            row
            for row in self._of_labels.get(_labels(asked), [])
            if all(value in (None, want) for value, want in zip(_settings(row), wanted, strict=True))
        ]

    def poll(self, timeout_s: float) -> Sequence[Event]:  # noqa: ARG002 - an answer is there at once or never
        """Return the next event."""
        return (self._events.popleft(),) if self._events else ()

    def cancel(self, planned: PlannedInvocation) -> None:
        """Drop an invocation's events."""
        self._events = collections.deque(event for event in self._events if event.planned is not planned)

    def collect(self, store: str) -> Sequence[Row]:  # noqa: ARG002 - one store at a time
        """Return the rows that were given and are not yet forgotten."""
        return list(self._spooled.values())

    def forget(self, store: str, stored: Sequence[Row]) -> None:  # noqa: ARG002 - one store at a time
        """Drop stored rows."""
        for row in stored:
            self._spooled.pop(row.key(), None)


def _of_same_model(rows: Sequence[Row], target: Target) -> list[Row]:
    """List the rows of the target's own model of GPU, and of as many; for a CPU, of any machine."""
    alike = [row for row in rows if len(row.gpus or ()) == len(target.gpus)]
    return [row for row in alike if not target.every_gpu or row.gpu_name == target.gpu_name]


def _labels(row: Row) -> tuple[str, ...]:
    settings = row.batch_size, row.num_workers, row.environment, row.processes or 1, row.gpus is not None
    return tuple(map(str, (row.detector, row.input, row.device, *settings)))


def _settings(row: Row) -> tuple[str | None, str | None, float | None]:
    """Read threads, weights and delay: those that were asked for, else those that the child saw."""
    asked = json.loads(row.asked) if row.asked is not None else None
    if not isinstance(asked, dict):
        return row.omp_num_threads, row.weights, row.delay_s_per_frame
    threads = asked.get("threads") or (asked.get("env") or {}).get("OMP_NUM_THREADS") or PYFEAT_THREADS
    return str(threads), row.weights, row.delay_s_per_frame
