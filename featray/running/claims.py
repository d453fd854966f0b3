"""Claims: one submit at a time for a sweep and a store, and the names by which others know who measures.

Flow: `submission` -> `claim` -> a lock file that names its holder. `holder_name` is shown to whoever waits for a host,
`job_metadata` to whoever looks at the Ray job.
"""

import contextlib
import getpass
import os
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from featray import errors, store
from featray.core import identity, lockfile, wording
from featray.core.argument_names import argument
from featray.core.version import __version__
from featray.host import checkout, lease
from featray.measurement import weights
from featray.sweep import Sweep
from featray.sweep.values import NAME

TRIES, ASKING_S = 5, 0.02  # asking takes microseconds; a sweep that is measured is so for minutes
HOLDER_LENGTH = 200  # characters of another process's name that a message shows: user, host, process, job and run

COLLECTING = "..collecting.lock"
"""Lock file of `collecting`; no sweep's name begins with a dot."""

RUN_VARIABLE = "FEATRAY_RUN_ID"
"""Environment variable of a detached driver: the id that its caller was given. Ray tells a job's driver no name."""

INTERCHANGEABLE = "featray_interchangeable"
"""Metadata key; `true` where a unit that was lost on one target may be measured on another, else `false`."""

SEARCHED = "featray_searched"
"""Metadata key; the axis that the sweep searches, absent where it searches none."""


def check_free(results: str, sweep: str) -> None:
    """Check that no other process measures this sweep into this store now.

    Raises:
        Busy: another process does; the message names it.
        StoreError: the store's folder cannot be written.
    """
    _close(_lock(results, sweep))


def is_claimed(results: str, sweep: str) -> bool:
    """Return True where another process measures this sweep into this store now; no name of a row is trusted.

    Raises:
        StoreError: the claim of the sweep cannot be read.
    """
    if not NAME.fullmatch(sweep):
        return False  # a submit cannot claim it, and it may be a path
    places = (_folder(results) / _file_name(sweep), lease.folder() / _local_name(results, sweep))
    if not any(path.exists() for path in places):
        return False
    try:
        check_free(results, sweep)
    except errors.Busy:
        return True
    return False


@contextlib.contextmanager
def collecting(results: str) -> Iterator[None]:
    """Be the only process that takes rows out of spools for this store; wait for another one.

    Two processes that collect at once would both find that the store lacks a row, and store it twice. For a store in
    the cloud this holds among the processes of this host alone.

    Raises:
        StoreError: the store's folder cannot be written, or its file system has no locks.
    """
    with _explained(results):
        folder = _folder(results)
        folder.mkdir(parents=True, exist_ok=True)
        file = lockfile.open_file(folder / COLLECTING)
    try:
        with _explained(results):
            lockfile.lock(file)
        yield
    finally:
        os.close(file)


@contextlib.contextmanager
def claim(results: str, sweep: str) -> Iterator[Callable[[str], None]]:
    """Hold the sweep on this store, so that no second submit measures it at the same time.

    Yields:
        A function that adds the run's id to the holder's name in the lock file.

    One lock file is in the store's folder, so that it also works across hosts on a shared disk. For a store in the
    cloud it is in this host's cache. Another one is among the locks of this host: it holds where somebody takes the
    first one for a leftover and removes it.

    Raises:
        BadInput: the store's address carries credentials.
        Busy: another process holds the sweep; the message names it.
        StoreError: the lock file cannot be written.
        BackendError: this host's folder of lock files is not safe to use.
    """
    files = _lock(results, sweep)

    def sign(run_id: str | None = None) -> None:
        name = holder_name() + (f", as run {run_id}" if run_id else "")
        with _explained(results):  # no row could be stored there either
            lockfile.sign(files[0], name)
        with contextlib.suppress(OSError):  # such as a full disk: then who is refused is told no name
            lockfile.sign(files[1], name)

    try:
        sign()
        yield sign
    finally:
        _close(files)


