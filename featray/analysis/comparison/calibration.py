"""Calibration: how much identical cells differ on a target, from the rows of the sweep that measures exactly this.

Flow: `featray calibrate` stores ordinary rows of the sweep CALIBRATION -> `find_calibrations` -> margins, "needed"
figures. The two sides are the odd and the even invocations of one cell, so that drift during the sweep affects both.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from featray import stats
from featray.analysis.units import Unit, gather
from featray.core.row import Row
from featray.stats import Decision

CALIBRATION = "calibration"  # name of the sweep


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calibration:
    """What identical cells show about one target.

    `half_width` is the noise floor: half the 95% interval of the log ratio of identical cells. `pairs` are their
    verdicts, one per cell: FASTER or SLOWER there means that something drifts.
    """

    target_id: str
    sd: float  # between invocations, of log time, pooled over cells
    half_width: float
    invocations: int  # per side
    cells: int
    measured_at: str
    pairs: tuple[Decision, ...]


def find_calibrations(rows: Iterable[Row]) -> dict[str, Calibration]:
    """Compute each target's last calibration.

    Args:
        rows: Any rows; those of other sweeps are ignored.
    """
    by_target: dict[str, list[Unit]] = {}
    for unit in gather(row for row in rows if row.sweep == CALIBRATION):
        if len(unit.logs) >= 2 * stats.INVOCATIONS_MIN:
            by_target.setdefault(unit.row.target_id, []).append(unit)
    return {target_id: _calibration(target_id, _last_run(units)) for target_id, units in by_target.items()}


def margin_of(units: Iterable[Unit], margin: float, known: Mapping[str, Calibration]) -> float:
    """Give the least log ratio that counts on the units' targets: the largest of the margin and their noise floors."""
    return max([margin, *(known[target].half_width for unit in units if (target := unit.row.target_id) in known)])


def _last_run(units: Sequence[Unit]) -> list[Unit]:
    last = max(units, key=lambda unit: unit.row.started_at).row.run_id
    return [unit for unit in units if unit.row.run_id == last]


def _calibration(target_id: str, units: Sequence[Unit]) -> Calibration:
    sides = [(unit.logs[0::2], unit.logs[1::2]) for unit in units]
    freedoms = [len(unit.logs) - 1 for unit in units]
    squares = [math.fsum((log - fmean(unit.logs)) ** 2 for log in unit.logs) for unit in units]
    sd = math.sqrt(sum(squares) / sum(freedoms))
    invocations = min(len(even) for _, even in sides)
    return Calibration(
        target_id=target_id,
        sd=sd,
        half_width=stats.half_width(sd, invocations, sum(freedoms)),
        invocations=invocations,
        cells=len(units),
        measured_at=max(unit.row.started_at for unit in units),
        pairs=tuple(stats.decide(*side) for side in sides),
    )
