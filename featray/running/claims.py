"""Claims: who measures which sweep into which store, for others who want the same and for those who watch."""

import contextlib
import fcntl
import getpass
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from featray import errors, store
from featray.core import identity
from featray.core.version import __version__
from featray.host import checkout, lockfile
from featray.measurement import weights


def check(results: str, sweep: str) -> None:
    """Look whether a second submit would be refused now; nothing is signed.

    Raises:
        Busy: another process holds the sweep on this store.
        StoreError: the store's folder cannot be written.
    """
    os.close(_locked(results, sweep))


@contextlib.contextmanager
def claim(results: str, sweep: str) -> Iterator[Callable[[str], None]]:
    """Hold the sweep on this store, so that no second submit measures it at the same time.

    Yields:
        Signs with the id of the run that is being measured, once it is known.

    The lock file lies beside the store where that is a folder, so that it also works across hosts on a shared disk;
    for a store in the cloud it lies in this host's cache.

    Raises:
        Busy: another process holds it; the message names the process.
    """
    file = _locked(results, sweep)

    def sign(run_id: str | None = None) -> None:
        os.ftruncate(file, 0)
        os.pwrite(file, (holder_name() + (f", as run {run_id}" if run_id else "")).encode(), 0)

    try:
        sign()
        yield sign
    finally:
        os.close(file)


def _locked(results: str, sweep: str) -> int:
    """Open and lock a sweep's file; closing it gives the sweep free."""
    cloud = weights.featray_cache() / "claims" / identity.digest({"store": store.full_name(results)})
    local = cloud if "://" in results else Path(results)
    shown = store.shown(results)
    try:
        local.mkdir(parents=True, exist_ok=True)
        file = lockfile.open_file(local / f".{sweep}.lock")
    except OSError as wrong:
        raise errors.StoreError(f"{shown}: cannot be written ({wrong.strerror}: {wrong.filename})") from wrong
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(file, 4096, 0).decode(errors="replace").strip()
        os.close(file)
        raise errors.Busy(
            f"{sweep} is being submitted to {shown} by {holder or 'another process'}; wait for it or cancel it"
        ) from None
    except OSError as wrong:
        os.close(file)
        raise errors.StoreError(
            f"{shown}: its file system has no locks ({wrong.strerror}), by which a second submit is kept out; give "
            "--results a folder on another, or a URI"
        ) from wrong
    return file


def metadata(sweep: str, results: str) -> dict[str, str]:
    """Say what a Ray job is for, to those who see it in the dashboard."""
    known = {
        "job_name": sweep,  # what the dashboard's job list shows
        "featray_sweep": sweep,
        "featray_store": store.full_name(results),
        "featray_version": __version__,
        "featray_commit": checkout.commit(),
        "featray_user": _user(),
    }
    return {key: value for key, value in known.items() if value is not None}


def holder_name() -> str:
    """Name this process, and the detached submit that it is, for others who wait for it."""
    detached = os.environ.get("RAY_JOB_SUBMISSION_ID")
    return f"{_user()}, process {os.getpid()}" + (f", detached as {detached}" if detached else "")


def _user() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
