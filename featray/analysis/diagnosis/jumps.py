"""Jumps: larger batches that save more time than fewer batches can save, so that one of the two was disturbed.

Flow: `batch_steps.ComparedCurve` -> `findings`. Pure. A larger batch takes at least as long as a smaller one, so a call
of 5 batches instead of 18 is at most 18/5 = 3.6 times as fast.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.diagnosis import judged_pairs, slowdowns
from featray.analysis.diagnosis.batch_curves import make_settings_writer
from featray.analysis.diagnosis.batch_steps import ComparedCurve
from featray.analysis.diagnosis.finding import Finding, FindingKind, WantedCells
from featray.analysis.unit import Unit
from featray.core import wording
from featray.stats import curves
from featray.stats.steps import FloatArray


@dataclasses.dataclass(frozen=True, kw_only=True)
class Jump:
    """Two neighbouring batches of a curve whose speeds cannot both be right."""

    before: Unit
    after: Unit
    speedup: float

    @property
    def limit(self) -> float:
        """Give the largest speedup that fewer batches can bring."""
        return _limit(self.before, self.after)


def findings(about: Sequence[ComparedCurve]) -> Iterator[Finding]:
    """List the jumps, corrected for the number of neighbours that were looked at."""
    write_settings = make_settings_writer(compared.curve for compared in about)
    for jump in find(about):
        yield _finding(jump, write_settings(jump.after))


def find(about: Sequence[ComparedCurve]) -> list[Jump]:
    """Find the steps between neighbouring batches that are larger than fewer batches explain."""
    if not about:
        return []
    found = [_of_curve(compared) for compared in about]
    survives = iter(curves.survive(np.concatenate([chances for _, chances in found])))
    return [jump for jumps, _ in found for jump in jumps if next(survives)]


def _of_curve(compared: ComparedCurve) -> tuple[list[Jump], FloatArray]:
    """List the steps to fewer batches as jumps, and how probable each is if fewer batches save all they can."""
    limits = np.array([_limit(before, after) for before, after in compared.pairs(compared.neighbours)])
    steps = compared.neighbours.choose(limits > 1)
    jumps = [
        Jump(before=before, after=after, speedup=math.exp(-difference))
        for (before, after), difference in zip(compared.pairs(steps), steps.differences.tolist(), strict=True)
    ]
    return jumps, steps.chances_of_shorter(-np.log(limits[limits > 1]))


def _limit(before: Unit, after: Unit) -> float:
    return slowdowns.batches(before) / max(slowdowns.batches(after), 1)


def _finding(jump: Jump, settings: str) -> Finding:
    row, before, after = jump.after.row, jump.before.row.batch_size, jump.after.row.batch_size
    where = f"{unit_wording.detector(row)} on {unit_wording.clip(row)}, {unit_wording.place(jump.after)}{settings}"
    fewer = wording.count(slowdowns.batches(jump.after), "batch", "batches")
    return Finding(
        kind=FindingKind.JUMP,
        text=(
            f"{where}: b={after} is {judged_pairs.times(jump.speedup)} as fast as b={before}, but {fewer} instead of "
            f"{slowdowns.batches(jump.before)} can save at most a factor of {wording.digits(jump.limit)}. "
            "One of the two was probably disturbed: measure both again."
        ),
        figures={"speedup": jump.speedup, "limit": jump.limit},
        units=(jump.before.key, jump.after.key),
        wanted=(
            WantedCells(
                unit=jump.after,
                reason=f"b={after} is faster than fewer batches explain",
                settings={"batch_size": (before, after)},
                invocations=stats.PILOT,
                against=None,
            ),
        ),
    )
