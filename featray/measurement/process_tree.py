"""Process tree: processor time of this process and of all that it started, DataLoader's workers among them.

Flow: `telemetry` reads it around each timed call; what the host's processors did beyond it was for other processes.
The folder /proc is an argument, so that tests read recorded trees. Nothing here raises: what is unknown is None.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from featray.measurement import machine_state

_END_OF_NAME = b") "  # only the name may hold spaces
_PARENT = 1  # position after the name
_TIMES = slice(11, 15)  # user, system, and both of the children that ended and were waited for
_LINE_B = 1024  # a line of /proc/PID/stat has 52 numbers and takes under 400 bytes


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
    About 13 µs for each process of the host.

    Args:
        proc: The folder /proc.
        pid: The process; None means this one.
        ticks_per_s: Ticks of the kernel's clock in a second.
        by_psutil: Reads the same where there is no /proc.

    Source: proc(5), /proc/PID/stat.
    """
    root = os.getpid() if pid is None else pid
    ticks, children = {}, dict[int, list[int]]()
    for number, parent, own_ticks in _list_processes(proc):
        ticks[number] = own_ticks
        children.setdefault(parent, []).append(number)
    if root not in ticks:
        return by_psutil(root)
    members = [root]
    for member in members:  # grows while it is read
        members += children.get(member, ())
    return sum(ticks[member] for member in members) / ticks_per_s


def _list_processes(proc: Path) -> Iterator[tuple[int, int, int]]:
    """List the id, the parent's id and the ticks of every process of the host."""
    try:
        names = os.listdir(proc)  # noqa: PTH208 - pathlib takes eight times as long for all of this
    except OSError:
        return
    for name in filter(str.isdecimal, names):
        try:
            file = os.open(f"{proc}/{name}/stat", os.O_RDONLY)
            try:
                line = os.read(file, _LINE_B)
            finally:
                os.close(file)
            fields = line.rpartition(_END_OF_NAME)[2].split()
            yield int(name), int(fields[_PARENT]), sum(map(int, fields[_TIMES]))
        except (OSError, ValueError, IndexError):  # the process ended meanwhile
            continue
