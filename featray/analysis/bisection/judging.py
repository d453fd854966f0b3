"""Judging: what one step's times say about its versions after some blocks.

Flow: `search.BisectionStep`, `StepTimes` -> `judge` -> `StepResult` -> `search`. Pure.

The error of a look is shared by everything that the look may get wrong: two ways for the ends, three per middle.
"""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum

from featray.analysis.bisection.step_times import StepTimes
from featray.stats import MARGIN, sequential
from featray.stats.sequential import Contrast, Position

ENDS_TAILS = 2  # the ends differ although they do not, in either direction; or are equal although they are not


class Ends(StrEnum):
    """How the two ends of a step compare."""

    DIFFERENT = "DIFFERENT"
    EQUAL = "EQUAL"  # within the margin
    OPEN = "OPEN"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BisectionStep:
    """Versions to measure side by side, as numbers in the list that is bisected.

    In a check the ends are neighbours, and the middles lie outside of them.
    """

    first: int
    last: int
    middles: tuple[int, ...] = ()
    is_check: bool = False

    @property
    def versions(self) -> tuple[int, ...]:
        """List all versions in their order."""
        return tuple(sorted((self.first, *self.middles, self.last)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepResult:
    """What a step has shown. Only a settled one, or one without further looks, is asked for more."""

    step: BisectionStep
    measured: StepTimes
    ends: Ends
    difference: Contrast | None  # of the ends, last less first; None if one of them was not measured
    places: Mapping[int, Position]  # of each measured middle, if the ends differ
    offsets: Mapping[int, Contrast]  # of each measured middle from the ends, if these are equal
    tail: float  # of a 95% interval that holds at every look
    is_settled: bool

    @property
    def blocks(self) -> int:
        """Count the blocks that it rests on."""
        return self.measured.blocks

    def compare(self, first: int, last: int) -> Contrast:
        """Estimate the difference of two of its measured versions, with a 95% interval that holds at every look."""
        times = self.measured.times
        return sequential.compare(times[first], times[last], self.tail)


def judge(
    step: BisectionStep, measured: StepTimes, *, look: int, looks: int, error: float, margin: float = MARGIN
) -> StepResult:
    """Judge a step at one of its looks.

    Args:
        step: What was measured.
        measured: Its times so far.
        look: Number of the look, from 0.
        looks: How many there are at the most.
        error: Probability that this step may be wrong with, over all looks.
        margin: Least log ratio that counts.
    """
    middles = [version for version in step.middles if version in measured.times]
    tail = sequential.spent(error, look, looks) / (ENDS_TAILS + sequential.TAILS * max(1, len(middles)))
    times = measured.times
    difference: Contrast | None = None
    ends, places, offsets = Ends.OPEN, {}, {}
    if {step.first, step.last} <= set(times) and measured.blocks:
        low, high = times[step.first], times[step.last]
        difference = sequential.compare(low, high, tail)
        ends = _ends(difference, margin)
        if ends is Ends.DIFFERENT:
            error_of_place = tail * sequential.TAILS
            places = {
                version: sequential.place(low, times[version], high, error_of_place, margin=margin)
                for version in middles
            }
        if ends is Ends.EQUAL:
            offsets = {version: sequential.offset(low, times[version], high, tail) for version in middles}
    return StepResult(
        step=step,
        measured=measured,
        ends=ends,
        difference=difference,
        places=places,
        offsets=offsets,
        tail=sequential.spent(sequential.ERROR, look, looks) / 2,
        is_settled=_cannot_be_judged(step, measured)
        or (ends is Ends.DIFFERENT and Position.OPEN not in places.values())
        or (ends is Ends.EQUAL and all(part.differs(margin) or part.is_equal(margin) for part in offsets.values())),
    )


def _ends(difference: Contrast, margin: float) -> Ends:
    if difference.is_equal(margin):
        return Ends.EQUAL
    return Ends.DIFFERENT if difference.differs(margin) else Ends.OPEN


def _cannot_be_judged(step: BisectionStep, measured: StepTimes) -> bool:
    """Return True if an end has no times, or the middle of a search has none: more blocks would not help."""
    lacking = set(measured.unmeasured)
    return bool(lacking & {step.first, step.last}) or (not step.is_check and bool(lacking & set(step.middles)))
