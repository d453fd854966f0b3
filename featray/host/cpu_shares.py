"""CPU shares: which processors each of several processes side by side is to keep to.

Flow: `joint_run` -> `share_out` -> the child pins itself. The folder /sys is an argument, so that tests read recorded
trees. Whole cores stay together, and cores of one package: no two processes share a core where there are enough.
"""

import itertools
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

SYS = Path("/sys")

CpuShare = tuple[int, ...]
"""Logical processors of one process, in order."""


def allowed_cpus() -> frozenset[int]:
    """List the processors that this process may use; none where the system cannot pin a process, such as macOS."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


def share_out(processes: int, allowed: Collection[int], sysfs: Path = SYS) -> tuple[CpuShare, ...] | None:
    """Share processors out evenly.

    Args:
        processes: How many processes.
        allowed: Logical processors to share out.
        sysfs: The folder /sys.

    Returns:
        One share per process; None if there are fewer processors than processes, which are then not pinned.
    """
    cores = _cores(allowed, sysfs)
    parts = cores if len(cores) >= processes else [(cpu,) for core in cores for cpu in core]
    if len(parts) < processes:
        return None
    bounds = [len(parts) * number // processes for number in range(processes + 1)]
    runs = itertools.pairwise(bounds)
    return tuple(tuple(sorted(cpu for part in parts[low:high] for cpu in part)) for low, high in runs)


def _cores(allowed: Collection[int], sysfs: Path) -> list[CpuShare]:
    """Group processors by core, cores of one package next to each other; without topology each is a core."""
    cores: dict[tuple[int, int], list[int]] = {}
    for cpu in sorted(allowed):
        topology = sysfs / "devices/system/cpu" / f"cpu{cpu}" / "topology"
        package, core = (_read(topology / name) for name in ("physical_package_id", "core_id"))
        place = (package, core) if package is not None and core is not None else (-1, cpu)
        cores.setdefault(place, []).append(cpu)
    return [tuple(cpus) for _, cpus in sorted(cores.items())]


def _read(file: Path) -> int | None:
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if re.fullmatch(r"[0-9]+", text) else None


def write(shares: Sequence[CpuShare]) -> str:
    """Write shares for people: `0-3; 4-7`."""
    return "; ".join(",".join(_runs(share)) for share in shares)


def _runs(share: CpuShare) -> list[str]:
    runs: list[list[int]] = []
    for cpu in share:
        if runs and cpu == runs[-1][-1] + 1:
            runs[-1].append(cpu)
        else:
            runs.append([cpu])
    return [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