def _folder(results: str) -> Path:
    """Name the folder of a store's lock files."""
    store.check_address(results)
    cloud = weights.featray_cache() / "claims" / identity.digest({"store": store.full_name(results)})
    return cloud if "://" in results else Path(results)


def _file_name(sweep: str) -> str:
    return f".{sweep}.lock"


def _local_name(results: str, sweep: str) -> str:
    """Name the lock file of a sweep and a store among those of this host."""
    place = store.full_name(results) if "://" in results else os.path.realpath(results)
    return f"claim-{identity.digest({'store': place, 'sweep': sweep})}.lock"


@contextlib.contextmanager
def _explained(results: str) -> Iterator[None]:
    shown = store.display_name(results)
    try:
        yield
    except OSError as wrong:
        if wrong.errno in lockfile.FULL:
            raise errors.StoreError(
                f"{shown}: cannot be written ({wrong.strerror}); free some space, or name another place with "
                f"{argument('results')}"
            ) from wrong
        if wrong.filename is not None:
            raise errors.StoreError(f"{shown}: cannot be written ({wrong.strerror}: {wrong.filename})") from wrong
        raise errors.StoreError(
            f"{shown}: its file system has no locks ({wrong.strerror}), and without them two submits could measure the "
            f"same sweep at once; give {argument('results')} a folder on another file system, or a URI"
        ) from wrong


def _lock(results: str, sweep: str) -> list[int]:
    """Open and lock a sweep's files; closing them frees the sweep."""
    folder = _folder(results)
    with _explained(results):
        folder.mkdir(parents=True, exist_ok=True)
        files = [lockfile.open_file(folder / _file_name(sweep))]
    try:
        _lock_or_refuse(files[0], results, sweep)
        files.append(lease.open_lock(_local_name(results, sweep)))
        _lock_or_refuse(files[1], results, sweep)
    except BaseException:
        _close(files)
        raise
    return files


def _lock_or_refuse(file: int, results: str, sweep: str) -> None:
    with _explained(results):
        is_ours = _try_lock(file)
    if not is_ours:
        holder = wording.shortened(lockfile.read_signature(file), HOLDER_LENGTH)  # anybody may have written it
        raise errors.Busy(
            f"{sweep} is being submitted to {store.display_name(results)} by {holder or 'another process'}; wait for "
            "it or cancel it"
        )


def _close(files: Iterable[int]) -> None:
    for file in files:
        os.close(file)


def _try_lock(file: int) -> bool:
    """Lock a sweep's file, unless another process measures it; one that only asks has it locked for a moment."""
    for _ in range(TRIES - 1):
        if lockfile.try_lock(file):
            return True
        time.sleep(ASKING_S)
    return lockfile.try_lock(file)


def job_metadata(sweep: Sweep, results: str) -> dict[str, str]:
    """Describe a submit for its Ray job: the dashboard shows it, and `featray status` reads it."""
    facts = {
        "job_name": sweep.name,  # what the dashboard's job list shows
        "featray_sweep": sweep.name,
        "featray_store": store.full_name(results),
        "featray_version": __version__,
        "featray_commit": checkout.describe_commit(),
        "featray_user": _user_name(),
        INTERCHANGEABLE: str(sweep.interchangeable).lower(),
        SEARCHED: sweep.search.axis if sweep.search else None,
    }
    return {key: value for key, value in facts.items() if value is not None}


def detached_run_id(sweep: str) -> str | None:
    """Name the run that this detached submit of a sweep starts, as `--detach` printed it; None for any other submit."""
    job = os.environ.get(RUN_VARIABLE, "")
    return job if re.fullmatch(re.escape(sweep) + r"-\d{8}-\d{6}-[0-9a-f]{4}", job) else None


def holder_name() -> str:
    """Name this process and, where it is one, its detached submit; shown to others who wait."""
    detached = os.environ.get(RUN_VARIABLE)
    return f"{_user_name()}, process {os.getpid()}" + (f", detached as {detached}" if detached else "")


def _user_name() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
