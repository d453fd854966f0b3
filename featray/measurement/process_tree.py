"""Process tree: processor time of this process and of all that it started, DataLoader's workers among them.

Flow: `telemetry` reads it around each timed call; what the host's processors did beyond it was for other processes.
`host.child` lists what a measuring process started, to end it too.
The folder /proc is an argument, so that tests read recorded trees. Nothing here raises: what is unknown is None.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from featray.measurement import machine_state

_END_OF_NAME = b") "  # only the name may hold spaces
_PARENT = 1  # position after the name
_TIMES = slice(11, 15)  # user, system, and both of the children that ended and were waited for
_BLOCK_B = 4096  # a line of /proc/PID/stat takes under 400 bytes, a list of 500 children about this


def list_started(root: int, proc: Path = machine_state.PROC) -> list[int]:
    """List the ids of the processes that a process and its descendants have started and that run.

    One whose parent has ended belongs to another process by now, and is missing.
    """
    members = _walk(proc, root) or _search(proc, root)
    return [member for member in members if member != root] if members else _ask_psutil_for_started(root)


def _ask_psutil_for_started(root: int) -> list[int]:
    psutil = machine_state.import_psutil()
    if psutil is None:
        return []
    try:
        return [int(member.pid) for member in psutil.Process(root).children(recursive=True)]
    except (psutil.Error, OSError):
        return []


def _ask_psutil_for_cpu_s(pid: int) -> float | None:
    psutil = machine_state.import_psutil()
    if psutil is None:
        return None
    try:
        root = psutil.Process(pid)
        members = [root, *root.children(recursive=True)]
        return float(sum(sum(member.cpu_times()[:4]) for member in members))  # as _TIMES
    except (psutil.Error, OSError):
        return None


def read_cpu_s(
    proc: Path = machine_state.PROC,
    *,
    pid: int | None = None,
    ticks_per_s: int = os.sysconf("SC_CLK_TCK"),
    by_psutil: Callable[[int], float | None] = _ask_psutil_for_cpu_s,
) -> float | None:
    """Read the processor time of a process and its descendants, in seconds: from /proc, else from psutil.

    Descendants that have ended count once their parent has waited for them; if their parent ended first, never.
    About 13 µs for each thread of these processes; on kernels that do not list children, for each process of the host.

    Args:
        proc: The folder /proc.
        pid: The process; None means this one.
        ticks_per_s: Ticks of the kernel's clock in a second.
        by_psutil: Reads the same where there is no /proc.

    Source: proc(5), /proc/PID/stat and /proc/PID/task/TID/children.
    """
    root = os.getpid() if pid is None else pid
    members = _walk(proc, root) or _search(proc, root)
    if not members:
        return by_psutil(root)
    return sum(members.values()) / ticks_per_s


def _walk(proc: Path, root: int) -> dict[int, int] | None:
    """Follow the kernel's lists of children: the ticks of each member; None where the kernel keeps no such lists."""
    ticks: dict[int, int] = {}
    waiting = [root]
    for member in waiting:  # grows while it is read
        line, children = _read_stat(proc, str(member)), _read_children(proc, member)
        if children is None and member == root:
            return None
        if line is not None:  # else it ended meanwhile
            ticks[member] = line[1]
            waiting += children or ()
    return ticks


def _read_children(proc: Path, pid: int) -> list[int] | None:
    """Read the ids of the children of all threads of a process; None without a list of them."""
    folder, lists = f"{proc}/{pid}/task", []
    with contextlib.suppress(OSError):
        for thread in os.listdir(folder):  # noqa: PTH208 - as below
            with contextlib.suppress(OSError):  # the thread has ended
                lists.append(_read(f"{folder}/{thread}/children"))
    return [int(child) for listed in lists for child in listed.split()] if lists else None


def _search(proc: Path, root: int) -> dict[int, int]:
    """Find the members among all processes of the host: the ticks of each; empty where the root is not found."""
    try:
        names = os.listdir(proc)  # noqa: PTH208 - pathlib takes eight times as long for all of this
    except OSError:
        return {}
    ticks, children = {}, dict[int, list[int]]()
    for name in filter(str.isdecimal, names):
        if (found := _read_stat(proc, name)) is not None:
            ticks[int(name)] = found[1]
            children.setdefault(found[0], []).append(int(name))
    members = [root] if root in ticks else []
    for member in members:  # grows while it is read
        members += children.get(member, ())
    return {member: ticks[member] for member in members}


def _read_stat(proc: Path, pid: str) -> tuple[int, int] | None:
    """Read the parent's id and the ticks of a process; None if it has ended."""
    try:
        fields = _read(f"{proc}/{pid}/stat").rpartition(_END_OF_NAME)[2].split()
        return int(fields[_PARENT]), sum(map(int, fields[_TIMES]))
    except (OSError, ValueError, IndexError):
        return None


def _read(path: str) -> bytes:
    """Read a file of /proc whole; it has no size before it is read."""
    file = os.open(path, os.O_RDONLY)
    try:
        text = os.read(file, _BLOCK_B)
        while len(text) % _BLOCK_B == 0 and (more := os.read(file, _BLOCK_B)):
            text += more
        return text
    finally:
        os.close(file)
