"""Disturbances: what else used a machine while a unit was measured, and how it ran, as figures of the unit's rows.

Flow: rows of one side -> figures -> `cautions.signs` for one unit, `comparison.state` for two. Pure.
A figure is the mean over invocations, as the time that a verdict compares is the mean of their logs: what disturbs two
invocations of five moves both by two fifths. It is None where no row has it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from featray.core.row import Row

CPU_OTHER_MAX = 0.05
"""Share of the CPUs, or of what two sides were left of them. A call that keeps all CPUs busy takes as much longer as it
is left less of them, and 5% is more than the 3% that a verdict calls a difference. What featray and Ray run beside the
child took 2.7% of 2 CPUs. Where others took 82% and 80%, identical runs were left 18% and 20%, and differed by 17%."""

OWN_LOAD = 1.0
"""Load average per CPU that the cells measured before may have left: one thread on each CPU."""

LOAD_MAX = 0.5
"""Load average per CPU. A choice: half a further thread on each CPU, so that a call gets two thirds of it. Less says
nothing, since the load average of a minute holds the cells before: of five like invocations the first, which has none
before it, moves the mean by 0.2."""

CONTENTION = 1.5
"""How many times longer, in log time, a call may take than the share of the CPUs that it is left explains: it also
waits for caches and memory. Where others took 82% and 80%, identical runs differed by 17%; their shares explain 11%."""

STOLEN_MAX = 0.03
"""Share of the time in which processors had work, or of what two sides were left of it. A call waits that long for the
hypervisor: as long as a difference must be to count."""

LITTLE_STOLEN = 0.03  # share of the processor time below which it is written with one decimal

SWAP_GROWTH_MAX_B = 256 * 1024**2
"""Bytes. A choice: idle pages go to swap by a few MiB on any machine. If this much goes there while a unit is measured,
memory is short, and a call waits for pages: 100 µs for each from an SSD instead of 0.1 µs."""

CLOCK_MAX = 0.03
"""Log of a GPU's clock. A call takes longer by as much at most: as long as a difference must be to count."""

CLOCK_LOW = 2 / 3
"""Share of a GPU's highest clock below which a clock is low by itself, where the other side's is unknown. A choice: a
call then takes up to half as long again. Power and heat alone keep most GPUs above it."""

TEMPERATURE_MAX_C = 20.0
"""Degrees. A GPU boosts 15 MHz less for every 5 to 10 degrees, so 20 degrees are up to 60 MHz of 2 GHz: 3%."""

MOST = 0.5
"""Share of the invocations. Whether a rule is met differs if it does in more of them: calls that scatter may miss it by
chance."""

SOME = 0.2
"""Share of the invocations. Throttling, or another process on the GPU, does not come by chance: one invocation of five
may have it on one side alone, two may not."""


def cpu_other(rows: Sequence[Row]) -> float | None:
    """Give the share of the host's CPUs that other processes took."""
    return _mean(row.cpu_other for row in rows)


def log_left(share: float) -> float:
    """Give the logarithm of what is left of a share, to compare two sides by; at least a thousandth is left."""
    return math.log(max(1.0 - share, 1e-3))


def load_per_cpu(rows: Sequence[Row]) -> float | None:
    """Give the load average per CPU before the first call."""
    return _mean(row.load_1m / row.cpu_count if row.load_1m is not None and row.cpu_count else None for row in rows)


def steal_share(rows: Sequence[Row]) -> float | None:
    """Give the share of the host's processor time that the hypervisor took, as the column has it."""
    return _mean(row.steal_share for row in rows)


def write_stolen(share: float) -> str:
    """Write the share of the host's processor time that the hypervisor took; little of it may be much of a call."""
    return f"{share:.1%}" if 0 < share < LITTLE_STOLEN else f"{share:.0%}"


def stolen(rows: Sequence[Row]) -> float | None:
    """Give the share that the hypervisor took of the time in which processors had work.

    A call waits for that share of its time, whatever the idle processors do.
    """
    return _mean(_stolen(row.steal_share, row.cpu_utilization) for row in rows)


def _stolen(steal_share: float | None, cpu_utilization: float | None) -> float | None:
    """Divide the stolen share by the busy one, which holds it."""
    if steal_share is None or cpu_utilization is None:
        return None
    return min(1.0, steal_share / cpu_utilization) if cpu_utilization > 0 else 0.0


def swap_growth_b(rows: Sequence[Row]) -> float | None:
    """Give by how much the swap in use grew from the first invocation of a run to its last: the most of all runs."""
    by_run: dict[tuple[str, str | None], list[int]] = {}
    for row in sorted(rows, key=lambda row: row.started_at):
        if row.swap_used_b is not None:
            by_run.setdefault((row.run_id, row.boot_id), []).append(row.swap_used_b)
    return max((float(max(0, used[-1] - used[0])) for used in by_run.values()), default=None)


def relative_clock(rows: Sequence[Row]) -> float | None:
    """Give the GPU's clock as a share of its highest."""
    clocks = ((row.sm_clock_median_hz, row.sm_clock_max_hz) for row in rows)
    return _mean(clock_hz / max_hz if clock_hz and max_hz else None for clock_hz, max_hz in clocks)


def temperature_c(rows: Sequence[Row]) -> float | None:
    """Give the GPU's highest temperature in an invocation."""
    return _mean(row.temperature_max_c for row in rows)


def foreign_gpu_processes(rows: Sequence[Row]) -> float | None:
    """Give the number of other processes on the GPU."""
    return _mean(row.foreign_gpu_processes for row in rows)


def throttled(rows: Sequence[Row]) -> float | None:
    """Give the share of invocations in which the GPU was throttled."""
    return _share(row.throttled for row in rows)


def unmet(rule: str) -> Callable[[Sequence[Row]], float | None]:
    """Make a function that gives the share of invocations that do not meet a rule of the measuring protocol."""
    return lambda rows: _share(None if row.unmet_rules is None else rule in row.unmet_rules for row in rows)


def _share(marks: Iterable[bool | None]) -> float | None:
    known = [mark for mark in marks if mark is not None]
    return sum(known) / len(known) if known else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
