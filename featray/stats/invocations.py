"""Invocations: what the medians of one unit's fresh processes say about its time, and how many of them it takes."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from statistics import fmean, median, quantiles

from featray.stats.students import two_sided

Logs = Sequence[float]
"""Natural logarithm of the median repeat in seconds, one per invocation."""

CONFIDENCE = 0.95  # of every interval; the rest is the rate of identical pairs called different

PILOT = 5  # its sd is known to a factor of 2.9 (95%, chi-squared on 4), enough to fix n by
HALF_WIDTH = 0.03  # of a unit's 95% interval, in log time: the margin's own size
INVOCATIONS_MAX = 12  # where the planner stops: from here one more narrows the interval by under 5%

NEEDED_MAX = 1000  # more invocations than anybody will run: the answer is then that none would do


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interval:
    """A unit's time: geometric mean over invocations and its 95% confidence interval, in seconds."""

    centre_s: float
    low_s: float
    high_s: float
    half_width: float  # of log time
    sd: float  # between invocations, of log time


def log_median(repeats_s: Sequence[float]) -> float:
    """Reduce one invocation to the logarithm of its median repeat.

    Raises:
        ValueError: there is no repeat, or the median is not positive.
    """
    if not repeats_s:
        raise ValueError("an invocation without repeats has no median")
    return math.log(median(repeats_s))


def variance(logs: Logs) -> float:
    """Estimate the variance between two or more invocations; the standard library is exact and 30 times slower."""
    centre = fmean(logs)
    return math.fsum((each - centre) ** 2 for each in logs) / (len(logs) - 1)


def iqr_share(repeats_s: Sequence[float]) -> float:
    """Compute the interquartile range over the median, quartiles interpolated; 0 for fewer than two repeats."""
    if len(repeats_s) < 2:
        return 0.0
    low, middle, high = quantiles(repeats_s, n=4, method="inclusive")
    return (high - low) / middle if middle else 0.0


def centre_s(medians_s: Sequence[float]) -> float:
    """Give a unit's time in seconds per call: the geometric mean over its invocations' median repeats.

    It is the centre of `interval`, and the ratio of two of them is that of `decide`: a median of medians would be
    neither, and with two modes lie outside the interval.

    Args:
        medians_s: At least one; a single one is returned as it is, and 0 where the clock was too coarse for any.
    """
    if len(medians_s) == 1:
        return medians_s[0]
    return math.exp(fmean(map(math.log, medians_s))) if min(medians_s) > 0 else 0.0


def interval(logs: Logs) -> Interval | None:
    """Estimate a unit's time; None from fewer than two invocations, which have no spread."""
    if len(logs) < 2:
        return None
    sd, centre = math.sqrt(variance(logs)), fmean(logs)
    half_width = two_sided(CONFIDENCE, len(logs) - 1) * sd / math.sqrt(len(logs))
    return Interval(
        centre_s=math.exp(centre),
        low_s=math.exp(centre - half_width),
        high_s=math.exp(centre + half_width),
        half_width=half_width,
        sd=sd,
    )


def needed_for(half_width: float, sd: float, *, least: int = 2, most: int = NEEDED_MAX) -> int | None:
    """Count the invocations whose 95% interval has a half-width in log time; None when `most` are too few."""
    wide_enough = (
        n for n in range(max(least, 2), most + 1) if two_sided(CONFIDENCE, n - 1) * sd <= half_width * n**0.5
    )
    return next(wide_enough, None)


def planned_invocations(
    pilot: Logs, *, half_width: float = HALF_WIDTH, least: int = PILOT, most: int = INVOCATIONS_MAX
) -> int:
    """Fix the number of invocations of a unit once, from its pilot's variance (Stein's two-stage rule).

    The quantile is that of the pilot's own degrees of freedom, so that a pilot which happens to be narrow does not end
    the measurement early: with between-process sd 4% identical pairs are called different at 5.1% instead of 5.7%, for
    one invocation more. Adding one at a time until the interval is narrow calls 8 to 15% different.

    Args:
        pilot: At least two invocations.
        half_width: Wanted, in log time.
        least: Never fewer; the pilot's own size.
        most: Never more.

    Raises:
        ValueError: the pilot has no variance.
    """
    if len(pilot) < 2:
        raise ValueError("a pilot of fewer than two invocations has no variance")
    standard_errors = two_sided(CONFIDENCE, len(pilot) - 1)
    return min(max(math.ceil(standard_errors**2 * variance(pilot) / half_width**2), least), most)


def planned_together(
    pilots: Iterable[Logs], *, half_width: float = HALF_WIDTH, least: int = PILOT, most: int = INVOCATIONS_MAX
) -> int:
    """Fix one number for units that will be compared: the largest that any of them needs."""
    counts = (planned_invocations(pilot, half_width=half_width, least=least, most=most) for pilot in pilots)
    return max(counts, default=least)
