"""Growth: what the time and the memory of a call do as its input gets longer.

Flow: figures of several lengths, by process -> `fit_calls`, `fit_memory` -> `analysis.lengths`. Pure.

A call of n frames takes  start-up + rate * n + curvature * n^2  seconds. Each process that measured every length gives
its own three figures, by least squares on relative errors; their mean over processes and Student's t give the
intervals. So a process that is slower as a whole does not look like a longer start-up.

Memory is a line. A process keeps memory of a longer call before, so that only calls longer than all before them show
what their length takes; of these one line is fitted over all processes.

Source: Kalibera & Jones (2013) for the process as the unit; ordinary least squares with Student's t.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from featray.stats.invocations import CONFIDENCE, variance
from featray.stats.pairing import INVOCATIONS_MIN
from featray.stats.students import below, two_sided

LENGTHS_OF_CURVE = 3  # fewer lengths show no curvature


@dataclasses.dataclass(frozen=True, kw_only=True)
class Coefficient:
    """A fitted figure with its 95% interval; without enough measurements it has none."""

    value: float
    low: float | None = None
    high: float | None = None
    chance: float = 1.0  # of such a figure, or a larger one, if the true one is 0

    @property
    def is_above_zero(self) -> bool:
        """Return True if the whole interval is above 0."""
        return self.low is not None and self.low > 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class CallGrowth:
    """The time of a call: seconds, seconds per frame, and seconds per frame and frame; None with two lengths."""

    startup_s: Coefficient
    frame_s: Coefficient
    curvature_s: Coefficient | None
    processes: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemoryGrowth:
    """The peak memory of a call: bytes at no frames, and bytes per frame."""

    base_b: Coefficient
    frame_b: Coefficient
    processes: int


def fit_calls(processes: Sequence[Mapping[int, float]]) -> CallGrowth | None:
    """Fit the time of a call; None without a process that measured two lengths.

    Args:
        processes: For each process frames -> seconds per call. Of a length that not every process has, those processes
            count that have all lengths.
    """
    lengths = sorted({frames for process in processes for frames in process})
    complete = [process for process in processes if len(process) == len(lengths)]
    if len(lengths) < 2 or not complete:
        return None
    fits = [_fit_call(lengths, [process[frames] for frames in lengths]) for process in complete]
    startup_s, frame_s, *curvature_s = (_mean(values) for values in zip(*fits, strict=True))
    return CallGrowth(
        startup_s=startup_s,
        frame_s=frame_s,
        curvature_s=curvature_s[0] if curvature_s else None,
        processes=len(complete),
    )


def _fit_call(lengths: Sequence[int], seconds: Sequence[float]) -> list[float]:
    """Fit one process, every time with the same relative error."""
    import numpy as np

    longest, powers = lengths[-1], range(min(len(lengths), LENGTHS_OF_CURVE))
    times = np.array(seconds)
    shares = np.array(lengths) / longest  # near 1, so that the powers are of one size
    design: Any = np.stack([shares**power for power in powers], axis=1) / times[:, None]
    solution = np.linalg.lstsq(design, np.ones(len(times)), rcond=None)[0]
    return [float(value) / longest**power for power, value in zip(powers, solution, strict=True)]


def _mean(values: Sequence[float]) -> Coefficient:
    count, centre = len(values), fmean(values)
    if count < INVOCATIONS_MIN:
        return Coefficient(value=centre)
    return _coefficient(centre, math.sqrt(variance(values) / count), count - 1)


def _coefficient(value: float, error: float, freedom: float) -> Coefficient:
    width = two_sided(CONFIDENCE, freedom) * error
    chance = below(-value / error, freedom) if error > 0 else float(value <= 0)
    return Coefficient(value=value, low=value - width, high=value + width, chance=chance)


def fit_memory(processes: Sequence[Sequence[tuple[int, float]]], *, is_kept: bool) -> MemoryGrowth | None:
    """Fit the peak memory; None without two lengths.

    Args:
        processes: For each process frames and peak bytes of its cells, in the order in which they were measured.
        is_kept: A process may keep memory of the cells before, as resident memory is kept.
    """
    points = [point for process in processes for point in (_longest_so_far(process) if is_kept else process)]
    if len({frames for frames, _ in points}) < 2:
        return None
    frames, peaks = [float(frames) for frames, _ in points], [peak for _, peak in points]
    count, centre = len(points), fmean(frames)
    squares = math.fsum((each - centre) ** 2 for each in frames)
    slope = math.fsum((each - centre) * peak for each, peak in zip(frames, peaks, strict=True)) / squares
    base = fmean(peaks) - slope * centre
    if len(processes) < INVOCATIONS_MIN or count <= INVOCATIONS_MIN:
        return MemoryGrowth(base_b=Coefficient(value=base), frame_b=Coefficient(value=slope), processes=len(processes))
    residual = math.fsum((peak - base - slope * each) ** 2 for each, peak in zip(frames, peaks, strict=True))
    sd, freedom = math.sqrt(residual / (count - 2)), count - 2
    return MemoryGrowth(
        base_b=_coefficient(base, sd * math.sqrt(1 / count + centre**2 / squares), freedom),
        frame_b=_coefficient(slope, sd / math.sqrt(squares), freedom),
        processes=len(processes),
    )


def _longest_so_far(process: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    longest, kept = 0, []
    for frames, peak in process:
        if frames > longest:
            longest = frames
            kept.append((frames, peak))
    return kept
