"""Decisions: whether one unit is faster than another, the same, or not yet known."""

import dataclasses
import math
from enum import StrEnum
from statistics import fmean

from featray.stats.invocations import CONFIDENCE, NEEDED_MAX, Logs, variance
from featray.stats.students import below, p_value, two_sided

MARGIN = math.log(1.03)
"""The least log ratio that is called a difference, where no calibration asks for more.

It is what the planned invocations can tell: the 95% interval of a ratio has a half-width of 2.6% at a between-process
sd of 2% (6 invocations) and of 3.4% at 4% (12).
"""

EQUIVALENCE_CONFIDENCE = 0.90  # two one-sided tests at 5% each: of pairs on the margin 5% are called EQUIVALENT

INVOCATIONS_MIN = 3
"""Fewer on a side: a single measurement. Two processes of a program with two modes fall into the same mode every second
time, and the quantile of t on one degree of freedom is 12.7."""

ASSUMED_SD = 0.04
"""Between-process sd of log time where nothing is calibrated; always said to be assumed.

The middle of the 2, 4 and 8% that the rules are tried on.
"""

POWER = 0.80  # a number of invocations "would decide it" with this probability, if the ratio seen is the true one


class Verdict(StrEnum):
    """What a comparison of two units comes to."""

    FASTER = "FASTER"  # the candidate takes less time
    SLOWER = "SLOWER"
    EQUIVALENT = "EQUIVALENT"  # the same within the margin
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_COMPARABLE = "NOT COMPARABLE"  # other work, so that no ratio means anything


class Basis(StrEnum):
    """Where the sd behind a number of invocations comes from."""

    MEASURED = "measured"  # from the pair's own invocations
    CALIBRATED = "calibrated"  # from identical cells on the same target
    ASSUMED = "assumed"  # ASSUMED_SD


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spread:
    """How identical cells vary on one target."""

    sd: float  # between invocations, of log time
    basis: Basis


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decision:
    """What two units' invocations say about the ratio of their times.

    `ratio` is candidate time over baseline time: below 1 the candidate is faster. `low` and `high` are its 95%
    confidence interval, None where a side has fewer than two invocations.
    """

    verdict: Verdict
    ratio: float
    low: float | None
    high: float | None
    margin: float  # in log time
    n_baseline: int  # invocations there are
    n_candidate: int
    n_judged: int  # from INVOCATIONS_MIN on, the first so many of each side count
    spread: Spread
    needed: int | None  # invocations per side that would decide it; None when decided or beyond NEEDED_MAX
    p_value: float | None  # two-sided, of equal times

    @property
    def speedup(self) -> float:
        """Give baseline time over candidate time: above 1 the candidate is faster."""
        return 1 / self.ratio


def decide(baseline: Logs, candidate: Logs, *, margin: float = MARGIN, calibrated_sd: float | None = None) -> Decision:
    """Judge the ratio of two units' times by Welch's interval.

    FASTER and SLOWER: the 95% interval leaves out 1 and the ratio is at least the margin away from it. EQUIVALENT: the
    90% interval lies within the margin. Anything else, and anything from fewer than INVOCATIONS_MIN invocations on a
    side, is INCONCLUSIVE with the number per side that would decide it.

    The first invocations of both sides count, as many as the shorter has: a side that was measured on since its pilot
    was noisy is no longer independent of its own spread. Judged on all of them, identical pairs of two runs with a
    between-process sd of 4% are called different in 8%, with two modes in 15%; judged so in 6%.

    Args:
        baseline: At least one invocation, in the order of their numbers.
        candidate: The same.
        margin: Least log ratio that counts.
        calibrated_sd: Between-process sd of the target, for pairs with too few invocations to have their own.

    Raises:
        ValueError: a side is empty.
    """
    if not baseline or not candidate:
        raise ValueError("a side without invocations has no time")
    counts = len(baseline), len(candidate)
    have = min(counts)
    enough = have >= INVOCATIONS_MIN
    if enough:
        baseline, candidate = baseline[:have], candidate[:have]
    difference = fmean(candidate) - fmean(baseline)
    error, freedom = _welch(baseline, candidate)
    verdict = _verdict(difference, error, freedom, margin) if enough else Verdict.INCONCLUSIVE
    spread = _spread(baseline, candidate, calibrated_sd)
    far = None if freedom is None else two_sided(CONFIDENCE, freedom) * error
    return Decision(
        verdict=verdict,
        ratio=math.exp(difference),
        low=None if far is None else math.exp(difference - far),
        high=None if far is None else math.exp(difference + far),
        margin=margin,
        n_baseline=counts[0],
        n_candidate=counts[1],
        n_judged=have,
        spread=spread,
        needed=_needed(difference, spread, margin, have) if verdict is Verdict.INCONCLUSIVE else None,
        p_value=None if freedom is None else _p_value(difference, error, freedom),
    )


