"""History JSON: every series with its points and steps, for programs. Figures in SI units; absent is null.

Flow: `analysis.history` -> `records` -> `featray history --json`. Pure.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from featray.analysis.history import HistoryChange, Point, Series
from featray.core import json_text
from featray.rendering import history_text

FORMAT_VERSION = 1


def render(found: Sequence[tuple[Series, Sequence[HistoryChange]]]) -> str:
    """Write all series, indented."""
    value = {"format": FORMAT_VERSION, "series": [of_series(series, changes) for series, changes in found]}
    return json_text.write(value)


def of_series(series: Series, changes: Sequence[HistoryChange]) -> dict[str, Any]:
    """Give a series as plain values."""
    row = series.unit.row
    return {
        "machine": {
            "target_id": series.machine.target_id,
            "host": series.machine.host_name,
            "device": series.machine.device_name,
        },
        "name": series.name,
        "detector": row.detector,
        "input": row.input,
        "device": row.device,
        "batch_size": row.batch_size,
        "num_workers": row.num_workers,
        "weights": row.weights,
        "points": [of_point(point) for point in series.points],
        "changes": [of_change(change) for change in changes],
    }


def of_point(point: Point) -> dict[str, Any]:
    """Give a point as plain values."""
    low, high = point.interval_s or (None, None)
    return {
        "started_at": point.moment,
        **_software(point),
        "environments": list(point.environments),
        "requirements": list(point.requirements),
        "call_s": point.call_s,
        "low_s": low,
        "high_s": high,
        "processes": len(point.logs),
        "imported": point.is_imported,
        "beside_newer": point.is_beside,
        "run_ids": list(dict.fromkeys(row.run_id for row in point.rows)),
    }


def _software(point: Point) -> dict[str, str | None]:
    values = dataclasses.asdict(point.software)
    return {"pyfeat": values["pyfeat"], "pyfeat_commit": values["commit"], "pyfeat_dirty": values["changes"]} | {
        "torch": values["torch"]
    }


def of_change(change: HistoryChange) -> dict[str, Any]:
    """Give a step as plain values; `ratio` is the time after it over the time before it."""
    return {
        "state": str(change.state),
        "before": change.before.moment,
        "after": change.after.moment,
        "ratio": change.step.ratio,
        "low": change.step.low,
        "high": change.step.high,
        "differing": list(change.differing),
        "side_by_side": None
        if change.pair is None
        else {
            "run_id": change.pair.candidate.row.run_id,
            "verdict": str(change.pair.verdict),
            "ratio": change.pair.decision.ratio if change.pair.decision else None,
            "low": change.pair.decision.low if change.pair.decision else None,
            "high": change.pair.decision.high if change.pair.decision else None,
            "reasons": list(change.pair.reasons),
        },
        "failures": list(change.failures),
        "text": history_text.sentence(change),
    }
