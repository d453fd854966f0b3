"""Speeds: how fast a unit is in repeated calls and, where it was measured, in a continuous run.

Flow: `unit.Unit` -> `of_unit`, `in_sustained_runs` -> `settings`. Pure.

Repeated calls are bursts of seconds. A sustained run shows what is left of that speed when the machine is hot.
"""

import dataclasses
import math
from collections.abc import Sequence
from statistics import median

from featray import stats
from featray.analysis.unit import Unit
from featray.core.row import Row

LAST_WINDOWS = 3
"""Windows at the end of a sustained run whose median is its speed: one stray window of three does not move it. The
first window never counts, since the machine is still cool in it."""


DECAY_DIGITS = 6  # what rounding errors leave of no decay is below


@dataclasses.dataclass(frozen=True, kw_only=True)
class Speed:
    """Frames or images per second, with the 95% interval if there are enough invocations."""

    hz: float
    low: float | None
    high: float | None
    is_sustained: bool = False  # of the end of sustained runs; else of repeated calls
    decay: float | None = None  # share of the first window's speed that is lost in the last; None: unknown
    run_ids: tuple[str, ...]  # that measured the same cell with the same work in the same context; all count

    @property
    def over(self) -> str:
        """Say over how many runs it is: ` over 2 runs`; nothing for a single one."""
        return f" over {len(self.run_ids)} runs" if len(self.run_ids) > 1 else ""


def of_unit(unit: Unit) -> Speed:
    """Give the speed to plan with: of the sustained run where every invocation has one, else of the repeated calls.

    Args:
        unit: With a time and a known number of frames.
    """
    if not is_sustained(unit):
        return of_calls(unit)
    speed = of_calls(in_sustained_runs(unit))
    first = [row.sustained_hz[0] for row in unit.measured if row.sustained_hz and len(row.sustained_hz) > 1]
    last = [min(_end_hz(row), (row.sustained_hz or [math.inf])[-1]) for row in unit.measured]
    decay = 1 - stats.centre_s(last) / stats.centre_s(first) if len(first) == len(unit.measured) else None
    decay = None if decay is None else round(decay, DECAY_DIGITS) + 0.0  # never -0.0
    return dataclasses.replace(speed, is_sustained=True, decay=decay)


def of_calls(unit: Unit) -> Speed:
    """Give the speed of the repeated calls, those of earlier runs included: comparisons count them too."""
    frames, interval_s = unit.row.frames or 0, unit.interval_s
    return Speed(
        hz=frames / (unit.call_s or math.inf),
        low=frames / interval_s[1] if interval_s else None,
        high=frames / interval_s[0] if interval_s else None,
        run_ids=tuple(dict.fromkeys(each.key[0] for each in (unit, *unit.earlier))),
    )


def is_sustained(unit: Unit) -> bool:
    """Return True if every invocation with a time has a sustained run, and each of its windows a speed."""
    runs = [row.sustained_hz for row in unit.measured]
    return bool(runs) and all(run and min(hz or 0.0 for hz in run) > 0 for run in runs)


def in_sustained_runs(unit: Unit) -> Unit:
    """Give the unit as its sustained runs show it: each invocation has one time, that of a call at the end of the run.

    Args:
        unit: Sustained; other sessions of it are left out.
    """
    frames = unit.row.frames or 1
    rows = [dataclasses.replace(row, timed_s=[frames / _end_hz(row)]) for row in unit.measured]
    return dataclasses.replace(unit, rows=tuple(rows), earlier=())


def alike(units: Sequence[Unit]) -> list[Unit]:
    """Give units as they can be compared: all by their sustained runs, or all by their repeated calls."""
    return [in_sustained_runs(unit) for unit in units] if all(map(is_sustained, units)) else list(units)


def _end_hz(row: Row) -> float:
    windows = row.sustained_hz or []
    return median(windows[1:][-LAST_WINDOWS:] or windows)
