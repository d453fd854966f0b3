"""Wording: stored quantities and names as the text that a report prints."""

import unicodedata
from collections.abc import Iterable

from featray.quantities import frames_per_second

NAME_LENGTH = 80  # characters of a name that a table shows: two names of this length still fit side by side
REASON_LENGTH = 160  # characters of a reason in a table; the remarks below it carry more
ABSENT = "-"

_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """Make one line of printable text: control characters and direction overrides could make a name read as another."""
    kept = (" " if unicodedata.category(each) == "Cc" else each for each in text if each not in _BIDIRECTIONAL)
    return " ".join("".join(kept).split())


def shortened(text: str, length: int = NAME_LENGTH) -> str:
    """Cut the middle out of a long text: names differ at their ends."""
    line = plain(text)
    if len(line) <= length:
        return line
    head = (length - 1) * 2 // 3
    return f"{line[:head].rstrip()}…{line[-(length - 1 - head) :].lstrip()}"


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


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Count a noun: `1 cell`, `3 cells`."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"
