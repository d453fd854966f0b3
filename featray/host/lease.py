"""Leases: one invocation per machine at a time, across drivers, people and Ray clusters.

A lease is an advisory lock (flock) on files of the host, so it dies with the processes that hold it. `exclusive: host`
locks the host file alone; `exclusive: gpu` shares the host file and locks the GPU's own, so that it runs beside other
GPUs' invocations but never beside a quiet one.
"""

import contextlib
import dataclasses
import fcntl
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from featray.host import lockfile

ANOTHER = "another featray process"
POLL_S = 0.2  # short against any cell, long against the cost of one flock call (microseconds)
TELL_S = 10.0  # between two words of one wait on the same holder: enough for a deadline of minutes, little for a log


@dataclasses.dataclass(frozen=True)
class Held:
    """A lease that is held; pass `files` to the child so that the lease lasts as long as the device is in use."""

    files: tuple[int, ...]


def folder() -> Path:
    """Find the host's lease folder, shared by all users: $FEATRAY_LEASES or /tmp/featray-leases.

    Not the user's own TMPDIR: two people's sweeps must meet here.
    """
    chosen = os.environ.get("FEATRAY_LEASES")
    return Path(chosen) if chosen else Path("/tmp/featray-leases")


def acquire(host_id: str, device_id: str, *, exclusive: str, holder: str) -> Iterator[str | Held]:
    """Wait for the lease.

    Args:
        host_id: Stable id of the machine.
        device_id: GPU UUID or other target id.
        exclusive: `host` or `gpu`.
        holder: Who to name to those who wait.

    Yields:
        While it waits: text that names the present holder. At last: the `Held` lease. Close it with `release`.
    """
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):  # made by another user, who has opened it already
        place.chmod(0o1777)
    files: list[int] = []
    gate = _open(place, f"gate-{host_id}.lock")
    try:
        host = _open(place, f"host-{host_id}.lock")
        files.append(host)
        yield from _wait(gate, alone=True, held_by=host)
        yield from _wait(host, alone=exclusive == "host", held_by=host)
        _sign(host, holder)
        if exclusive != "host":
            device = _open(place, f"device-{device_id}.lock")
            files.append(device)
            fcntl.flock(gate, fcntl.LOCK_UN)
            yield from _wait(device, alone=True, held_by=device)
            _sign(device, holder)
    except BaseException:
        release(Held(tuple(files)))
        raise
    finally:
        os.close(gate)
    yield Held(tuple(files))


def release(held: Held) -> None:
    """Close the lease's files; the lock goes when the last process that shares them closes them too."""
    for file in held.files:
        os.close(file)


def _open(place: Path, name: str) -> int:
    return lockfile.open_file(place / name.replace("/", "_"))


def _wait(file: int, *, alone: bool, held_by: int) -> Iterator[str]:
    """Lock a file; name the one who signed `held_by` for as long as that takes."""
    told, told_at = "", -math.inf
    while not _try(file, alone):
        holder = _holder(held_by)
        if holder != told or time.monotonic() - told_at >= TELL_S:
            told, told_at = holder, time.monotonic()
            yield holder
        time.sleep(POLL_S)


def _try(file: int, alone: bool) -> bool:
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: int, holder: str) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps({"holder": holder, "pid": os.getpid()}).encode(), 0)


def _holder(file: int) -> str:
    text = os.pread(file, 4096, 0).decode(errors="replace")
    try:
        signed = json.loads(text)
        is_alive = psutil.pid_exists(signed["pid"])  # who ended without a word signed before whoever holds it now
        return f"{signed['holder']} (process {signed['pid']})" if is_alive else ANOTHER
    except (json.JSONDecodeError, KeyError, TypeError):
        return ANOTHER
