"""Search text: what a search found, as sentences for people and as plain values for scripts.

Flow: `analysis.advice.search_results` -> `sentence`, `record` -> `featray submit`, notebooks. Pure.
"""

from typing import Any

from featray.analysis.advice.search_results import SearchResult, value_of
from featray.core import wording

AXES = {"batch_size": "batch size", "num_workers": "number of workers", "threads": "number of threads"}
"""Axis -> its name in a sentence."""


def axis_name(axis: str) -> str:
    """Name an axis in a sentence."""
    return AXES.get(axis, f"number of {axis.replace('_', ' ')}")


def sentence(result: SearchResult) -> str:
    """Say which value to use, which are equally good, and why no larger one was tried."""
    row, target = result.units[0].row, result.units[0].target
    name = f"{wording.short(row.detector)}, {wording.short(row.input)}, {target.name}"
    axis = axis_name(result.search.axis)
    if result.best is None:
        return f"{name}: no {axis} to recommend: {result.end}"
    tied = wording.listed(result.tied, None)
    others = f", equally good: {tied}" if len(result.tied) > 1 else ""
    speed = f"{wording.rate(result.best.speed.hz)} frames/s"
    doubt = "" if result.is_confirmed else "; too few invocations to be sure"
    return f"{name}: {axis} {result.value} ({speed}{others}{doubt}). Tried up to {_last(result)}: {result.end}"


def _last(result: SearchResult) -> int:
    return value_of(result.units[-1], result.search.axis)


def record(result: SearchResult) -> dict[str, Any]:
    """Write a result as plain values; speeds are frames per second."""
    row, best = result.units[0].row, result.best
    return {
        "axis": result.search.axis,
        "detector": row.detector,
        "input": row.input,
        "target": row.target_id,
        "target_label": result.units[0].target.name,
        "value": result.value,
        "equally_good": list(result.tied),
        "confirmed": result.is_confirmed,
        "throughput_hz": best.speed.hz if best else None,
        "throughput_low_hz": best.speed.low if best else None,
        "throughput_high_hz": best.speed.high if best else None,
        "tried": [value_of(unit, result.search.axis) for unit in result.units],
        "end": result.end,
    }
