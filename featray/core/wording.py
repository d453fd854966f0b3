"""Wording: figures and names as text, by one rule each, for every finding, table, page and message.

Pure. Names come from a store and may have any length; stored quantities are SI.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence

NAME_LENGTH = 60  # characters of one name in a sentence
SHOWN_LENGTH = 80  # characters of a name that a table shows: two names of this length still fit side by side
NAMED = 4  # things named in one sentence; the rest is a count
ABSENT = "-"  # stands in a table for a figure that does not exist

_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """Make one line of printable text: with control or direction characters, a name could look like another."""
    printable = (
        " " if unicodedata.category(character) == "Cc" else character
        for character in text
        if character not in _BIDIRECTIONAL
    )
    return " ".join("".join(printable).split())


def shortened(text: str, length: int = SHOWN_LENGTH) -> str:
    """Replace the middle of a long text by `…`: names differ at their ends."""
    line = plain(text)
    if len(line) <= length:
        return line
    head = (length - 1) * 2 // 3
    return f"{line[:head].rstrip()}…{line[-(length - 1 - head) :].lstrip()}"


def short(text: str) -> str:
    """Write a name in a sentence."""
    return shortened(text, NAME_LENGTH)


def listed(values: Iterable[object], limit: int | None = NAMED) -> str:
    """List values with commas, each once: the first `limit` of them, or all where that is None."""
    names = list(dict.fromkeys(map(str, values)))
    if limit is None or len(names) <= limit:
        return ", ".join(names)
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"


def phrases(parts: Sequence[str], limit: int = NAMED) -> str:
    """List parts of a sentence with semicolons, since they hold commas: the first `limit` of them."""
    rest = f"; and {len(parts) - limit} more" if len(parts) > limit else ""
    return "; ".join(parts[:limit]) + rest


_NUMBER = re.compile(r"0x[0-9a-f]+|\d[\d.,]*( ?([KMGT]i?B|bytes)\b)?", re.IGNORECASE)


def without_numbers(text: str) -> str:
    """Replace a message's numbers by `#`: memory, addresses and process ids differ between failures of one kind."""
    return " ".join(_NUMBER.sub("#", text).split())


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Count a noun: `1 unit`, `3 units`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def counted(names: Sequence[str], noun: str) -> str:
    """Count things and name the first of them: `1000 hosts (a, b, c and 997 more)`."""
    return f"{count(len(names), noun)} ({listed(map(short, names), 3)})"


def share(number: int, total: int, noun: str) -> str:
    """Name some of several: `The only unit`, `All 6 units`, `2 of 6 units`."""
    if total == 1:
        return f"The only {noun}"
    return f"All {total} {noun}s" if number == total else f"{number} of {total} {noun}s"


def digits(value: float) -> str:
    """Write a number with at least two significant digits, never as a power of ten: `0.070`, `1.2`, `345`."""
    rounded = float(f"{value:.1e}")  # 0.09999 is 0.10, not 0.100
    size = abs(rounded)
    if size >= 10 or size == 0:
        return f"{value:.0f}"
    return f"{rounded:.{1 - math.floor(math.log10(size))}f}"


def seconds(call_s: float) -> str:
    """Write the duration of a call in s, as py-feat's reports do: `2.21`; with two digits below 0.1 s: `0.070`."""
    return f"{call_s:.2f}" if call_s >= 0.1 else digits(call_s)


def extra(call_s: float) -> str:
    """Write how much longer one call takes than another, which is known to two digits at best: `1.2 s`, `345 s`."""
    return f"{digits(call_s)} s"


def milliseconds(duration_s: float) -> str:
    """Write the time per frame or image in ms: `30.7`; with two digits below 1 ms: `0.53`."""
    value = 1000 * duration_s
    return f"{value:.1f}" if value >= 1 else digits(value)


def rate(per_second: float) -> str:
    """Write a throughput: `32.6`; with two digits below one a second: `0.070`."""
    return f"{per_second:.1f}" if per_second >= 0.95 else digits(per_second)


def frame_rate(fps: float) -> str:
    """Write the frame rate of a clip: `23.98`."""
    return f"{fps:.2f}"


def percent(ratio: float) -> str:
    """Write a share: `7.2%`; without a decimal from 10%: `12%`."""
    return f"{100 * ratio:.0f}%" if abs(ratio) >= 0.0995 else f"{100 * ratio:.1f}%"


def times(ratio: float) -> str:
    """Write a ratio of two times or speeds: `1.56x`."""
    return f"{ratio:.2f}x"


def ratio(value: float) -> str:
    """Write a ratio of two times in a column, with three significant digits: `0.641`, `1.12`."""
    return f"{value:.3g}"


def margin(log_ratio: float) -> str:
    """Write the least difference that counts, which is kept as a log ratio: `3%`, `2.5%`."""
    return percent(math.expm1(log_ratio)).replace(".0%", "%")


def duration(duration_s: float) -> str:
    """Write a duration for people: `0.4 s`, `42 s`, `3 min 10 s`, `2 h 05 min`."""
    if not math.isfinite(duration_s):
        return "unknown"
    if duration_s < 10:
        return f"{duration_s:.1f} s"
    whole = round(duration_s)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def money(price: float) -> str:
    """Write a price: `13.34`, and below 1 with three digits, so that small ones can be told apart: `0.0801`."""
    decimals = 2 if price >= 1 or price <= 0 else 2 - math.floor(math.log10(price))
    whole, _, part = f"{price:.{decimals}f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"


def size(size_b: float) -> str:
    """Write a size with a binary prefix, such as `1.5 GiB`."""
    shown = float(size_b)
    for prefix in ("B", "KiB", "MiB", "GiB"):
        if abs(shown) < 1023.95:  # from there on it would print as 1024.0
            return f"{round(shown)} {prefix}" if prefix == "B" else f"{shown:.1f} {prefix}"
        shown /= 1024
    return f"{shown:.1f} TiB"
