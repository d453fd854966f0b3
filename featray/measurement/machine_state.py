"""Machine state: settings and load of the host that change how fast it runs, as columns of a row.

Flow: `invocation_run` reads `columns` before the detector is loaded, `bench` reads the load and the swap in use before
each cell, and `telemetry` reads the processor time around each timed call.
The folders /proc and /sys are arguments, so that tests read recorded trees. Nothing here needs privileges or raises:
what the host does not say is None, and on a Mac that is nearly everything.
"""

import dataclasses
import os
import re
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from featray.measurement import control_groups, provenance

PROC, SYS = Path("/proc"), Path("/sys")

_CPUS = Path("devices/system/cpu")


def count_allowed_cpus() -> int | None:
    """Count the processors that this process may use; None where the system has no such limit.

    Call it before OpenMP starts: it may bind this thread to one processor.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def pin(cpus: Collection[int]) -> None:
    """Keep this process, and what it starts, to some processors; none are named where the system has no such limit.

    Call it before OpenMP starts, from the main thread: a thread has the processors of the thread that started it.
    """
    if cpus and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)


def columns(*, proc: Path = PROC, sysfs: Path = SYS, affinity: int | None = None) -> dict[str, Any]:
    """Describe the state of this machine that changes rarely, as columns of a row.

    Args:
        proc: The folder /proc.
        sysfs: The folder /sys.
        affinity: What `count_allowed_cpus` returned.
    """
    return {
        "boot_id": read_boot_id(proc),
        "cpu_governor": read_governor(sysfs),
        "cpu_turbo": read_turbo(sysfs),
        "cpu_smt": _read_switch(sysfs / _CPUS / "smt" / "active"),
        "cpu_affinity": affinity,
        "cpu_quota": read_quota(proc, sysfs),
        "numa_nodes": sum(1 for _ in (sysfs / "devices/system/node").glob("node[0-9]*")) or None,
        "transparent_hugepages": _read_selected(sysfs / "kernel/mm/transparent_hugepage/enabled"),
    }


def read_boot_id(proc: Path) -> str | None:
    """Read the id that the kernel draws at each boot."""
    if sys.platform == "darwin":
        return provenance.read_sysctl(b"kern.bootsessionuuid")
    return _read(proc / "sys/kernel/random/boot_id")


def read_governor(sysfs: Path) -> str | None:
    """Read the frequency governor of the processors; several are listed with commas."""
    files = (sysfs / _CPUS).glob("cpu[0-9]*/cpufreq/scaling_governor")
    names = {name for file in files if (name := _read(file)) is not None}
    return ", ".join(sorted(names)) or None


def read_turbo(sysfs: Path) -> bool | None:
    """Read whether the processors may run above their base clock; None where they differ or do not say.

    Source: Linux, admin-guide/pm: intel_pstate has `no_turbo`; acpi-cpufreq has one `boost`, amd-pstate one per policy.
    """
    no_turbo = _read_switch(sysfs / _CPUS / "intel_pstate" / "no_turbo")
    if no_turbo is not None:
        return not no_turbo
    policies = (sysfs / _CPUS / "cpufreq").glob("policy[0-9]*/boost")
    switches = {_read_switch(file) for file in (sysfs / _CPUS / "cpufreq" / "boost", *policies)} - {None}
    return switches.pop() if len(switches) == 1 else None


def read_quota(proc: Path, sysfs: Path) -> float | None:
    """Read how many processors' time this process's control group may use; None without a limit.

    Source: cgroup v2, `cpu.max`; v1, `cpu.cfs_quota_us` over `cpu.cfs_period_us`. The tightest group counts.
    """
    folders = control_groups.list_folders("cpu", root=sysfs / "fs/cgroup", membership=proc / "self/cgroup")
    return min((quota for folder in folders if (quota := _read_group_quota(folder)) is not None), default=None)


def _read_group_quota(folder: Path) -> float | None:
    text = _read(folder / "cpu.max") or f"{_read(folder / 'cpu.cfs_quota_us')} {_read(folder / 'cpu.cfs_period_us')}"
    match = re.fullmatch(r"(\d+) ([1-9]\d*)", text)  # no limit is `max` in version 2 and -1 in version 1
    return int(match[1]) / int(match[2]) if match else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class CpuTimes:
    """Processor time of the host, summed over processors, in seconds: since boot, or between two readings.

    `steal_s` is the time in which a virtual machine had work and the hypervisor ran something else.
    """

    busy_s: float
    total_s: float
    steal_s: float | None

    def __sub__(self, earlier: "CpuTimes") -> "CpuTimes":
        """Compute the time between two readings."""
        both = self.steal_s is not None and earlier.steal_s is not None
        return CpuTimes(
            busy_s=self.busy_s - earlier.busy_s,
            total_s=self.total_s - earlier.total_s,
            steal_s=(self.steal_s or 0.0) - (earlier.steal_s or 0.0) if both else None,
        )


def _ask_psutil_for_cpu_times() -> CpuTimes | None:
    psutil = import_psutil()
    if psutil is None:
        return None
    # Linux counts a guest's time in user and nice already.
    times = {name: s for name, s in psutil.cpu_times()._asdict().items() if name not in ("guest", "guest_nice")}
    return CpuTimes(
        # A sum and not total minus idle: rounding could make that difference shrink.
        busy_s=sum(seconds for name, seconds in times.items() if name not in ("idle", "iowait")),
        total_s=sum(times.values()),
        steal_s=None,
    )


def read_cpu_times(
    proc: Path = PROC,
    *,
    ticks_per_s: int = os.sysconf("SC_CLK_TCK"),
    by_psutil: Callable[[], CpuTimes | None] = _ask_psutil_for_cpu_times,
) -> CpuTimes | None:
    """Read the host's processor time since boot: from /proc/stat, else from psutil; None without both.

    Source: proc(5). A guest's time is part of user and nice already, so it is left out.
    """
    line = (_read(proc / "stat") or "").partition("\n")[0]
    match = re.fullmatch(r"cpu((?: +\d+){8,})", line)
    if match is None:
        return by_psutil()
    user, nice, system, idle, iowait, irq, softirq, steal = (int(ticks) / ticks_per_s for ticks in match[1].split()[:8])
    busy_s = user + nice + system + irq + softirq + steal
    return CpuTimes(busy_s=busy_s, total_s=busy_s + idle + iowait, steal_s=steal)


def read_load_1m() -> float | None:
    """Read the host's one-minute load average."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _ask_psutil_for_swap_b() -> int | None:
    psutil = import_psutil()
    return None if psutil is None else int(psutil.swap_memory().used)


def read_swap_used_b(proc: Path = PROC, *, by_psutil: Callable[[], int | None] = _ask_psutil_for_swap_b) -> int | None:
    """Read how much swap the host uses, in bytes: from /proc/meminfo, else from psutil; None without both."""
    text = _read(proc / "meminfo") or ""
    total, free = (re.search(rf"^{name}: +(\d+) kB$", text, re.MULTILINE) for name in ("SwapTotal", "SwapFree"))
    return (int(total[1]) - int(free[1])) * 1024 if total and free else by_psutil()


def _read_switch(file: Path) -> bool | None:
    """Read a file that holds 1 or 0."""
    return {"1": True, "0": False}.get(_read(file) or "")


def _read_selected(file: Path) -> str | None:
    """Read the choice in brackets: `always [madvise] never`."""
    match = re.search(r"\[(\w+)\]", _read(file) or "")
    return match[1] if match else None


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def import_psutil() -> Any | None:
    """Import psutil; None where it is absent, as in some measuring environments."""
    try:
        import psutil
    except ImportError:
        return None
    return psutil
