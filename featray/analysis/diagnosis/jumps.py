"""Jumps: larger batches that save more time than fewer batches can save, so that one of the two was disturbed.

Flow: `batch_steps.ComparedCurve` -> `findings`. Pure. A larger batch takes at least as long as a smaller one, so a call
of 5 batches instead of 18 is at most 18/5 = 3.6 times as fast.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.diagnosis import judged_pairs, slowdowns
from featray.analysis.diagnosis.batch_curves import make_settings_writer
from featray.analysis.diagnosis.batch_steps import ComparedCurve
from featray.analysis.diagnosis.finding import Finding, FindingKind, WantedCells
from featray.analysis.units import Unit
from featray.core import wording
from featray.stats import curves


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
    neighbours = [(*compared.units(step), step) for compared in about for step in compared.neighbours]
    steps = [(before, after, step) for before, after, step in neighbours if _limit(before, after) > 1]
    chances = [step.chance_of_shorter(-math.log(_limit(before, after))) for before, after, step in steps]
    return [
        Jump(before=before, after=after, speedup=math.exp(-step.difference))
        for (before, after, step), is_real in zip(steps, curves.survive(chances), strict=True)
        if is_real
    ]


def _limit(before: Unit, after: Unit) -> float:
    return slowdowns.batches(before) / max(slowdowns.batches(after), 1)


def _finding(jump: Jump, settings: str) -> Finding:
    row, before, after = jump.after.row, jump.before.row.batch_size, jump.after.row.batch_size
    where = f"{unit_wording.detector(row)} on {unit_wording.clip(row)}, {jump.after.target.name}{settings}"
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
