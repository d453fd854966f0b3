"""Quantities: the units featray stores in, and how it prints them.

Pure. Everything stored is SI with the unit in its name; only printing converts.
"""

import datetime
import math
import re


def frames_per_second(frames: int, seconds: float) -> float:
    """Convert one call's duration to throughput, in Hz.

    Raises:
        ValueError: `seconds` is not positive.
    """
    if seconds <= 0:
        raise ValueError(f"a call cannot last {seconds} s")
    return frames / seconds


def format_bytes(size_b: float) -> str:
    """Write a size with a binary prefix, such as `1.5 GiB`."""
    size = float(size_b)
    for prefix in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {prefix}" if prefix == "B" else f"{size:.1f} {prefix}"
        size /= 1024
    return f"{size:.1f} TiB"


_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_PREFIXES = {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4}


SIZE_EXPECTED = "a number and a unit, such as '24 GB' or '16 GiB'"


def parse_bytes(text: str) -> int:
    """Read `24 GB` (powers of 1000) or `24 GiB` (powers of 1024).

    Raises:
        ValueError: neither.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size; expected {SIZE_EXPECTED}")
    factor = 1024 if "i" in match[2] else 1000
    return round(float(match[1]) * float(factor ** _PREFIXES.get(match[2][0], 0)))


def format_duration(seconds: float) -> str:
    """Write a duration for people: `0.4 s`, `42 s`, `3 min 10 s`, `2 h 05 min`."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def utc_text(moment: datetime.datetime) -> str:
    """Write an aware moment as ISO 8601 in UTC with milliseconds; text order is time order."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds")