def _welch(baseline: Logs, candidate: Logs) -> tuple[float, float | None]:
    """Compute the standard error of the difference of means and its degrees of freedom.

    Returns:
        (0, None) when a side has a single invocation; freedom is finite and positive otherwise.
    """
    if min(len(baseline), len(candidate)) < 2:
        return 0.0, None
    parts = [(variance(side) / len(side), len(side) - 1) for side in (baseline, candidate)]
    squared = sum(part for part, _ in parts)
    if squared == 0:
        return 0.0, float(sum(freedom for _, freedom in parts))
    return math.sqrt(squared), squared**2 / sum(part**2 / freedom for part, freedom in parts)


def _verdict(difference: float, error: float, freedom: float | None, margin: float) -> Verdict:
    if freedom is None:
        return Verdict.INCONCLUSIVE
    size = abs(difference)
    if size >= margin and size > two_sided(CONFIDENCE, freedom) * error:
        return Verdict.FASTER if difference < 0 else Verdict.SLOWER
    if size + two_sided(EQUIVALENCE_CONFIDENCE, freedom) * error <= margin:
        return Verdict.EQUIVALENT
    return Verdict.INCONCLUSIVE


def _spread(baseline: Logs, candidate: Logs, calibrated_sd: float | None) -> Spread:
    """Pool the sides' variances where each has enough invocations, else fall back on what is known of the target."""
    if min(len(baseline), len(candidate)) >= INVOCATIONS_MIN:
        freedoms = len(baseline) - 1, len(candidate) - 1
        pooled = (freedoms[0] * variance(baseline) + freedoms[1] * variance(candidate)) / sum(freedoms)
        return Spread(sd=math.sqrt(pooled), basis=Basis.MEASURED)
    if calibrated_sd is not None:
        return Spread(sd=calibrated_sd, basis=Basis.CALIBRATED)
    return Spread(sd=ASSUMED_SD, basis=Basis.ASSUMED)


def half_width(sd: float, invocations: int, freedom: float | None = None) -> float:
    """Compute half the 95% interval of a log ratio between two sides of equal size.

    Args:
        sd: Between invocations, of log time.
        invocations: Per side.
        freedom: Degrees of freedom behind the sd; None means those of the two sides.
    """
    return two_sided(CONFIDENCE, 2 * invocations - 2 if freedom is None else freedom) * sd * math.sqrt(2 / invocations)


def _needed(difference: float, spread: Spread, margin: float, have: int) -> int | None:
    """Count as `needed_to_decide` does, but more than there are: those have just not decided it."""
    needed = needed_to_decide(difference, spread.sd, margin)
    return None if needed is None else max(needed, have + 1)


def needed_to_decide(difference: float, sd: float, margin: float = MARGIN) -> int | None:
    """Count the invocations per side that decide a pair with probability POWER, if its log ratio is as seen.

    At or beyond the margin that means FASTER or SLOWER; within it, EQUIVALENT.

    Returns:
        At least INVOCATIONS_MIN; None when NEEDED_MAX are too few: the ratio stands on the margin, or the sd is huge.
    """
    low, high = INVOCATIONS_MIN, NEEDED_MAX
    if power(high, difference, sd, margin) < POWER:
        return None
    while low < high:
        middle = (low + high) // 2
        if power(middle, difference, sd, margin) >= POWER:
            high = middle
        else:
            low = middle + 1
    return low


def power(n: int, difference: float, sd: float, margin: float = MARGIN) -> float:
    """Give the probability that a pair of a true log ratio gets the verdict that is true of it.

    Both hurdles of each verdict count: a difference has to leave 1 out of its interval *and* reach the margin, equality
    has to keep both ends of its interval within the margin. The estimated difference is t-distributed around the true.

    Args:
        n: Invocations per side.
        difference: True log ratio.
        sd: Between invocations, of log time.
        margin: Least log ratio that counts.
    """
    size, error, freedom = abs(difference), sd * math.sqrt(2 / n), 2 * n - 2
    if error == 0:
        return 1.0
    if size >= margin:
        hurdle = max(margin, two_sided(CONFIDENCE, freedom) * error)
        return below((size - hurdle) / error, freedom)
    room = margin - two_sided(EQUIVALENCE_CONFIDENCE, freedom) * error
    if room <= 0:
        return 0.0
    return below((room - size) / error, freedom) - below((-room - size) / error, freedom)


def _p_value(difference: float, error: float, freedom: float) -> float:
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return p_value(difference / error, freedom)
