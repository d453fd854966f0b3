"""Lengths: the units that differ only in how much of a clip they analyse, and what grows with the length.

Flow: units of a report -> `gather` -> `LengthSeries` -> `diagnosis.length_growth`, `rendering`. Pure.
A clip is cut or looped to each length, so that every frame costs the same, unless the detector itself says otherwise.
"""

import dataclasses
import functools
import json
import math
from collections.abc import Callable, Iterable

from featray.analysis.unit import Unit
from featray.core.choices import Device
from featray.core.row import Row
from featray.stats import growth
from featray.stats.growth import CallGrowth, MemoryGrowth

LENGTH_FIELDS = ("name", "frame_limit", "looped_frames")
"""Fields of an input in which lengths of one clip differ."""

MEMORY_LEAST_B = 1000.0
"""Bytes per frame from which growing memory is worth a sentence: 1 MB per 1000 frames, 90 MB for an hour at 25 Hz."""


@dataclasses.dataclass(frozen=True, eq=False)
class LengthSeries:
    """Units of one clip at several lengths, the shortest first; each has a time. The rest is the same for all."""

    units: tuple[Unit, ...]
    without_number: tuple[int, ...] = ()  # frames per call of lengths that were tried and have no time

    @property
    def first(self) -> Unit:
        """Give the unit of the shortest length, for what all have in common."""
        return self.units[0]

    @property
    def last(self) -> Unit:
        """Give the unit of the longest length."""
        return self.units[-1]

    @property
    def frames(self) -> tuple[int, ...]:
        """List the lengths, in frames per call."""
        return tuple(unit.row.frames or 0 for unit in self.units)

    @property
    def clip(self) -> str:
        """Name the clip by its file."""
        asked = self.first.asked.get("input") or {}
        paths = asked.get("paths") or ()
        return str(asked.get("packaged") or (paths[0].rsplit("/", 1)[-1] if paths else self.first.row.input))

    @property
    def calls(self) -> CallGrowth | None:
        """Give the fitted time of a call; None where `reason` says why there is none."""
        return None if self.reason else self._fit

    @property
    def reason(self) -> str | None:
        """Say why no time of a call is given; None if one is."""
        if self._fit is None:
            return "no process measured every length"
        if not self._fit.startup_s.is_below_zero:
            return None
        if self._fit.curvature_s is None:
            return "the lengths do not lie on a line, which would start below 0; measure three lengths or more"
        return "the lengths do not lie on a curve, which would start below 0"

    @functools.cached_property
    def _fit(self) -> CallGrowth | None:
        """Fit the time of a call, whether it can be or not; None if no process measured every length."""
        processes: dict[str, dict[int, float]] = {}
        for unit in self.units:
            for row, seconds in zip(unit.measured, unit.medians_s, strict=True):
                if row.frames and seconds > 0:
                    processes.setdefault(_process(row), {})[row.frames] = seconds
        complete = [process for process in processes.values() if len(process) == len(self.units)]
        return growth.fit_calls(complete)

    @functools.cached_property
    def memory(self) -> MemoryGrowth | None:
        """Fit the peak memory of the process, which stays on the host; None if unknown."""
        return self._fit_memory(lambda row: row.rss_peak_b, is_kept=True)

    @functools.cached_property
    def gpu_memory(self) -> MemoryGrowth | None:
        """Fit the peak memory that torch reserved on the GPU; None without a GPU."""
        if self.first.row.device != Device.CUDA:
            return None
        return self._fit_memory(lambda row: row.gpu_memory_reserved_peak_b, is_kept=False)

    def _fit_memory(self, read: Callable[[Row], int | None], *, is_kept: bool) -> MemoryGrowth | None:
        processes: dict[str, list[tuple[int, int, float]]] = {}
        for unit in self.units:
            for row in unit.measured:
                peak_b = read(row)
                if peak_b is not None and row.frames:
                    processes.setdefault(_process(row), []).append((row.order_index or 0, row.frames, float(peak_b)))
        ordered = [[(frames, peak) for _, frames, peak in sorted(cells)] for cells in processes.values()]
        return growth.fit_memory(ordered, is_kept=is_kept)


def _process(row: Row) -> str:
    return row.process or f"{row.run_id} {row.target_id} {row.invocation}"


def gather(units: Iterable[Unit]) -> list[LengthSeries]:
    """Find the clips that were measured at several lengths, in the order of their first units.

    Args:
        units: Of a report.
    """
    groups: dict[tuple[str, ...], dict[int, Unit]] = {}
    failed: dict[tuple[str, ...], set[int]] = {}
    for unit in units:
        if unit.is_video and unit.row.frames and unit.asked and not unit.is_replayed:
            if unit.logs:
                groups.setdefault(_alike(unit), {}).setdefault(unit.row.frames, unit)
            else:
                failed.setdefault(_alike(unit), set()).add(unit.row.frames)
    series = [
        LengthSeries(
            tuple(members[frames] for frames in sorted(members)),
            tuple(sorted(failed.get(alike, set()) - members.keys())),
        )
        for alike, members in groups.items()
    ]
    return [each for each in series if len(each.units) > 1]


def _alike(unit: Unit) -> tuple[str, ...]:
    """Name everything but the length."""
    return unit.row.run_id, unit.row.target_id, _without_length(unit.row.asked or "{}")


@functools.lru_cache(maxsize=4096)  # the same cells are on many targets
def _without_length(asked: str) -> str:
    value = json.loads(asked)
    clip = value.get("input")
    if isinstance(clip, dict):
        value["input"] = {name: item for name, item in clip.items() if name not in LENGTH_FIELDS}
    return json.dumps(value, sort_keys=True)


def best_piece(calls: CallGrowth) -> int | None:
    """Give the frames per call at which a frame takes the least time; None if start-up or curvature may be 0.

    Shorter calls pay the start-up more often, longer ones the curvature: a/n + b + c n is least at sqrt(a/c).
    """
    startup_s, curvature_s = calls.startup_s, calls.curvature_s
    if curvature_s is None or not (startup_s.is_above_zero and curvature_s.is_above_zero):
        return None
    return round(math.sqrt(startup_s.value / curvature_s.value))
