"""Lease: the host, or one device of it, for one invocation at a time, across drivers, users and Ray clusters.

Flow: `supervisor` -> `acquire` (waits) -> `Lease`, passed on to the child -> `release`.
A lease is a set of locked files on the host (`core.lockfile`); `core.lease_rule` says which. It ends with the last
process that has the files open, so a child that outlives its supervisor still keeps its device.
"""

import contextlib
import dataclasses
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from featray.core import lease_rule, lockfile, wording
from featray.core.choices import Exclusive
from featray.errors import BackendError

UNKNOWN_HOLDER = "another featray process"
POLL_S = 0.2  # short against any cell, long against the cost of one try (microseconds)
REMIND_S = 10.0  # between two messages about the same holder: enough for a deadline of minutes, few for a log


@dataclasses.dataclass(frozen=True)
class Lease:
    """A lease that this process holds; give `files` to the child, so that the lease lasts as long as the child."""

    files: tuple[int, ...]


def folder() -> Path:
    """Return the folder of the lock files, shared by all users of the host: $FEATRAY_LEASES or /tmp/featray-leases.

    Not below the user's own TMPDIR: two users who measure must find each other's locks.
    """
    chosen = os.environ.get("FEATRAY_LEASES")
    return Path(chosen) if chosen else Path("/tmp/featray-leases")


def acquire(host_id: str, device_id: str, *, exclusive: Exclusive, holder: str) -> Iterator[str | Lease]:
    """Wait for the lease.

    Args:
        host_id: Stable id of the machine.
        device_id: GPU UUID or other target id.
        exclusive: `host` or `gpu`.
        holder: Name of this process, shown to others who wait.

    Yields:
        While it waits: the name of the present holder. At last: the `Lease`. Close it with `release`.

    Raises:
        BackendError: the folder of the lock files or a file in it is not safe to use.
    """
    place = folder()
    with _open_folder(place) as opened:
        yield from _acquire(place, opened, host_id, device_id, exclusive=exclusive, holder=holder)


def check_folder() -> None:
    """Check the folder of the lock files, before anything starts.

    Raises:
        BackendError: it is not safe to use; the message says why and what to do.
    """
    with _open_folder(folder()):
        pass


def open_lock(name: str) -> int:
    """Open a lock file of this machine that is no lease; the caller locks and closes it.

    Raises:
        BackendError: the folder of the lock files or a file in it is not safe to use.
    """
    place = folder()
    with _open_folder(place) as opened:
        return _open(place, opened, name)


@contextlib.contextmanager
def _open_folder(place: Path) -> Iterator[int]:
    """Open the folder of the lock files; make it where it is missing, for all users."""
    with _explained():
        with contextlib.suppress(FileExistsError):  # a link that leads nowhere; it is refused below
            place.mkdir(parents=True, exist_ok=True)
        opened = lockfile.open_folder(place)
    try:
        with contextlib.suppress(PermissionError):  # the user who made it has opened it for all
            os.fchmod(opened, 0o1777)
        yield opened
    finally:
        os.close(opened)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as wrong:
        remedy = "free some space" if wrong.errno in lockfile.FULL else "remove it"
        raise BackendError(
            f"{wrong.filename}: cannot hold the locks of this machine ({wrong.strerror}); {remedy}, or name another "
            "folder in FEATRAY_LEASES, the same for all users of this machine"
        ) from wrong


def _acquire(
    place: Path, opened: int, host_id: str, device_id: str, *, exclusive: Exclusive, holder: str
) -> Iterator[str | Lease]:
    names = {"host": f"host-{host_id}.lock", "device": f"device-{device_id}.lock"}
    # Without a gate, new shared locks could keep out the process that waits for an exclusive one.
    gate = _open(place, opened, f"gate-{host_id}.lock")
    files: list[int] = []
    try:
        locks = lease_rule.LOCKS[exclusive]
        files += (_open(place, opened, names[lock.scope]) for lock in locks)
        yield from _wait(gate, is_shared=False, signed=files[0])
        for lock, file in zip(locks, files, strict=True):
            yield from _wait(file, is_shared=lock.is_shared, signed=file)
            _sign(file, holder)
            lockfile.unlock(gate)
    except BaseException:
        release(Lease(tuple(files)))
        raise
    finally:
        os.close(gate)
    yield Lease(tuple(files))


def release(lease: Lease) -> None:
    """Close the lease's files; the locks end when the last process that shares the files has closed them too.

    The signature goes first: the next holder may wait a moment with its own, and who waits would be told this one.
    """
    for file in lease.files:
        with contextlib.suppress(OSError):  # such as a full disk: then an old name is shown for a moment
            _remove_signature(file)
        os.close(file)


def _open(place: Path, opened: int, name: str) -> int:
    with _explained():
        return lockfile.open_file(place / name.replace("/", "_"), folder=opened)


def _wait(file: int, *, is_shared: bool, signed: int) -> Iterator[str]:
    """Lock a file; until then, yield the name in the file `signed` when it changes, and every `REMIND_S`."""
    last_holder, yielded_at = "", -math.inf
    while not lockfile.try_lock(file, is_shared=is_shared):
        holder = _read_holder(signed)
        if holder != last_holder or time.monotonic() - yielded_at >= REMIND_S:
            last_holder, yielded_at = holder, time.monotonic()
            yield holder
        time.sleep(POLL_S)


def _sign(file: int, holder: str) -> None:
    with contextlib.suppress(OSError):  # such as a full disk: then who waits is told no name
        lockfile.sign(file, json.dumps({"holder": holder, "pid": os.getpid()}))


def _remove_signature(file: int) -> None:
    """Remove this process's signature; another one's may stand on a lock that both share."""
    if _read_signature(file).get("pid") == os.getpid():
        lockfile.sign(file, "")


def _read_signature(file: int) -> dict[str, Any]:
    try:
        signature = json.loads(lockfile.read_signature(file))
    except (ValueError, RecursionError):
        return {}
    return signature if isinstance(signature, dict) else {}


def _read_holder(file: int) -> str:
    """Read the present holder's name, as one short line: another user may have written anything."""
    signature = _read_signature(file)
    try:
        if psutil.pid_exists(signature["pid"]):
            name, process = wording.shortened(str(signature["holder"])), f"process {int(signature['pid'])}"
            return name if process in name.split(", ") else f"{name} ({process})"
    except (ValueError, KeyError, TypeError, OverflowError):
        pass
    return UNKNOWN_HOLDER  # the process that signed has ended, and the present holder has not signed yet
