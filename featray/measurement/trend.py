"""Trend: whether a cell's calls are still getting faster.

Flow: `protocol` asks `is_falling` after each untimed call, and `is_still_falling` once after the timed calls. Pure.

A cell that loses 30% of its call time over 10 calls loses 3% per call: any three of its calls agree within 10%, and its
timed calls are up to 20% too long. Three calls are also too few to tell a fall of 3% from scatter of 3%. So warm-up
looks at the line through the last five calls, and the row is checked again with the timed calls.
"""

import math
from collections.abc import Sequence

RECENT_CALLS = 5  # in the fitted line; more would hold the first calls of a cell that has settled since
LAST_CALLS = 3  # a trend that these do not show has ended

FALL_MAX = 0.02
"""Share by which the fitted line over the recent calls may fall. As many calls again would fall by as much again: the
timed calls are then 2% too long, below the 3% that a verdict calls a difference. A smaller share would keep steady
cells in warm-up: if their calls scatter by 1, 2 or 4%, falls of 2% by chance cost them 0.1, 0.3 or 0.6 calls."""

FALL_MAX_LAST = FALL_MAX / 2  # of the last three calls: the same fall per call, over two steps instead of four

SIGNIFICANT = 2.5
"""Fall over its standard error, from which scatter does not explain it. One in 30 steady cells with three timed calls
exceeds it by chance, and one in 60 with eight (Student's t, 4 and 9 degrees of freedom). The fall itself must exceed
`FALL_MAX` too, so a trend is named for 1 to 3% of steady cells whose calls scatter by up to 4%."""


def fall(seconds: Sequence[float]) -> float:
    """Compute by how much the line through the calls falls from the first to the last, as a share (of logarithms).

    Args:
        seconds: One duration per call, in call order, at least two.

    Returns:
        Above 0 where calls get faster; 0 where a duration is 0, below the clock's resolution.
    """
    return _fit(seconds)[0]


def is_falling(seconds: Sequence[float]) -> bool:
    """Return True if the untimed calls so far still get faster; the first call counts only while there are three."""
    if len(seconds) < LAST_CALLS:
        return False
    later = seconds[1:] if len(seconds) > LAST_CALLS else seconds
    return fall(later[-RECENT_CALLS:]) > FALL_MAX and fall(later[-LAST_CALLS:]) > FALL_MAX_LAST


def is_still_falling(seconds: Sequence[float]) -> bool:
    """Return True if calls that were already taken for steady fall by more than `FALL_MAX` and more than by scatter.

    Args:
        seconds: The last untimed calls and all timed ones, in call order, at least three.
    """
    fallen, error = _fit(seconds)
    return fallen > FALL_MAX and fallen > SIGNIFICANT * error


def _fit(seconds: Sequence[float]) -> tuple[float, float]:
    """Fit a line to the logarithms by least squares; return its fall over all calls and the fall's standard error."""
    if min(seconds) <= 0:
        return 0.0, 0.0
    count = len(seconds)
    logs = [math.log(second) for second in seconds]
    mean = math.fsum(logs) / count
    positions = [number - (count - 1) / 2 for number in range(count)]
    weight = math.fsum(position**2 for position in positions)
    slope = math.fsum(position * log for position, log in zip(positions, logs, strict=True)) / weight
    residual = math.fsum((log - mean - slope * position) ** 2 for position, log in zip(positions, logs, strict=True))
    variance = residual / (count - 2) / weight if count > 2 else math.inf
    return -slope * (count - 1), math.sqrt(variance) * (count - 1)
