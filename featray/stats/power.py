"""Power: how many invocations decide a pair that is measured side by side in one sweep. Pure."""

import math

from featray.stats.estimates import PAIRED_BLOCKS
from featray.stats.invocations import CONFIDENCE, NEEDED_MAX
from featray.stats.pairing import INVOCATIONS_MIN
from featray.stats.students import below, two_sided

POWER = 0.80  # a number of invocations "would decide it" with this probability, if ratio and sd are as seen

EQUIVALENCE_CONFIDENCE = 0.90  # two one-sided tests at 5% each: of pairs on the margin 5% are called EQUIVALENT


def half_width(sd: float, invocations: int, freedom: float | None = None) -> float:
    """Compute half the 95% interval of a log ratio between two sides of equal size.

    Args:
        sd: Between invocations, of log time.
        invocations: Per side.
        freedom: Degrees of freedom behind the sd; None means those of the two sides.
    """
    return two_sided(CONFIDENCE, 2 * invocations - 2 if freedom is None else freedom) * sd * math.sqrt(2 / invocations)


def needed_to_decide(difference: float, sd: float, margin: float, *, by_process: bool = False) -> int | None:
    """Count the invocations per side that decide a pair with probability POWER, if its log ratio and sd are as seen.

    The sides are measured side by side in one sweep. At or beyond the margin that means FASTER or SLOWER; within it,
    EQUIVALENT.

    Returns:
        At least INVOCATIONS_MIN; None when NEEDED_MAX are too few: the ratio stands on the margin, or the sd is huge.
    """
    low, high = INVOCATIONS_MIN, NEEDED_MAX
    if power(high, difference, sd, margin, by_process=by_process) < POWER:
        return None
    while low < high:
        middle = (low + high) // 2
        if power(middle, difference, sd, margin, by_process=by_process) >= POWER:
            high = middle
        else:
            low = middle + 1
    return low


def power(n: int, difference: float, sd: float, margin: float, *, by_process: bool = False) -> float:
    """Give the probability that a pair of a true log ratio, measured side by side, gets the verdict that is true of it.

    Both hurdles of each verdict count: a difference has to leave 1 out of its interval *and* reach the margin, equality
    has to keep both ends of its interval within the margin. The estimated difference is t-distributed around the true.

    Args:
        n: Invocations per side.
        difference: True log ratio.
        sd: Between invocations of one side, of log time; paired by process, that of their differences over root 2.
        margin: Least log ratio that counts.
        by_process: Whether one process measures both sides.
    """
    size, error = abs(difference), sd * math.sqrt(2 / n)
    freedom = n - 1 if by_process or n >= PAIRED_BLOCKS else 2 * n - 3
    if error == 0:
        return 1.0
    if size >= margin:
        hurdle = max(margin, two_sided(CONFIDENCE, freedom) * error)
        return below((size - hurdle) / error, freedom)
    room = margin - two_sided(EQUIVALENCE_CONFIDENCE, freedom) * error
    if room <= 0:
        return 0.0
    return below((room - size) / error, freedom) - below((-room - size) / error, freedom)
