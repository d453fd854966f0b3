"""FFmpeg probe: whether the dynamic loader finds a complete set of FFmpeg's libraries, and of which version.

Flow: `ffmpeg.find` -> `find_version` -> a short process that loads the libraries as torchcodec does.
Every invocation asks, and the answer changes only with what is installed. So it is kept in featray's cache, under a
digest of everything that it depends on: the interpreter, torchcodec's files, and the folders that the loader searches.
Standard library only.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from featray.core import files
from featray.measurement import torchcodec_files

PATH_VARIABLE = "DYLD_LIBRARY_PATH" if torchcodec_files.MACOS else "LD_LIBRARY_PATH"

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


def find_version(search: str | None, cache: Path, torchcodec: Path) -> str | None:
    """Find which version of FFmpeg the loader finds complete, of those that a torchcodec can load; None for none.

    Args:
        search: Library path, as in `PATH_VARIABLE`; None for the loader's own folders alone.
        cache: featray's cache folder; earlier answers are kept there.
        torchcodec: Its folder; it may be that of another interpreter.
    """
    kept = cache / "probes" / f"ffmpeg-{_digest(search, torchcodec)}"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8") or None
    try:
        version = load(search, torchcodec_files.list_sets(torchcodec))
    except subprocess.TimeoutExpired:
        return None  # not kept: a file system that hangs may come back
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time alone
        files.write_whole(kept, version)
    return version or None


def _digest(search: str | None, torchcodec: Path) -> str:
    folders = [folder for folder in (search or "").split(os.pathsep) if folder]
    built = map(str, torchcodec_files.list_files(torchcodec).values())
    changed = [(path, _changed_at(path)) for path in (*folders, *_SEARCHED, *built)]
    text = json.dumps([sys.executable, _changed_at(sys.executable), search, changed])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _changed_at(path: str) -> int | None:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return None


def load(search: str | None, sets: Sequence[Sequence[str]]) -> str:
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
