"""Quantities: the units that featray stores, and sizes as people write them.

Pure. Every stored quantity is SI with the unit in its name; `wording` writes them for people.
"""

import re

from featray.core import wording

FILM_HZ = 25.0
"""Frames per second of film where only its hours are given; every frame is analysed."""
FILM_HOURS = 1000
"""Hours of film whose cost and energy are told."""


def frames_per_second(frames: int, seconds: float) -> float:
    """Convert one call's duration to throughput, in Hz.

    Raises:
        ValueError: `seconds` is not positive.
    """
    if seconds <= 0:
        raise ValueError(f"a call cannot last {seconds} s")
    return frames / seconds


_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_PREFIXES = {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4}

SIZE_EXPECTED = "a number and a unit, such as '24 GB' or '16 GiB'"


def parse_bytes(text: str) -> int:
    """Read `24 GB` (powers of 1000) or `24 GiB` (powers of 1024).

    Raises:
        ValueError: neither.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{wording.short(text)!r} is not a size; expected {SIZE_EXPECTED}")
    factor = 1024 if "i" in match[2] else 1000
    return round(float(match[1]) * float(factor ** _PREFIXES.get(match[2][0], 0)))


_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}

DURATION_EXPECTED = "a number and a unit, such as 200ms, 90m, 12h or 3d"


def parse_duration(text: str) -> float:
    """Read `200ms`, `90m`, `12h` or `3d` as seconds.

    Raises:
        ValueError: none of these.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{wording.short(text)!r} is not a duration; expected {DURATION_EXPECTED}")
    return float(match[1]) * _SECONDS[match[2]]
