"""Sustained: the speed of one continuous run, in each ten seconds of it.

Flow: `bench` -> `measure_rates` after a cell's timed calls -> column sustained_hz. Pure but for the call and the clock.

Repeats are bursts of seconds. Labs run detectors for days, and a GPU that loses 12% to heat within a minute reads 10%
too fast in bursts.
"""

from collections.abc import Callable

WINDOW_S = 10.0  # a heat sink takes tens of seconds to warm up, so its effect shows over several windows
WINDOW_MIN_S = 5.0  # of a last window: in less, one call of a second or two decides the rate


def measure_rates(call: Callable[[], object], *, frames: int, run_s: float, clock: Callable[[], float]) -> list[float]:
    """Call without a pause until `run_s` have passed, and compute the rate in each window.

    Args:
        call: One call; it returns when the device has finished.
        frames: Frames of one call. They count evenly over its duration, so a call may count in several windows.
        run_s: Seconds after which no new call begins.
        clock: Seconds from any origin.

    Returns:
        Frames per second of each window of `WINDOW_S`; a last one of under `WINDOW_MIN_S` is left out.
    """
    counts: list[float] = []
    begun, end = clock(), 0.0
    while end < run_s:
        start = end
        call()
        end = clock() - begun
        _count(counts, frames, start, end)
    lengths = [min(WINDOW_S, end - number * WINDOW_S) for number in range(len(counts))]
    return [count / length for count, length in zip(counts, lengths, strict=True) if length >= WINDOW_MIN_S]


def _count(counts: list[float], frames: int, start: float, end: float) -> None:
    """Add a call's frames to the windows that it lies in."""
    first, last = int(start // WINDOW_S), int(end // WINDOW_S)
    counts += [0.0] * (last + 1 - len(counts))
    if first == last:
        counts[first] += frames
        return
    for number in range(first, last + 1):
        overlap = min(end, (number + 1) * WINDOW_S) - max(start, number * WINDOW_S)
        counts[number] += frames * overlap / (end - start)
