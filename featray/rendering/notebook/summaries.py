"""Summaries: what a notebook shows of each kind of result.

Flow: units, a comparison, recommendations, a plan, hosts -> here -> `Summary`. Pure. Tables are those of the report and
of the commands.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featray.analysis.advice.followups import Followup
from featray.analysis.advice.recommendation import Recommendation
from featray.analysis.comparison import Calibration, Comparison
from featray.core import wording
from featray.core.row import Row
from featray.planning.inventory import Inventory
from featray.planning.placement import Placement
from featray.planning.plan import Plan
from featray.planning.search import SearchOutlook
from featray.rendering import (
    best_settings,
    changes_text,
    columns,
    comparison_text,
    lengths_text,
    plan_summary,
    recommendation_json,
    recommendation_text,
    tradeoffs_text,
    unit_fields,
)
from featray.rendering.document import InputSection, Report
from featray.rendering.notebook.summary import Summary, make_table
from featray.rendering.notes import NONE, Notes
from featray.rendering.page import tables
from featray.rendering.page.tables import PageTable


def of_report(report: Report, title: str, notes: Notes = NONE, remarks: Sequence[str] = ()) -> Summary:
    """Show a report: its settings to use, its comparisons, a table per input, then what was found."""
    headline = [notes.headline.text] if notes.headline else []
    found = [*headline, *(observation.text for observation in notes.observations)]
    left_out = tradeoffs_text.remarks(report.tradeoffs, report.too_few)
    return Summary(
        title=title,
        tables=tuple(_report_tables(report, notes)),
        remarks=(*remarks, *found, *report.search_limits, *left_out, *map(str, report.cautions)),
        records=[unit_fields.of_unit(unit) for unit in report.ordered()],
    )


def _report_tables(report: Report, notes: Notes) -> Iterable[PageTable]:
    if report.best:
        headings, lines = best_settings.table(report.best, report.columns)
        yield make_table(best_settings.title(report.best), headings, lines)
    if report.tradeoffs:
        yield dataclasses.replace(tables.tradeoffs(report, {}), title=tradeoffs_text.TITLE)
    if report.lengths:
        yield dataclasses.replace(tables.lengths(report, {}), title=lengths_text.TITLE)
    if notes.comparisons:
        yield dataclasses.replace(tables.comparisons(report, notes, {}), title="Against the baseline")
    if changes_text.has_changes(report):
        changes = [line.texts for line in changes_text.lines(report)]
        yield make_table(changes_text.TITLE, changes_text.HEADINGS, changes)
    for block in report.blocks:
        for section in block.sections:
            yield _section(section, report, f"{block.heading}, {section.heading}")


def _section(section: InputSection, report: Report, title: str) -> PageTable:
    lines = [
        [table.heading, *columns.line(unit, report.columns, section.kind)]
        for table in section.tables
        for unit in table.units
    ]
    return make_table(title, ["detector", *columns.headings(report.columns, section.kind)], lines)


def of_comparison(comparison: Comparison, remarks: Sequence[str] = ()) -> Summary:
    """Show a comparison: a line per pair, and what holds for all of them."""
    title, *rest = comparison_text.summary(comparison)
    lines = comparison_text.cells(comparison)
    table = make_table(wording.count(len(lines), "pair"), comparison_text.HEADINGS, lines)
    return Summary(
        title=f"Comparison: {title}",
        tables=(table,),
        remarks=(*remarks, *rest),
        records=[_flat(comparison_text.record(pair)) for pair in comparison.pairs],
    )


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give the figures of each side columns of their own."""
    sides = {f"{side}_{key}": value for side in ("baseline", "candidate") for key, value in record[side].items()}
    return {**{key: value for key, value in record.items() if key not in ("baseline", "candidate")}, **sides}


def of_recommendations(recommendations: Sequence[Recommendation], problems: Sequence[str] = ()) -> Summary:
    """Show the setting to use for each input, and what comes near."""
    lines, records = [], []
    for recommendation in recommendations:
        for rank, setting in enumerate((recommendation.best, *recommendation.runners_up)):
            use = "recommended" if rank == 0 else "next best"
            name, place = recommendation_text.name(setting.unit), setting.unit.target.place
            lines.append([recommendation.section_label, use, name, place, recommendation_text.rate(setting)])
            record = {"input": recommendation.input, "section": recommendation.section_label, "rank": rank + 1}
            records.append(record | recommendation_json.setting_record(setting))
    cautions = dict.fromkeys(str(caution) for found in recommendations for caution in found.cautions)
    title = f"Settings to use for {wording.count(len(recommendations), 'input')}"
    table = make_table("Settings", ("input", "use", "setting", "machine", "speed"), lines)
    return Summary(title=title, tables=(table,), remarks=(*problems, *cautions), records=records)


