"""Document: a report as JSON, for programs: figures in SI units, absent is null, units in the order of the page."""

import dataclasses
import json
from typing import Any

from featray.rendering import unit_records
from featray.rendering.document import BestSetting, Report
from featray.rendering.notes import NONE, Notes
from featray.rendering.page import tables

FORMAT_VERSION = 1


def render(report: Report, found: Notes = NONE, hand_written: str | None = None) -> str:
    """Write the whole report, indented, ending with a newline."""
    value = {"format": FORMAT_VERSION, **_report(report), "notes": _notes(found), "hand_written": hand_written}
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _report(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "date": report.date,
        "synthetic": report.synthetic,
        "descriptions": list(report.descriptions),
        "metadata": dict(report.metadata),
        "blocks": [{"heading": block.heading, "metadata": dict(block.metadata)} for block in report.blocks],
        "units": [unit_records.unit(each, report.targets) for each in tables.ordered(report)],
        "settings_to_use": [_setting(each) for each in report.best],
        "remarks": [dataclasses.asdict(each) for each in report.remarks],
    }


def _setting(each: BestSetting) -> dict[str, Any]:
    run_id, cell_id, target_id = each.unit.key
    return {"run_id": run_id, "cell_id": cell_id, "target_id": target_id, "as_good_batch_sizes": list(each.as_good)}


def _notes(found: Notes) -> dict[str, Any]:
    return dataclasses.asdict(found)
