"""Needs: what Ray must find on this machine before it can start, with what to do where it is not so.

Flow: `link.connect` -> `check`, for an embedded Ray; `featray.doctor` -> `list_missing`.
Ray itself says of these only that a process of its own has died, or that a node timed out, after up to a minute.
"""

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from featray.cluster import token
from featray.core.files import why_unwritable
from featray.errors import BackendError

FILES_MIN = 256
"""Open files of a process. An embedded Ray starts with 128 on two processors and not with 64; twice that for machines
with more of them."""

SHARED_MEMORY = Path("/dev/shm")


def check() -> None:
    """Refuse to start Ray where it cannot run.

    Raises:
        BackendError: names each thing that is missing, and what to do.
    """
    missing = [f"{found}: {remedy}" for found, remedy in list_missing()]
    if missing:
        raise BackendError(f"Ray cannot run here: {'; '.join(missing)}")


def list_missing() -> Iterator[tuple[str, str]]:
    """List what is missing, and what to do about each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (soft, hard) and hard < FILES_MIN:
        yield f"a process may have {hard} open files, and Ray needs {FILES_MIN}", "raise the limit (`ulimit -n 65536`)"
    if token.read() is None and (reason := why_unwritable(token.path().parent)):
        yield f"{token.path()} cannot be written ({reason})", "name another file in RAY_AUTH_TOKEN_PATH"
    folder = temporary_folder()
    if reason := why_unwritable(folder):
        yield f"Ray's folder {folder} cannot be written ({reason})", "name another one in RAY_TMPDIR"
    if SHARED_MEMORY.exists() and (reason := why_unwritable(SHARED_MEMORY)):
        yield f"{SHARED_MEMORY} cannot be written ({reason})", "mount it writable (docker: `--shm-size=1g`)"


def temporary_folder() -> Path:
    """Return the folder in which Ray keeps sockets and logs; Ray reads TMPDIR on Linux alone."""
    variables = ("RAY_TMPDIR", "TMPDIR") if sys.platform == "linux" else ("RAY_TMPDIR",)
    return Path(next((os.environ[name] for name in variables if name in os.environ), "/tmp")) / "ray"
