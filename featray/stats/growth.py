"""Growth: what the time and the memory of a call do as its input gets longer.

Flow: figures of several lengths, by process -> `fit_calls`, `fit_memory` -> `analysis.lengths`. Pure.

A call of n frames takes  start-up + rate * n + curvature * n^2  seconds. Each process that measured every length gives
its own three figures, by least squares on relative errors; their mean over processes and Student's t give the
intervals. So a process that is slower as a whole does not look like a longer start-up.

Memory is a line. A process may keep memory of the calls before. So only calls longer than all before them count, and
the longest length before enters the fit beside the own one: it takes up what is kept and not used again.

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
FREEDOM_MIN = 2  # degrees of freedom of memory's interval: the quantile of t on one is 12.7


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

    @property
    def is_below_zero(self) -> bool:
        """Return True if the whole interval is below 0."""
        return self.high is not None and self.high < 0


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
    cells = [cell for process in processes for cell in _cells(process) if cell.before < cell.frames or not is_kept]
    if len({cell.frames for cell in cells}) < 2:
        return None
    design = [(1.0, float(cell.frames), float(cell.before) if is_kept else 0.0) for cell in cells]
    figures = _least_squares(design, [cell.peak_b for cell in cells], has_interval=len(processes) >= INVOCATIONS_MIN)
    return MemoryGrowth(base_b=figures[0], frame_b=figures[1], processes=len(processes))


@dataclasses.dataclass(frozen=True)
class _MemoryCell:
    """Peak bytes of a cell, its frames, and the most frames of a cell before it in its process."""

    frames: int
    before: int
    peak_b: float


def _cells(process: Sequence[tuple[int, float]]) -> list[_MemoryCell]:
    longest, cells = 0, []
    for frames, peak_b in process:
        cells.append(_MemoryCell(frames, longest, peak_b))
        longest = max(longest, frames)
    return cells


def _least_squares(
    design: Sequence[Sequence[float]], values: Sequence[float], *, has_interval: bool
) -> tuple[Coefficient, Coefficient]:
    """Fit values by the columns of a design; return the first two figures. A column of zeros is left out."""
    import numpy as np

    columns = np.array(design)
    columns = columns[:, np.any(columns != 0, axis=0)]
    scale = np.abs(columns).max(axis=0)
    scaled, peaks = columns / scale, np.array(values)
    if np.linalg.matrix_rank(scaled) < scaled.shape[1]:  # too few orders to tell kept memory apart
        columns, scale, scaled = columns[:, :2], scale[:2], scaled[:, :2]
    solution = np.linalg.lstsq(scaled, peaks, rcond=None)[0]
    first, second = (float(value) for value in (solution / scale)[:2])
    freedom = len(peaks) - scaled.shape[1]
    if not has_interval or freedom < FREEDOM_MIN:
        return Coefficient(value=first), Coefficient(value=second)
    residual = float(((peaks - scaled @ solution) ** 2).sum()) / freedom
    errors = np.sqrt(residual * np.diag(np.linalg.inv(scaled.T @ scaled))) / scale
    return _coefficient(first, float(errors[0]), freedom), _coefficient(second, float(errors[1]), freedom)
