"""Figures: what a rounded number still says, and what several of them say together.

A report prints one duration three times, each rounded in its own way: 2.21 s, 30.7 ms/frame and 32.6 fps for 72 frames.
Each figure allows an interval of durations; the true one lies in all of them, and its best estimate is the midpoint.
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
class Bounds:
    """Durations of one call, in seconds, from `low` to `high`; both included."""

    low: float
    high: float

    @property
    def midpoint(self) -> float:
        """Give the estimate whose largest possible error is smallest."""
        return (self.low + self.high) / 2

    def meet(self, other: "Bounds") -> "Bounds | None":
        """Keep what both allow; None when they contradict each other."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Bounds(min(low, high), max(low, high)) if low <= high * (1 + ROUNDING) else None


def rounded(text: str) -> Bounds:
    """Find the numbers that round to a printed one: half a unit in its last place to either side, never below zero.

    Raises:
        ValueError: not a plain non-negative decimal number.
    """
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number")
    number = Decimal(text)
    half = Decimal(5).scaleb(int(number.as_tuple().exponent) - 1)
    return Bounds(max(0.0, float(number - half)), float(number + half))


def durations(name: str, text: str, units: int) -> Bounds:
    """Find the durations of a call over `units` frames or images that one printed figure allows.

    Raises:
        ValueError: the text is no number.
    """
    value = rounded(text)
    if name == SEC:
        allowed = value
    elif name == FPS:
        allowed = Bounds(units / value.high, units / value.low if value.low else math.inf)
    else:
        allowed = Bounds(value.low * units / 1000, value.high * units / 1000)
    return allowed


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A duration from printed figures. `contradiction` says which figures no single duration can have printed."""

    interval: Bounds
    contradiction: str | None = None


def estimate(printed: Mapping[str, str], units: int) -> Estimate:
    """Find the durations that all printed figures allow together.

    Args:
        printed: Figure name (`SEC`, `MS_PER_FRAME`, `MS_PER_IMAGE`, `FPS`) -> its text; other names are ignored. When
            they contradict each other, the first one given counts.
        units: Frames or images of one call.

    Raises:
        ValueError: no figure is there, one is no number, or they allow durations without end.
    """
    names = [name for name in printed if name in (SEC, MS_PER_FRAME, MS_PER_IMAGE, FPS)]
    if not names:
        raise ValueError("no sec, ms/frame, ms/img or fps")
    allowed = [durations(name, printed[name], units) for name in names]
    joint: Bounds | None = allowed[0]
    for each in allowed[1:]:
        joint = joint.meet(each) if joint else None
    shown = ", ".join(f"{name} {printed[name]}" for name in names)
    chosen = joint or allowed[0]
    if not math.isfinite(chosen.high):
        raise ValueError(f"{shown} gives no duration")
    return Estimate(chosen, None if joint else f"{shown} cannot all be true of one call over {units} frames or images")
