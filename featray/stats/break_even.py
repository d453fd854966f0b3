"""Break-even: from how much work on a side pays that starts later and is faster.

Flow: starts and times per frame of two sides, one per process -> `find` -> `diagnosis.slow_starts`. Pure.

The later start divided by the time saved per frame is the number of frames. Each of the two differences has an interval
of 97.5% (Welch), so that both hold together in 95%; the bounds are their most and least favourable quotients.
"""

import dataclasses
import math
from collections.abc import Sequence
from statistics import fmean

from featray.stats.invocations import CONFIDENCE, variance
from featray.stats.pairing import INVOCATIONS_MIN
from featray.stats.students import p_value, two_sided

EACH = 1 - (1 - CONFIDENCE) / 2  # confidence of each of two intervals (Bonferroni)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BreakEven:
    """Frames from which the slow start pays, with a 95% interval; seconds later, and seconds saved per frame."""

    frames: float
    low: float
    high: float
    later_s: float
    saved_s: float
    chance: float  # of such a saving, or one as far from 0, if there is none


def find(
    slow_starts_s: Sequence[float],
    slow_frames_s: Sequence[float],
    quick_starts_s: Sequence[float],
    quick_frames_s: Sequence[float],
) -> BreakEven | None:
    """Find where a side that starts later pays; None unless it is shown to start later and to be faster."""
    if min(map(len, (slow_starts_s, slow_frames_s, quick_starts_s, quick_frames_s))) < INVOCATIONS_MIN:
        return None
    later, saved = _difference(slow_starts_s, quick_starts_s), _difference(quick_frames_s, slow_frames_s)
    (later_low, later_high), (saved_low, saved_high) = later.interval, saved.interval
    if later_low <= 0 or saved_low <= 0:
        return None
    return BreakEven(
        frames=later.value / saved.value,
        low=later_low / saved_high,
        high=later_high / saved_low,
        later_s=later.value,
        saved_s=saved.value,
        chance=p_value(saved.value / saved.error, saved.freedom) if saved.error > 0 else 0.0,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Difference:
    value: float
    error: float
    freedom: float

    @property
    def interval(self) -> tuple[float, float]:
        width = two_sided(EACH, self.freedom) * self.error
        return self.value - width, self.value + width


def _difference(one: Sequence[float], other: Sequence[float]) -> _Difference:
    """Subtract means (Welch; Satterthwaite's degrees of freedom)."""
    parts = [(variance(side) / len(side), len(side) - 1) for side in (one, other)]
    total = sum(part for part, _ in parts)
    squares = sum(part**2 / freedom for part, freedom in parts)
    return _Difference(
        value=fmean(one) - fmean(other),
        error=math.sqrt(total),
        freedom=total**2 / squares if squares > 0 else len(one) + len(other) - 2,
    )
