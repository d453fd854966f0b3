"""Records: a report's units as plain values, for JSON and CSV. SI units, with the unit in the name; absent is null."""

import csv
import io
import json
import shlex
from collections.abc import Iterable, Mapping

from featray.analysis import footprint
from featray.analysis.units import Unit
from featray.core.quantities import frames_per_second
from featray.core.row import NO_TARGET
from featray.core.status import Status
from featray.core.targets import NamedTarget

RecordValue = str | int | float | bool | None | list[float] | dict[str, float]


def unit(each: Unit, targets: Mapping[str, NamedTarget]) -> dict[str, RecordValue]:
    """Write one unit: where it stands, its figures, and how to measure it again."""
    row, target = each.row, targets[each.key[2]]
    return {
        "sweep": row.sweep,
        "run_id": row.run_id,
        "cell_id": row.cell_id,
        "work_id": row.work_id,
        "target_id": row.target_id,
        "host": target.host_name,
        "target": target.device_name,
        "detector": row.detector,
        "input": row.input,
        "section": row.section_label,
        "device": row.device,
        "batch_size": row.batch_size,
        "num_workers": row.num_workers,
        "threads": each.threads,
        "environment": row.environment,
        "weights": row.weights,
        "status": status(each),
        "reason": each.failed[-1].reason if each.failed else None,
        "invocations": len(each.rows),
        "measured_invocations": len(each.measured),
        "call_s": each.call_s,
        "frame_s": each.frame_s,
        "frames_per_s": throughput(each),
        "interval_low_s": each.interval_s[0] if each.interval_s else None,
        "interval_high_s": each.interval_s[1] if each.interval_s else None,
        "spread": each.spread,
        "frames": row.frames,
        "fex_rows": row.fex_rows,
        "memory_b": footprint.used_b(each),
        "memory_total_b": footprint.total_b(each),
        "stages_s": each.stages_s or None,
        "command": command(each),
    }


def status(each: Unit) -> str:
    """Sum up a unit's status: ok when any invocation gave a number, else its last status."""
    return str(Status.OK) if each.measured else str(each.rows[-1].status)


def throughput(each: Unit) -> float | None:
    """Give frames, or images, per second."""
    return frames_per_second(each.row.frames, each.call_s) if each.call_s and each.row.frames else None


def command(each: Unit) -> str | None:
    """Write the command that measures a unit again; None for imported rows, whose cell nobody knows in full."""
    row = each.row
    if row.asked is None:
        return None
    target = "" if row.target_id == NO_TARGET else f" --target {shlex.quote(row.target_id)}"
    return f"featray measure --cell {shlex.quote(row.cell_id)}{target}"


def to_csv(records: Iterable[Mapping[str, RecordValue]]) -> str:
    """Write records as CSV with a header; nested values as JSON, null as nothing. Empty without records.

    A text that a spreadsheet would run as a formula is led by an apostrophe.
    """
    kept = list(records)
    if not kept:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(kept[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in record.items()} for record in kept)
    return text.getvalue()


def _cell(value: RecordValue) -> object:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
