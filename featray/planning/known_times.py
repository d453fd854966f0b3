"""Known times: what earlier rows tell of how long a cell's calls, and the start of its process, take on a target.

Flow: stored units and the sweep's cells -> `KnownTimes` -> `planned_invocation.ExpectedTimes`, `search`. Pure.

A cell without a row is expected to take as long per frame as what is most like it: the same detector and input in the
same kind of process, then in any, then on any input; on the same target before others.
What was found is kept: 1000 hosts ask for the same cells.
"""

import collections
import dataclasses
import statistics
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from featray.core.cell import Cell, cell_id
from featray.core.stored_unit import StoredUnit
from featray.planning import time_estimate

BESIDE_LOAD_S = 0.5  # of a process that neither imports nor loads: its start and end take 0.3 to 0.5 s on a 2-core host


@dataclasses.dataclass(frozen=True)
class CallTimes:
    """Seconds of a cell's warm-up and timed calls, by target id."""

    own: Mapping[str, float]  # measured
    rates: Mapping[str, float]  # seconds per frame of cells that are like it
    frames: int
    elsewhere_s: float  # on a target without any of these

    def at(self, target_id: str) -> float:
        """Give the seconds on a target."""
        if (seconds := self.own.get(target_id)) is not None:
            return seconds
        rate = self.rates.get(target_id)
        return self.elsewhere_s if rate is None else rate * self.frames


class KnownTimes:
    """What earlier rows tell of times."""

    def __init__(self, units: Iterable[StoredUnit] = (), cells: Iterable[Cell] = ()) -> None:
        """Take rows and the cells that they may be of.

        Args:
            units: In the order in which they were measured.
            cells: Of the sweep. Rows of other cells tell how long a process takes to start, no more.
        """
        rows = list(units)
        self._own: dict[str, dict[str, float]] = collections.defaultdict(dict)  # cell id -> target id -> seconds
        for (measured, target_id), seconds in time_estimate.measured_s(rows).items():
            self._own[measured][target_id] = seconds
        known = {row.cell_id for row in rows}
        by_id = {cell_id(cell): cell for cell in cells if cell_id(cell) in known} if known else {}
        self._rates = self._find_rates(by_id)
        self._alike: dict[Hashable, tuple[Mapping[str, float], float | None]] = {}
        self._calls: dict[str, CallTimes | None] = {}
        self._starts = _find_starts(rows, by_id)

    def _find_rates(self, cells: Mapping[str, Cell]) -> Mapping[Hashable, Mapping[str, float]]:
        """Give the mean seconds per frame of each kind of cell on each target."""
        found: dict[Hashable, dict[str, list[float]]] = collections.defaultdict(lambda: collections.defaultdict(list))
        for measured, by_target in self._own.items():
            if (cell := cells.get(measured)) is not None:
                for kind in _kinds(cell):
                    for target_id, seconds in by_target.items():
                        found[kind][target_id].append(seconds / max(1, cell.input.frames))
        return {
            kind: {target_id: statistics.fmean(rates) for target_id, rates in by_target.items()}
            for kind, by_target in found.items()
        }

    def calls(self, cell: Cell) -> CallTimes | None:
        """Expect the time of a cell's calls; None where no row tells of it."""
        if not self._own:
            return None
        name = cell_id(cell)
        if name not in self._calls:
            self._calls[name] = self._expect(cell, self._own.get(name, {}))
        return self._calls[name]

    def _expect(self, cell: Cell, own: Mapping[str, float]) -> CallTimes | None:
        kinds, frames = _kinds(cell), max(1, cell.input.frames)
        if kinds[0] not in self._alike:
            self._alike[kinds[0]] = self._rates_alike(kinds)
        rates, mean_rate = self._alike[kinds[0]]
        if not own and mean_rate is None:
            return None
        return CallTimes(own, rates, frames, statistics.fmean(own.values()) if own else (mean_rate or 0.0) * frames)

    def _rates_alike(self, kinds: Sequence[Hashable]) -> tuple[Mapping[str, float], float | None]:
        """Give the seconds per frame on each target, as what is most like it there, and the mean of the closest."""
        known = [self._rates[kind] for kind in kinds if kind in self._rates]
        rates = {target_id: rate for of_kind in reversed(known) for target_id, rate in of_kind.items()}
        return rates, statistics.fmean(known[0].values()) if known else None

    def is_unknown(self, cell: Cell) -> bool:
        """Return True if neither a row nor a guess tells how long a call takes."""
        return not time_estimate.can_guess(cell) and self.calls(cell) is None

    def start_s(self, cell: Cell, target_id: str) -> float:
        """Expect the seconds from the start of a cell's process to its first call."""
        if not self._starts:
            return time_estimate.LOAD_S
        return next(
            (self._starts[kind] for kind in _start_kinds(cell, target_id) if kind in self._starts), time_estimate.LOAD_S
        )


def _kinds(cell: Cell) -> tuple[Hashable, ...]:
    """Name what a cell is like, the closest first."""
    alike = (cell.device, cell.detector.name, cell.weights, cell.targets, cell.delay_s_per_frame)
    process = (cell.environment, cell.threads, cell.processes, cell.mps_daemon)
    return (*alike, cell.input.name, *process), (*alike, cell.input.name), alike


def _start_kinds(cell: Cell, target_id: str) -> Iterator[Hashable]:
    """Name the processes that start like one of a cell on a target, the closest first."""
    yield cell.device, cell.detector.name, target_id
    yield cell.device, cell.detector.name
    yield target_id


def _find_starts(rows: Iterable[StoredUnit], cells: Mapping[str, Cell]) -> Mapping[Hashable, float]:
    """Give the median seconds of each kind of start."""
    found: dict[Hashable, list[float]] = collections.defaultdict(list)
    for row in rows:
        if row.start_s is not None:
            cell = cells.get(row.cell_id)
            for kind in [row.target_id] if cell is None else _start_kinds(cell, row.target_id):
                found[kind].append(row.start_s + BESIDE_LOAD_S)
    return {kind: statistics.median(seconds) for kind, seconds in found.items()}
