"""Idle power: what GPU and processors draw before the detector is loaded.

Flow: `invocation_run` -> `measure` -> columns `idle_power_w` and `cpu_idle_power_w` -> `analysis.energy`.
The process before may have ended just now, and a GPU keeps its clocks for some seconds after its last work. So windows
are measured one after another until the power no longer falls.
"""

from collections.abc import Callable, Mapping

WINDOW_S = 1.0
"""Seconds of a window. NVML's counter rises about ten times per second, and RAPL's a thousand times: 10% and less of
the energy at idle depends on where the window's ends fall."""

WINDOWS_MAX = 8
"""Windows at most. A choice: a GPU needs 1 to 5 s to fall to its idle clocks."""

SETTLED = 0.05
"""Share by which the power of a window may lie below that of the one before. A choice: above what a window's ends do
to a power of 30 W and more, and below any step between two clocks."""

ReadEnergy = Callable[[], float | None]


def measure(
    counters: Mapping[str, ReadEnergy], *, clock: Callable[[], float], sleep: Callable[[float], None]
) -> dict[str, float]:
    """Measure the power of each counter while nothing runs.

    Args:
        counters: Column -> what reads its energy so far, in joules. One that gives None is left out.
        clock: Seconds from any origin.
        sleep: Waits.

    Returns:
        Column -> watts, of the last window; empty, and at once, where no counter can be read.
    """
    readable = {name: read for name, read in counters.items() if read() is not None}
    powers: dict[str, float] = {}
    for _ in range(WINDOWS_MAX if readable else 0):
        before, powers = powers, _measure_window(readable, clock, sleep)
        if before and all(powers[name] >= before[name] * (1 - SETTLED) for name in powers.keys() & before.keys()):
            break
    return powers


def _measure_window(
    counters: Mapping[str, ReadEnergy], clock: Callable[[], float], sleep: Callable[[float], None]
) -> dict[str, float]:
    began, before = clock(), {name: read() for name, read in counters.items()}
    sleep(WINDOW_S)
    after, lasted_s = {name: read() for name, read in counters.items()}, clock() - began
    rises = {name: (before[name], after[name]) for name in counters}
    return {
        name: (late - early) / lasted_s
        for name, (early, late) in rises.items()
        if early is not None and late is not None
    }