def of_plan(
    plan: Plan, placement: Placement, remarks: Sequence[str] = (), search: SearchOutlook | None = None
) -> Summary:
    """Show what would run where."""
    lines = []
    for unit in placement.units:
        done = plan_summary.done(plan, unit, search, " of ")
        lines.append([unit.cell_id, unit.cell.label, unit.target.label, done])
    lines += [
        [refusal.cell_id, refusal.cell.label, f"cannot run: {refusal.reason}", "-"] for refusal in placement.refusals
    ]
    table = make_table("Cells and their targets", ("cell", "measures", "target", "done"), lines)
    title = f"Plan of {plan.run.sweep}: {plan_summary.summary(plan, placement, search)}"
    records = plan_summary.records(plan, placement, search)
    return Summary(title=title, tables=(table,), remarks=remarks, records=records)


def of_calibrations(calibrations: Mapping[str, Calibration]) -> Summary:
    """Show how much identical cells differ on each target."""
    lines = []
    for calibration in calibrations.values():
        spread = calibration.session_spread
        figures = (wording.percent(calibration.sd), wording.percent(spread.sd) if spread else "unknown")
        verdicts = ", ".join(str(pair.verdict) for pair in calibration.pairs)
        half = f"±{wording.percent(calibration.half_width)}"
        lines.append([calibration.place, *figures, str(calibration.sessions), half, verdicts])
    table = make_table("Noise of each target", CALIBRATION_HEADINGS, lines)
    title = f"Calibration of {wording.count(len(calibrations), 'target')}"
    records = [
        {
            "target_id": target_id,
            "place": calibration.place,
            "sd": calibration.sd,
            "session_sd": calibration.session_spread.sd if calibration.session_spread else None,
            "sessions": calibration.sessions,
            "half_width": calibration.half_width,
            "invocations": calibration.invocations,
            "cells": calibration.cells,
            "measured_at": calibration.measured_at,
        }
        for target_id, calibration in calibrations.items()
    ]
    return Summary(title=title, tables=(table,), records=records)


CALIBRATION_HEADINGS = (
    *("target", "sd of processes", "sd of sessions", "sessions", "A/A of one session", "A against A"),
)
"""Columns of the table of calibrations."""


def of_followups(followups: Sequence[Followup], remarks: Sequence[str] = ()) -> Summary:
    """Show the sweeps to submit next."""
    lines = [
        [run.name, run.target.place, str(len(run.cells)), wording.duration(run.expected_s), "; ".join(run.reasons)]
        for run in followups
    ]
    total = wording.duration(sum(run.expected_s for run in followups))
    count = wording.count(len(followups), "sweep")
    title = f"{count} to submit next, about {total} in all" if followups else "Nothing to suggest"
    table = make_table("Next runs", ("sweep", "where", "cells", "time", "why"), lines)
    records = [
        {
            "sweep": run.name,
            "target_id": run.target.target_id,
            "where": run.target.place,
            "cells": len(run.cells),
            "expected_s": run.expected_s,
            "baseline": run.baseline,
            "reasons": list(run.reasons),
        }
        for run in followups
    ]
    return Summary(title=title, tables=(table,) if followups else (), remarks=remarks, records=records)


def of_hosts(inventory: Inventory) -> Summary:
    """Show the machines and their devices."""
    lines, records = [], []
    for target in inventory.targets():
        host = target.host
        memory = wording.size(target.memory_b) if target.memory_b else wording.ABSENT
        stack = [f"{name} {host.packages[name]}" for name in ("torch", "py-feat", "ray") if name in host.packages]
        lines.append([target.label, str(target.device), memory, host.python or wording.ABSENT, ", ".join(stack)])
        records.append(
            {
                "target_id": target.target_id,
                "target": target.label,
                "device": str(target.device),
                "memory_b": target.memory_b,
                "host_id": host.host_id,
                "hostname": host.hostname,
                "os": host.os,
                "cpu_model": host.cpu_model,
                "cpu_count": host.cpu_count,
                "python": host.python,
                "packages": dict(host.packages),
                "disk_free_b": host.disk_free_b,
            }
        )
    table = make_table("Targets", ("target", "device", "memory", "Python", "software"), lines)
    title = f"{wording.count(len(inventory.hosts), 'machine')}, {wording.count(len(lines), 'target')}"
    wrong = [f"{host.hostname} was not probed: {host.error}" for host in inventory.hosts if host.error is not None]
    return Summary(title=title, tables=(table,), remarks=wrong, records=records)


def of_row(row: Row) -> Summary:
    """Show one row: what it measured and what came out."""
    facts = {key: value for key, value in dataclasses.asdict(row).items() if value is not None}
    shown = [key for key in ROW_SHOWN if key in facts]
    table = make_table("Row", ("column", "value"), [[key, wording.shortened(str(facts[key]))] for key in shown])
    return Summary(title=repr(row), tables=(table,), records=[dataclasses.asdict(row)])


ROW_SHOWN = (
    *("status", "reason", "detector", "input", "device", "batch_size", "num_workers", "weights", "target_id"),
    *("gpu_name", "hostname", "timed_s", "warmup_s", "frames", "faces", "unmet_rules", "stages_s", "cell_id"),
)
"""Columns of a row that a notebook shows; its frame has all."""
