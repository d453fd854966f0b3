"""Figures: how long a call can have taken, given the rounded numbers that a report prints of it.

Flow: a printed line -> `estimate` -> `imported_rows`. Pure.
A report prints one duration three times, each rounded in its own way: 2.21 s, 30.7 ms/frame and 32.6 fps for 72 frames.
Each figure allows a range of durations. The true one lies in all ranges, and its best estimate is the midpoint.
"""

import dataclasses
import math
import re
from collections.abc import Mapping
from decimal import Decimal

SEC, MS_PER_FRAME, MS_PER_IMAGE, FPS = "sec", "ms/frame", "ms/img", "fps"
ROUNDING = 1e-12  # doubles err by 1e-16 in each step of this arithmetic; no print shows twelve digits
NUMBER = re.compile(r"\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?")  # what a duration can look like


@dataclasses.dataclass(frozen=True)
class NumberRange:
    """The numbers from `low` to `high`, both included."""

    low: float
    high: float

    @property
    def midpoint(self) -> float:
        """Give the estimate whose largest possible error is smallest."""
        return (self.low + self.high) / 2

    def intersect(self, other: "NumberRange") -> "NumberRange | None":
        """Give the numbers that are in both ranges; None when there are none."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return NumberRange(min(low, high), max(low, high)) if low <= high * (1 + ROUNDING) else None


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Seconds per call from printed figures; `contradiction` names figures that cannot all be true of one call."""

    call_s: NumberRange
    contradiction: str | None = None


def rounding_range(text: str) -> NumberRange:
    """Find the numbers that round to a printed one: half a unit in its last place to either side, never below zero.

    Raises:
        ValueError: not a plain non-negative decimal number.
    """
    if not NUMBER.fullmatch(text):
        raise ValueError(f"expected a number such as 2.21, got {text!r}")
    number = Decimal(text)
    half = Decimal(5).scaleb(int(number.as_tuple().exponent) - 1)
    return NumberRange(max(0.0, float(number - half)), float(number + half))


def duration_range(figure: str, text: str, frames: int) -> NumberRange:
    """Find the seconds per call that one printed figure allows.

    Args:
        figure: One of `SEC`, `MS_PER_FRAME`, `MS_PER_IMAGE`, `FPS`.
        text: As it was printed.
        frames: Frames or images of one call.

    Raises:
        ValueError: the text is no number; the message names the figure.
    """
    try:
        printed = rounding_range(text)
    except ValueError as error:
        raise ValueError(f"{figure}: {error}") from error
    if figure == SEC:
        return printed
    if figure == FPS:
        return NumberRange(frames / printed.high, frames / printed.low if printed.low else math.inf)
    return NumberRange(printed.low * frames / 1000, printed.high * frames / 1000)


def estimate(printed: Mapping[str, str], frames: int) -> Estimate:
    """Find the seconds per call that all printed figures allow together.

    Args:
        printed: Figure -> its text; names that are no figure are ignored. When figures contradict each other, the first
            one counts.
        frames: Frames or images of one call.

    Raises:
        ValueError: there is no figure, one is no number, or they allow calls of any length.
    """
    names = [name for name in printed if name in (SEC, MS_PER_FRAME, MS_PER_IMAGE, FPS)]
    if not names:
        raise ValueError(f"expected a figure: {SEC}, {MS_PER_FRAME}, {MS_PER_IMAGE} or {FPS}")
    ranges = [duration_range(name, printed[name], frames) for name in names]
    joint: NumberRange | None = ranges[0]
    for allowed in ranges[1:]:
        joint = joint.intersect(allowed) if joint else None
    figures_text = ", ".join(f"{name} {printed[name]}" for name in names)
    chosen = joint or ranges[0]
    if not math.isfinite(chosen.high):
        raise ValueError(f"{figures_text}: no duration follows from this; give more digits, or delete the line")
    if joint:
        return Estimate(joint)
    return Estimate(chosen, f"{figures_text} cannot all be true of one call over {frames} frames or images")
