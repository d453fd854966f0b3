"""Calibration: how much identical cells differ on a target, from the rows of the sweep that measures exactly this.

Flow: `featray calibrate` stores ordinary rows of the sweep CALIBRATION -> `find_calibrations` -> "needed" figures.
A calibration gives standard deviations, to plan with and to judge few measurements by. It never changes the margin:
what is worth knowing does not depend on the noise.

The two sides of its A/A pairs are the odd and the even invocations of one cell, so that drift affects both.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from statistics import fmean

from featray import stats
from featray.analysis import sessions
from featray.analysis.unit import Unit
from featray.analysis.units import gather
from featray.core.row import Row
from featray.stats import Decision, SessionSpread, Timing

CALIBRATION = "calibration"  # name of the sweep


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calibration:
    """What identical cells show about one target.

    `half_width` is half the 95% interval of the log ratio of identical cells of one session. `pairs` are their
    verdicts, one per cell: FASTER or SLOWER there means that something drifts.
    """

    target_id: str
    place: str  # name of the target and its host
    sd: float  # between invocations, of log time, pooled over cells
    half_width: float
    invocations: int  # per side
    cells: int
    measured_at: str
    pairs: tuple[Decision, ...]
    runs: int  # that the calibration has
    sessions: int  # that these runs are
    session_spread: SessionSpread | None  # between sessions; None from a single one


def find_calibrations(rows: Iterable[Row]) -> dict[str, Calibration]:
    """Compute each target's last calibration.

    Args:
        rows: Any rows; those of other sweeps are ignored. A calibration is one run and the runs that name it as their
            baseline: `featray calibrate --session` adds such a run, which is a further session.
    """
    by_target: dict[str, list[Unit]] = {}
    for unit in gather(row for row in rows if row.sweep == CALIBRATION):
        if len(unit.logs) >= 2 * stats.INVOCATIONS_MIN:
            by_target.setdefault(unit.row.target_id, []).append(unit)
    return {target_id: _calibration(target_id, _last(units)) for target_id, units in by_target.items()}


def calibration_name(row: Row) -> str:
    """Name the calibration that a row belongs to: its first run."""
    return row.baseline or row.run_id


def _last(units: Sequence[Unit]) -> list[Unit]:
    last = calibration_name(max(units, key=lambda unit: unit.row.started_at).row)
    return [unit for unit in units if calibration_name(unit.row) == last]


def _calibration(target_id: str, units: Sequence[Unit]) -> Calibration:
    sides = [(unit.timings[0::2], unit.timings[1::2]) for unit in units]
    freedoms = [len(unit.logs) - 1 for unit in units]
    squares = [math.fsum((log - fmean(unit.logs)) ** 2 for log in unit.logs) for unit in units]
    sd = math.sqrt(sum(squares) / sum(freedoms))
    invocations = min(len(even) for _, even in sides)
    by_cell: dict[str, list[Timing]] = {}
    for unit in units:
        by_cell.setdefault(unit.row.cell_id, []).extend(unit.timings)
    spreads = sessions.find_spreads((target_id, timings) for timings in by_cell.values())
    return Calibration(
        target_id=target_id,
        place=units[0].target.place,
        sd=sd,
        half_width=stats.half_width(sd, invocations, sum(freedoms)),
        invocations=invocations,
        cells=len(by_cell),
        measured_at=max(unit.row.started_at for unit in units),
        pairs=tuple(stats.decide(*map(_renumbered, side)) for side in sides),
        runs=len({unit.row.run_id for unit in units}),
        sessions=len({timing.session for timings in by_cell.values() for timing in timings}),
        session_spread=spreads.get(target_id),
    )


def _renumbered(side: Sequence[Timing]) -> list[Timing]:
    """Number the blocks of one side anew, so that the first odd invocation meets the first even one."""
    return [dataclasses.replace(timing, block=block, process=None) for block, timing in enumerate(side)]
