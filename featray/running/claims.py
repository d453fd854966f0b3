"""Claims: one submit at a time for a sweep and a store, and the names by which others know who measures.

Flow: `submission` -> `claim` -> a lock file that names its holder. `holder_name` is shown to whoever waits for a host,
`job_metadata` to whoever looks at the Ray job.
"""

import contextlib
import getpass
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from featray import errors, store
from featray.core import identity, lockfile, wording
from featray.core.version import __version__
from featray.host import checkout
from featray.measurement import weights
from featray.sweep import Sweep

HOLDER_LENGTH = 200  # characters of another process's name that a message shows: user, host, process, job and run

INTERCHANGEABLE = "featray_interchangeable"
"""Metadata key; `true` where a unit that was lost on one target may be measured on another, else `false`."""


def check_free(results: str, sweep: str) -> None:
    """Check that no other process measures this sweep into this store now.

    Raises:
        Busy: another process does; the message names it.
        StoreError: the store's folder cannot be written.
    """
    os.close(_lock(results, sweep))


@contextlib.contextmanager
def claim(results: str, sweep: str) -> Iterator[Callable[[str], None]]:
    """Hold the sweep on this store, so that no second submit measures it at the same time.

    Yields:
        A function that adds the run's id to the holder's name in the lock file.

    The lock file is in the store's folder, so that it also works across hosts on a shared disk. For a store in the
    cloud it is in this host's cache.

    Raises:
        BadInput: the store's address carries credentials.
        Busy: another process holds the sweep; the message names it.
        StoreError: the lock file cannot be written.
    """
    file = _lock(results, sweep)

    def sign(run_id: str | None = None) -> None:
        lockfile.sign(file, holder_name() + (f", as run {run_id}" if run_id else ""))

    try:
        sign()
        yield sign
    finally:
        os.close(file)


def _lock(results: str, sweep: str) -> int:
    """Open and lock a sweep's file; closing it frees the sweep."""
    store.check_address(results)
    cloud = weights.featray_cache() / "claims" / identity.digest({"store": store.full_name(results)})
    folder = cloud if "://" in results else Path(results)
    shown = store.display_name(results)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = lockfile.open_file(folder / f".{sweep}.lock")
    except OSError as wrong:
        raise errors.StoreError(f"{shown}: cannot be written ({wrong.strerror}: {wrong.filename})") from wrong
    try:
        is_ours = lockfile.try_lock(file)
    except OSError as wrong:
        os.close(file)
        raise errors.StoreError(
            f"{shown}: its file system has no locks ({wrong.strerror}), and without them two submits could measure the "
            "same sweep at once; give --results a folder on another file system, or a URI"
        ) from wrong
    if not is_ours:
        holder = wording.shortened(lockfile.read_signature(file), HOLDER_LENGTH)  # anybody may have written it
        os.close(file)
        raise errors.Busy(
            f"{sweep} is being submitted to {shown} by {holder or 'another process'}; wait for it or cancel it"
        )
    return file


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
    }
    return {key: value for key, value in facts.items() if value is not None}


def holder_name() -> str:
    """Name this process and, where it is one, its detached submit; shown to others who wait."""
    detached = os.environ.get("RAY_JOB_SUBMISSION_ID")
    return f"{_user_name()}, process {os.getpid()}" + (f", detached as {detached}" if detached else "")


def _user_name() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
