"""Sequential: versions that are measured side by side, block by block, until the blocks say where a version belongs.

Flow: log times by block -> `compare`, `place` after each of `looks` -> `analysis.bisection`. Pure.

- A block holds one process of each version, so what the machine does to a block cancels out of its differences.
  Student's t on these differences needs no equal spread of the versions.
- The blocks are looked at several times. The error that is allowed in all is spent over the looks, each of which has
  twice the share of the one before it. So the answer is wrong with at most this probability, whenever it comes.

Source: Jennison & Turnbull, Interim Analyses: The Repeated Confidence Interval Approach (1989); Lan & DeMets (1983) for
spending an error over looks.
"""

import dataclasses
import math
from enum import StrEnum
from statistics import fmean

from featray.stats.decision import MARGIN
from featray.stats.invocations import PILOT, Logs, variance
from featray.stats.students import quantile

ERROR = 0.05
"""Probability of a wrong end of a whole bisection, as in the 95% of all other intervals."""

GROWTH = 1.5  # blocks at one look over those at the look before: a version that needs n gets at most 1.5 n

BLOCKS_MAX = 60
"""Blocks after which a question stays open. At an sd of 3% between processes equal versions are then known to be equal
within 3% in 19 of 20 cases."""

TAILS = 3
"""Ways in which one look at a middle can be wrong: on the wrong side, off its end upwards, off its end downwards."""


class Position(StrEnum):
    """Where a version's time lies, seen from two ends of unlike times."""

    FIRST = "FIRST"  # with the first end
    LAST = "LAST"  # with the last end
    BETWEEN = "BETWEEN"  # apart from both, between them
    BELOW = "BELOW"  # beyond the first end, on the side away from the last
    ABOVE = "ABOVE"  # beyond the last end, on the side away from the first
    OPEN = "OPEN"  # not known yet


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrast:
    """A difference of log times with an interval that holds at every look."""

    difference: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Return True if the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def differs(self, margin: float) -> bool:
        """Return True if there is a difference that counts."""
        return self.is_clear and abs(self.difference) >= margin

    def is_equal(self, margin: float) -> bool:
        """Return True if any difference is within the margin."""
        return -margin < self.low and self.high < margin


def looks(most: int = BLOCKS_MAX) -> tuple[int, ...]:
    """List the numbers of blocks after which one looks, in order; the last is `most`."""
    numbers = [min(PILOT, most)]
    while numbers[-1] < most:
        numbers.append(min(most, math.ceil(numbers[-1] * GROWTH)))
    return tuple(numbers)


def spent(error: float, look: int, count: int) -> float:
    """Give the share of an error that one of several looks may spend; all shares together are the error.

    Args:
        error: In all.
        look: Its number, from 0.
        count: Number of looks.
    """
    return error * 2.0**look / (2.0**count - 1)


def contrast(values: Logs, error: float) -> Contrast:
    """Estimate a mean, with an interval whose ends each miss it with at most `error`.

    Args:
        values: One per block, at least one.
        error: Of one tail.
    """
    centre = fmean(values)
    if len(values) < 2:
        return Contrast(difference=centre, low=-math.inf, high=math.inf)
    far = quantile(1 - error, len(values) - 1) * math.sqrt(variance(values) / len(values))
    return Contrast(difference=centre, low=centre - far, high=centre + far)


def compare(first: Logs, last: Logs, error: float) -> Contrast:
    """Estimate the difference of two versions, last less first.

    Args:
        first: Log times, one per block.
        last: The same blocks.
        error: Of one tail.
    """
    return contrast([theirs - ours for ours, theirs in zip(first, last, strict=True)], error)


def place(first: Logs, middle: Logs, last: Logs, error: float, *, margin: float = MARGIN) -> Position:
    """Say to which of two ends a version belongs, given that the ends differ.

    FIRST and LAST: it is closer to that end, and clearly apart from the other.

    Args:
        first: Log times of the first end, one per block.
        middle: The version's, in the same blocks.
        last: Those of the last end.
        error: What this look may spend, in all.
        margin: Least log ratio that counts.
    """
    sign = 1.0 if fmean(last) >= fmean(first) else -1.0
    tail = error / TAILS
    rise = compare([sign * log for log in first], [sign * log for log in middle], tail)
    rest = compare([sign * log for log in middle], [sign * log for log in last], tail)
    if _falls(rise, margin):
        return Position.BELOW
    if _falls(rest, margin):
        return Position.ABOVE
    if all(part.low > 0 and part.differs(margin) for part in (rise, rest)):
        return Position.BETWEEN
    halves = zip(first, middle, last, strict=True)
    lead = contrast([sign * (2 * own - ours - theirs) for ours, own, theirs in halves], tail)
    if lead.low > 0 and rise.low > 0:
        return Position.LAST
    if lead.high < 0 and rest.low > 0:
        return Position.FIRST
    return Position.OPEN


def _falls(part: Contrast, margin: float) -> bool:
    return part.high < 0 and part.differs(margin)


def offset(first: Logs, middle: Logs, last: Logs, error: float) -> Contrast:
    """Estimate how far a version lies from two ends of one time, as its difference from their mean.

    Args:
        first: Log times of the first end, one per block.
        middle: The version's, in the same blocks.
        last: Those of the last end.
        error: Of one tail.
    """
    return contrast([own - (ours + theirs) / 2 for ours, own, theirs in zip(first, middle, last, strict=True)], error)
