"""torchcodec's files: which versions of FFmpeg an installed torchcodec can load, and by which names it looks for them.

Flow: a folder of packages -> `find` -> `list_sets` -> `ffmpeg_probe`.
Nothing is imported, and no list of releases is kept: a wheel has a library for each major version of FFmpeg, and each
of these names the FFmpeg libraries that the loader must find for it.
Standard library only.
"""

import importlib.util
import re
import sys
from collections.abc import Sequence
from pathlib import Path

MACOS = sys.platform == "darwin"

_CORE = re.compile(r"libtorchcodec_core(\d+)\.(?:so|dylib)")

_NEEDED = re.compile(rb"[\0/]lib((?:av|sw)[a-z]+)\.(?:so\.(\d+)|(\d+)(?:\.\d+)*\.dylib)(?=\0)")
"""A name in the string table of an ELF file, or in a load command of a Mach-O file."""


def find(packages: Path | None = None) -> Path | None:
    """Find torchcodec without importing it.

    Args:
        packages: Folder of another interpreter's packages; None means this interpreter's.

    Returns:
        Its folder; None where it is not installed.
    """
    if packages is not None:
        folder = packages / "torchcodec"
        return folder if folder.is_dir() else None
    spec = importlib.util.find_spec("torchcodec")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def list_files(torchcodec: Path) -> dict[int, Path]:
    """List the library for each major version of FFmpeg, newest first."""
    found = {int(match[1]): file for file in torchcodec.iterdir() if (match := _CORE.fullmatch(file.name))}
    return dict(sorted(found.items(), reverse=True))


def list_sets(torchcodec: Path) -> list[list[str]]:
    """List the names of the FFmpeg libraries that each of its libraries needs, newest FFmpeg first, libavutil first."""
    sets = []
    for file in list_files(torchcodec).values():
        needed = {match[1].decode(): int(match[2] or match[3]) for match in _NEEDED.finditer(file.read_bytes())}
        names = sorted(needed, key=lambda name: (name != "avutil", name))
        if names and names[0] == "avutil":
            sets.append([file_name(name, needed[name]) for name in names])
    return sets


def file_name(library: str, number: int) -> str:
    """Write the name by which the loader looks for a library."""
    return f"lib{library}.{number}.dylib" if MACOS else f"lib{library}.so.{number}"


def say_versions(versions: Sequence[int]) -> str:
    """Write major versions, in any order, as `FFmpeg 4 to 8`."""
    if not versions:
        return "no FFmpeg"
    low, high = min(versions), max(versions)
    return f"FFmpeg {low}" if low == high else f"FFmpeg {low} to {high}"
