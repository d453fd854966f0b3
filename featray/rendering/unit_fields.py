"""Unit fields: a unit as named plain values, for JSON and CSV. SI units, with the unit in the name; absent is null.

Flow: `unit.Unit` -> `of_unit` -> `json_report`, `to_csv`. Pure.
"""

import csv
import io
import json
import shlex
from collections.abc import Iterable

from featray.analysis import cold_start, energy, footprint, prices
from featray.analysis.unit import Unit
from featray.core.row import NO_TARGET
from featray.core.status import Status
from featray.rendering import unit_text

FieldValue = str | int | float | bool | None | list[float] | dict[str, float]


def of_unit(unit: Unit) -> dict[str, FieldValue]:
    """Write one unit: where it was measured, its figures, and how to measure it again."""
    row = unit.row
    return {
        "sweep": row.sweep,
        "run_id": row.run_id,
        "cell_id": row.cell_id,
        "work_id": row.work_id,
        "target_id": row.target_id,
        "host": unit.target.host_name,
        "target": unit.target.device_name,
        "detector": row.detector,
        "input": row.input,
        "section": row.section_label,
        "device": row.device,
        "batch_size": row.batch_size,
        "num_workers": row.num_workers,
        "threads": unit.threads,
        "processes": unit.processes,
        "gpus": unit.gpus,
        "pinned_cpus": row.pinned_cpus,
        "mps_daemon": row.mps_daemon,
        "environment": row.environment,
        "weights": row.weights,
        "replayed": unit.is_replayed,
        "status": status(unit),
        "reason": unit.failed[-1].reason if unit.failed else None,
        "invocations": len(unit.rows),
        "measured_invocations": len(unit.measured),
        "call_s": unit.call_s,
        "frame_s": unit.frame_s,
        "process_frame_s": unit.process_frame_s,
        "frames_per_s": unit_text.throughput_hz(unit),
        "interval_low_s": unit.interval_s[0] if unit.interval_s else None,
        "interval_high_s": unit.interval_s[1] if unit.interval_s else None,
        "spread": unit.spread,
        "frames": row.frames,
        "fex_rows": row.fex_rows,
        "faces": row.faces,
        "faces_min": row.faces_min,
        "faces_mean": row.faces_mean,
        "faces_max": row.faces_max,
        "face_s": unit.face_s,
        "start_s": cold_start.start_s(unit),
        "first_call_s": cold_start.first_call_s(unit),
        "energy_per_frame_j": energy.frame_j(unit),
        "energy_per_face_j": energy.face_j(unit),
        "energy_above_idle_per_frame_j": energy.above_idle_j(unit),
        "idle_power_w": energy.idle_w(unit),
        "energy_reason": row.energy_reason,
        "cost_per_1000_hours": prices.film_cost(unit),
        "memory_b": footprint.used_b(unit),
        "memory_total_b": footprint.total_b(unit),
        "stages_s": unit.stages_s or None,
        "accuracy": unit.accuracy or None,
        "command": command(unit),
    }


def status(unit: Unit) -> str:
    """Give one status for all invocations: ok if any of them gave a number, else the last status."""
    return str(Status.OK) if unit.measured else str(unit.rows[-1].status)


def command(unit: Unit) -> str | None:
    """Write the command that measures a unit again; None for imported rows, whose cell is not known in full."""
    row = unit.row
    if row.asked is None:
        return None
    target = "" if row.target_id == NO_TARGET else f" --target {shlex.quote(row.target_id)}"
    return f"featray measure --cell {shlex.quote(row.cell_id)}{target}"


def to_csv(units: Iterable[Unit]) -> str:
    """Write units as CSV with a header; nested values as JSON, null as an empty field. No units make an empty text.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    lines = [of_unit(unit) for unit in units]
    if not lines:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _csv_value(value) for key, value in line.items()} for line in lines)
    return text.getvalue()


def _csv_value(value: FieldValue) -> object:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
