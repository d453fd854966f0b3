"""Limits: what the operating system lets Ray and the measuring processes have on this machine.

Flow: `featray.doctor` -> `read` -> `Limits` -> `planning.checkup`.
"""

import contextlib
import dataclasses
import resource
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # where Ray keeps its object store on Linux


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """Bytes of shared memory, open files per process, and the ports that something else listens on."""

    shared_memory_b: int | None  # None: this system has no such folder
    open_files: int
    open_files_max: int  # to which a user can raise it
    taken_ports: tuple[int, ...]


def read(ports: Iterable[int]) -> Limits:
    """Read the limits of this process, and try ports on loopback."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Limits(
        shared_memory_b=shutil.disk_usage(SHARED_MEMORY).total if SHARED_MEMORY.is_dir() else None,
        open_files=soft,
        open_files_max=hard,
        taken_ports=tuple(port for port in ports if _is_taken(port)),
    )


def _is_taken(port: int) -> bool:
    with contextlib.closing(socket.socket()) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
