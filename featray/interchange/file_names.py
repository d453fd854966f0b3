"""File names: names of runs, which a store may hold with any text, as names of files in one folder. Pure.

Flow: `api.export` -> `make_safe` -> `api.output_files`.
"""

import re
from collections.abc import Mapping

STEM_LENGTH = 120  # characters; filesystems take 255 bytes, and a name has a suffix and perhaps a number
_UNSAFE = re.compile(r"[^\w .+=@,()-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices of Windows
UNNAMED = "run"


def make_safe(files: Mapping[str, str]) -> dict[str, str]:
    """Give files names that are safe on every system, and different even where case does not count.

    Args:
        files: Name with suffix -> text.
    """
    safe: dict[str, str] = {}
    taken: set[str] = set()
    for name, text in files.items():
        stem, _, suffix = name.rpartition(".")
        first = chosen = safe_stem(stem)
        number = 1
        while chosen.lower() in taken:
            number += 1
            chosen = f"{first}-{number}"
        taken.add(chosen.lower())
        safe[f"{chosen}.{suffix}"] = text
    return safe


def safe_stem(text: str) -> str:
    """Replace what names a folder, a device or a hidden file, or cannot be printed; an empty name becomes `run`."""
    stem = _UNSAFE.sub("-", text)[:STEM_LENGTH].strip(" .-") or UNNAMED
    return f"{stem}_" if _RESERVED.fullmatch(stem) else stem
