"""Raylet records: which of featray's raylets run on this machine, one file each.

Flow: `nodes.start` -> `save`; `nodes.stop`, `fleet.survey`, `featray cluster status` -> `running`.
A record survives the process that started the raylet, so a later command can find and end it. Other people's Ray has no
records here and is never touched.
"""

import dataclasses
import json
from pathlib import Path

import psutil

from featray.core.files import write_whole
from featray.errors import BackendError
from featray.measurement import provenance, weights

SAME_S = 0.5  # boot times have a resolution of up to a second; a process id is not used again within one


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunningRaylet:
    """One raylet that featray started on this machine.

    `created` (seconds since 1970) and `after_boot_s` distinguish its process from a later one with the same id. When
    the clock is set, Linux reports another creation time for a running process, and macOS another boot time.
    """

    pid: int
    created: float
    address: str  # of the head
    head: bool
    gpu: str | None
    log: str
    after_boot_s: float | None = None


def describe(process: psutil.Process, *, address: str, head: bool, gpu: str | None, log: Path) -> RunningRaylet:
    """Describe a raylet that runs as `process`."""
    return RunningRaylet(
        pid=process.pid,
        created=process.create_time(),
        after_boot_s=_after_boot_s(process),
        address=address,
        head=head,
        gpu=gpu,
        log=str(log),
    )


def save(raylet: RunningRaylet) -> None:
    """Write a raylet's record, whole or not at all: other commands may read it at any moment."""
    write_whole(_file(raylet), json.dumps(dataclasses.asdict(raylet)))


def forget(raylet: RunningRaylet) -> None:
    """Remove a raylet's record."""
    _file(raylet).unlink(missing_ok=True)


def running() -> list[RunningRaylet]:
    """List featray's raylets that run on this machine, the head first; forget those that have ended.

    Raises:
        BackendError: a record cannot be read, and its process still runs.
    """
    raylets = []
    for file in sorted(folder().glob("*.json")):
        raylet = _read(file)
        if raylet is not None and is_alive(raylet):
            raylets.append(raylet)
        else:
            file.unlink(missing_ok=True)
    return sorted(raylets, key=lambda raylet: not raylet.head)


def is_alive(raylet: RunningRaylet) -> bool:
    """Return True while the process of a record runs; another process with its id does not count."""
    try:
        process = psutil.Process(raylet.pid)
    except psutil.NoSuchProcess:
        return False
    is_same = process.create_time() == raylet.created or (
        raylet.after_boot_s is not None and abs(_after_boot_s(process) - raylet.after_boot_s) < SAME_S
    )
    return is_same and is_running(process)


def is_running(process: psutil.Process) -> bool:
    """Return True for a process that is no zombie; in a container without an init, ended processes stay as zombies."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def folder() -> Path:
    """Return the folder of this machine's records and logs; a home may be shared by many machines."""
    return weights.featray_cache() / "cluster" / provenance.compute_host_id()


def _read(file: Path) -> RunningRaylet | None:
    """Read a record; None where it cannot be read and its process has ended."""
    try:
        raylet = RunningRaylet(**json.loads(file.read_text(encoding="utf-8")))
        if str(raylet.pid) != file.stem:
            raise ValueError(f"it is of process {raylet.pid}")
        return raylet
    except FileNotFoundError:  # another command has just removed it
        return None
    except (OSError, ValueError, TypeError) as wrong:
        if file.stem.isdigit() and not psutil.pid_exists(int(file.stem)):
            return None
        raise BackendError(
            f"{file}: not a record of a raylet ({wrong}); end process {file.stem} if featray started it as a Ray, "
            "then remove the file"
        ) from wrong


def _after_boot_s(process: psutil.Process) -> float:
    return process.create_time() - psutil.boot_time()


def _file(raylet: RunningRaylet) -> Path:
    return folder() / f"{raylet.pid}.json"
