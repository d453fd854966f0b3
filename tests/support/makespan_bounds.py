"""Bounds of a makespan: the times before which no schedule can end.

Pieces are alike but for their length, 1 where one is as long as expected. A host needs its own seconds for a piece of
length 1. It takes a piece whole or not at all.
"""

import bisect
import itertools
from collections.abc import Sequence

PRECISION = 1e-6  # of the bound: a bisection ends there


def spread_s(lengths: Sequence[float], seconds: Sequence[float]) -> float:
    """Give the end where all hosts end together, as if pieces could be cut, and no earlier than the longest piece.

    Args:
        lengths: Of the pieces, dimensionless.
        seconds: Of each host for a piece of length 1.
    """
    rate_hz = sum(1 / host_s for host_s in seconds)
    return max(sum(lengths) / rate_hz, max(lengths) * min(seconds))


def whole_s(lengths: Sequence[float], seconds: Sequence[float]) -> float:
    """Give the earliest end at which the hosts have room for all pieces, by their number and by their length.

    It is a lower bound: each host may choose its pieces as if it were alone. k pieces are never shorter than the k
    shortest and never longer than the k longest, so a host never has more of them, by number or by length, than here.

    Args:
        lengths: Of the pieces, dimensionless.
        seconds: Of each host for a piece of length 1.
    """
    shortest = list(itertools.accumulate(sorted(lengths), initial=0.0))
    longest = list(itertools.accumulate(sorted(lengths, reverse=True), initial=0.0))
    low_s, high_s = spread_s(lengths, seconds), sum(lengths) * min(seconds)
    while high_s - low_s > PRECISION * high_s:
        middle_s = (low_s + high_s) / 2
        if _have_room([middle_s / host_s * (1 + PRECISION) for host_s in seconds], shortest, longest):
            high_s = middle_s
        else:
            low_s = middle_s
    return low_s


def _have_room(capacities: Sequence[float], shortest: Sequence[float], longest: Sequence[float]) -> bool:
    """Say whether hosts that have time for so much length may take all pieces.

    Args:
        capacities: Of each host.
        shortest: Length of the k shortest pieces together, k from 0 to all.
        longest: The same of the k longest.
    """
    counts = [bisect.bisect_right(shortest, capacity) - 1 for capacity in capacities]
    room = sum(min(capacity, longest[count]) for capacity, count in zip(capacities, counts, strict=True))
    return sum(counts) >= len(shortest) - 1 and room >= shortest[-1]
