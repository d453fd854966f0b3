"""Wording: stored quantities as the text that a report prints. Names are cut as in findings: in `diagnosis.words`."""

from collections.abc import Iterable

from featray.diagnosis.words import count as plural
from featray.diagnosis.words import plain, shortened
from featray.quantities import frames_per_second

__all__ = [
    "ABSENT",
    "REASON_LENGTH",
    "fps",
    "listed",
    "milliseconds",
    "percent",
    "plain",
    "plural",
    "seconds",
    "shortened",
]

REASON_LENGTH = 160  # characters of a reason in a table; the remarks below it carry more
ABSENT = "-"


def seconds(call_s: float) -> str:
    """Write the duration of a call as py-feat's reports do, with more digits where two decimals would say nothing."""
    return f"{call_s:.2f}" if call_s >= 0.1 else f"{call_s:.2g}"


def milliseconds(duration_s: float) -> str:
    """Write the time per frame or image in ms."""
    value = 1000 * duration_s
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def fps(call_s: float, frames: int) -> str:
    """Write throughput in frames per second; short of one a minute, in significant digits."""
    value = frames_per_second(frames, call_s)
    return f"{value:.1f}" if value >= 0.95 else f"{value:.2g}"


def percent(share: float) -> str:
    """Write a share, such as `2.1%`."""
    return f"{100 * share:.1f}%"


def listed(values: Iterable[object]) -> str:
    """Join values with commas."""
    return ", ".join(str(value) for value in values)
