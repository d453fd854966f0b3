"""Search text: what a search found, as sentences for people and as plain values for scripts.

Flow: `analysis.advice.search_results` -> `sentence`, `record` -> `featray submit`, notebooks. Pure.
"""

import json
from collections.abc import Iterable
from typing import Any

from featray.analysis.advice.search_results import SearchResult, value_of
from featray.core import wording
from featray.core.row import Row
from featray.sweep import Search

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


def limits(rows: Iterable[Row]) -> list[str]:
    """Say which limits the searches of a report had, which its tables do not apply: a sentence per search.

    Args:
        rows: Of a report. The latest row of a run counts: whoever goes on with a sweep may have changed its limits.
    """
    latest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row.started_at):
        latest[row.run_id] = row
    held = [_read(row.search_limits) for row in latest.values() if row.search_limits]
    return list(dict.fromkeys(_limits(limits) for limits in held if limits is not None))


def _read(text: str) -> Search | None:
    """Read the limits of a row; None for a text that another featray wrote."""
    try:
        held = json.loads(text)
        limits = {"memory_limit_b": held.get("memory_b"), "latency_limit_s": held.get("latency_s")}
        search = Search(axis=held["axis"], values=(), **limits)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return search if search.limits_text else None


def _limits(search: Search) -> str:
    memory_b, latency_s = search.memory_limit_b, search.latency_limit_s
    named = [
        *([] if memory_b is None else [(f"{wording.size(memory_b)} of memory", "--max-memory")]),
        *([] if latency_s is None else [(f"{wording.milliseconds(latency_s)} ms per batch", "--max-latency")]),
    ]
    what, options = (" and ".join(parts) for parts in zip(*named, strict=True))
    return (
        f"The search of the {axis_name(search.axis)} had limits that the table of settings to use does not apply: "
        f"{what}. `featray recommend` with {options} applies them."
    )


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
