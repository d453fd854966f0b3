"""JSON report: a report for programs. Figures in SI units, absent is null, units in the order of the tables.

Flow: `document.Report` and `Notes` -> `render` -> `featray report --format json`. Pure.
"""

import dataclasses
from typing import Any

from featray.analysis.cautions import Caution
from featray.core import json_text
from featray.rendering import changes_text, lengths_text, tradeoffs_text, unit_fields
from featray.rendering.best_settings import BestSetting
from featray.rendering.document import Report
from featray.rendering.notes import NONE, Notes

FORMAT_VERSION = 1


def render(report: Report, notes: Notes = NONE, hand_written: str | None = None) -> str:
    """Write the whole report, indented, ending with a newline."""
    value = {
        "format": FORMAT_VERSION,
        **_report(report),
        "notes": dataclasses.asdict(notes),
        "hand_written": hand_written,
    }
    return json_text.write(value) + "\n"


def _report(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "date": report.date,
        "synthetic": report.synthetic,
        "descriptions": list(report.descriptions),
        "metadata": dict(report.metadata),
        "blocks": [{"heading": block.heading, "metadata": dict(block.metadata)} for block in report.blocks],
        "units": [unit_fields.of_unit(unit) for unit in report.ordered()],
        "settings_to_use": [_setting(setting) for setting in report.best],
        "search_limits": list(report.search_limits),
        "not_beaten": tradeoffs_text.to_plain(report.tradeoffs),
        "not_counted": [
            dict(zip(("run_id", "cell_id", "target_id"), unit.key, strict=True)) for unit in report.too_few
        ],
        "lengths": lengths_text.to_plain(report.lengths),
        "what_changes": changes_text.to_plain(report.changes),
        "what_changes_from_baseline": changes_text.to_plain(report.changes_from_baseline),
        "remarks": [_remark(caution) for caution in report.cautions],
    }


def _setting(setting: BestSetting) -> dict[str, Any]:
    run_id, cell_id, target_id = setting.unit.key
    return {
        "run_id": run_id,
        "cell_id": cell_id,
        "target_id": target_id,
        "as_good_batch_sizes": list(setting.equally_fast),
    }


def _remark(caution: Caution) -> dict[str, Any]:
    cell_ids = dict.fromkeys(unit.row.cell_id for unit in caution.units)
    return {"kind": str(caution.kind), "text": str(caution), "cell_ids": list(cell_ids)}
