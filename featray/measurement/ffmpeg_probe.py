"""FFmpeg probe: whether the dynamic loader finds a complete set of FFmpeg's libraries, and of which version.

Flow: `ffmpeg.find` -> `find_version` -> a short process that loads the libraries as torchcodec does.
Every invocation asks, and the answer changes only with what is installed. So it is kept in featray's cache, under a
digest of everything that it depends on: the interpreter, its torchcodec, and the folders that the loader searches.
Standard library only.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from featray.core import files

MACOS = sys.platform == "darwin"
PATH_VARIABLE = "DYLD_LIBRARY_PATH" if MACOS else "LD_LIBRARY_PATH"

_LIBRARIES: Mapping[int, Mapping[str, int]] = {
    major: dict(
        zip(("avutil", "avcodec", "avformat", "avdevice", "avfilter", "swscale", "swresample"), numbers, strict=True)
    )
    for major, numbers in {
        9: (61, 63, 63, 63, 12, 10, 7),
        8: (60, 62, 62, 62, 11, 9, 6),
        7: (59, 61, 61, 61, 10, 8, 5),
        6: (58, 60, 60, 60, 9, 7, 4),
        5: (57, 59, 59, 59, 8, 6, 4),
        4: (56, 58, 58, 58, 7, 5, 3),
    }.items()
}
"""FFmpeg's major version -> library -> the number in its soname, newest first.

torchcodec links all seven. Source: `readelf -d libtorchcodec_core*.so` of torchcodec 0.17.
"""

_PROBE = """
import ctypes, json, sys
def load(names):
    try:
        return [ctypes.CDLL(name) for name in names]
    except OSError:
        return None
for names in json.load(sys.stdin):
    if libraries := load(names):
        info = libraries[0].av_version_info
        info.restype = ctypes.c_char_p
        print(info().decode())
        break
"""
"""Loads a set of libraries as torchcodec does, in a process of its own, so that the caller loads none of them."""

_PROBE_LIMIT_S = (
    30.0  # loading seven libraries takes 0.1 s; a dead network file system must not block the host for ever
)

_SEARCHED = ("/etc/ld.so.cache", "/lib", "/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")
"""What the loaders of Linux and macOS search by themselves; a package manager that installs a library changes one."""


def find_version(search: str | None, cache: Path) -> str | None:
    """Find which version of FFmpeg the loader finds complete; None when it finds none.

    Args:
        search: Library path, as in `PATH_VARIABLE`; None for the loader's own folders alone.
        cache: featray's cache folder; earlier answers are kept there.
    """
    sets = [[file_name(*item) for item in _LIBRARIES[major].items()] for major in _supported()]
    kept = cache / "probes" / f"ffmpeg-{_digest(search, sets)}"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8") or None
    try:
        version = _load(search, sets)
    except subprocess.TimeoutExpired:
        return None  # not kept: a file system that hangs may come back
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time alone
        files.write_whole(kept, version)
    return version or None


def _digest(search: str | None, sets: Sequence[Sequence[str]]) -> str:
    folders = [folder for folder in (search or "").split(os.pathsep) if folder]
    changed = [(path, _changed_at(path)) for path in (*folders, *_SEARCHED)]
    text = json.dumps([sys.executable, _changed_at(sys.executable), search, sets, changed])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _changed_at(path: str) -> int | None:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return None


def _load(search: str | None, sets: Sequence[Sequence[str]]) -> str:
    """Load the first complete set in another process; return its version, or nothing."""
    environment = {key: value for key, value in os.environ.items() if key != PATH_VARIABLE}
    if search:
        environment[PATH_VARIABLE] = search
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", _PROBE],
        input=json.dumps(sets),
        capture_output=True,
        text=True,
        env=environment,
        timeout=_PROBE_LIMIT_S,
        check=False,
    )
    return done.stdout.strip()


def _supported() -> list[int]:
    """List the major versions of FFmpeg that this interpreter's torchcodec supports, newest first."""
    package = importlib.util.find_spec("torchcodec")
    if package is None or package.origin is None:
        return list(_LIBRARIES)
    built = {file.stem for file in Path(package.origin).parent.glob("libtorchcodec_core*")}
    return [major for major in _LIBRARIES if f"libtorchcodec_core{major}" in built]


def file_name(library: str, number: int) -> str:
    """Write the name by which the loader looks for a library."""
    return f"lib{library}.{number}.dylib" if MACOS else f"lib{library}.so.{number}"
