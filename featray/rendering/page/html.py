"""HTML: a report as one page that needs no network and no other file, on a desk or a phone, in light or dark.

Flow: `document.Report` and `Notes` -> `tables`, plots, `legend` -> `render` -> `shell` -> `featray report`.
A host called `<script>` is text. The page's own policy forbids every request.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from featray.analysis.unit import Unit
from featray.core import wording
from featray.rendering import best_settings, changes_text, glossary, lengths_text, markdown, tradeoffs_text, unit_fields
from featray.rendering.document import Report
from featray.rendering.notes import NONE, Notes, Observation, shared_reason, without_findings
from featray.rendering.page import (
    change_plots,
    curve_plots,
    legend,
    length_plots,
    ratio_plots,
    shell,
    stage_plots,
    tables,
    tradeoff_plots,
)
from featray.rendering.page.plot import Anchors, Plot
from featray.rendering.page.tables import PageTable

UNITS_MAX = 2000  # 2.5 KB a unit beside plotly's 1.2 MB: a page of 6 MB still opens on a phone


@dataclasses.dataclass(frozen=True)
class Rendered:
    """A page, and the CSV of the units that it has no room for; None when it shows all."""

    page: str
    csv: str | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class PagePart:
    """One section of the page."""

    anchor: str
    title: str
    note: str = ""
    command: str | None = None
    items: Sequence[Observation] = ()
    plots: Sequence[int] = ()  # indices of the page's plots
    wide: bool = False
    named: bool = False  # rows with names, which take more width than a curve
    legend: bool = False  # of detectors and targets, where lines have their colours and marks
    table: PageTable | None = None


def render(
    report: Report,
    notes: Notes = NONE,
    *,
    version: str,
    csv_name: str | None = "units.csv",
    hand_written: str | None = None,
    units_max: int = UNITS_MAX,
) -> Rendered:
    """Make the page.

    Args:
        report: Tables.
        notes: What the diagnosis found.
        version: featray's, for the foot of the page.
        csv_name: Name of the CSV beside the page, if one is needed; None where there can be no file beside it.
        hand_written: People's own notes, in markdown; HTML in them is shown as text.
        units_max: Units that the page shows; the others go to the CSV.
    """
    units = report.ordered()
    shown, rest = units[:units_max], units[units_max:]
    csv_name = csv_name if rest else None
    anchors = {unit.key: f"u{index}" for index, unit in enumerate(shown)}
    plots = draw_plots(report, notes, shown, anchors)
    text = shell.render(
        "page.html",
        _page(report, notes, shown, plots, anchors, csv_name),
        plots,
        name=report.name,
        version=version,
        hand_written=_from_markdown(hand_written) if hand_written else None,
    )
    return Rendered(text, unit_fields.to_csv(rest) if csv_name else None)


def _page(
    report: Report, notes: Notes, shown: Sequence[Unit], plots: Sequence[Plot], anchors: Anchors, csv_name: str | None
) -> dict[str, Any]:
    keys = legend.of_report(report)
    parts = [part for part in _parts(report, notes, plots, anchors) if part is not None]
    return {
        "name": report.name,
        "date": report.date,
        "no_rows": markdown.NO_ROWS,
        "synthetic": markdown.SYNTHETIC if report.synthetic else None,
        "descriptions": report.descriptions,
        "headline": notes.headline.text if notes.headline else None,
        "left_out": _left_out(len(shown), len(report.units), csv_name),
        "csv": csv_name,
        "contents": [*((part.anchor, part.title) for part in parts), *LAST_SECTIONS],
        "chips": legend.chip_groups(keys, shown),
        "parts": parts,
        "plots": plots,
        "units": tables.units(report, shown, anchors),
        "units_note": f"Click a point of a plot to find its unit here. {markdown.TIMES}",
        "glossary": glossary.GLOSSARY,
        "metadata": [("", report.metadata), *((block.heading, block.metadata) for block in _several_blocks(report))],
    }


def draw_plots(report: Report, notes: Notes, shown: Sequence[Unit], anchors: Anchors) -> list[Plot]:
    """Draw every plot of a page: ratios, throughput, memory, changes, tradeoffs, lengths, stages."""
    keys = legend.of_report(report)
    return [
        *ratio_plots.draw(report, notes, anchors),
        *curve_plots.draw_throughput(report, shown, keys, anchors),
        *curve_plots.draw_memory(report, shown, keys, anchors),
        *change_plots.draw(report, shown, keys, anchors),
        *tradeoff_plots.draw(report, shown, keys, anchors),
        *length_plots.draw(report, shown, keys, anchors),
        *stage_plots.draw(report, shown, keys, anchors),
    ]


def _several_blocks(report: Report) -> Iterable[Any]:
    return report.blocks if len(report.blocks) > 1 else ()


def _left_out(shown: int, total: int, csv_name: str | None) -> str | None:
    if shown == total:
        return None
    counts = f"This page shows {shown} of {total} units."
    if csv_name:
        return f"{counts} The other {total - shown} are in the CSV file beside it:"
    return f"{counts} The other {total - shown} are left out. Write the page to a file to get them as a CSV beside it."


def _parts(report: Report, notes: Notes, plots: Sequence[Plot], anchors: Anchors) -> list[PagePart | None]:
    return [
        _best(report, anchors),
        _observations(notes),
        _comparisons(report, notes, plots, anchors),
        _changes(report, plots, anchors),
        _tradeoffs(report, plots, anchors),
        _lengths(report, plots, anchors),
        _plots("throughput", "Throughput", THROUGHPUT_NOTE, plots),
        _plots("stages", "Stages", STAGES_NOTE, plots),
        _plots("memory", "Memory", MEMORY_NOTE, plots),
        _remarks(report, notes),
        _next_runs(notes),
    ]


LAST_SECTIONS = (("units", "Units"), ("metadata", "Metadata"), ("words", glossary.TITLE))
"""Anchor and title of the sections that every page ends with."""

THROUGHPUT_NOTE = "Vertical bars are 95% confidence intervals; a unit needs at least three invocations for one."
CHANGES_NOTE = (
    "In the plot, a point below the line has the same results as its reference; the further right, the faster."
)
TRADEOFFS_NOTE = "In the plots, the others are faint; further right is faster, and lower is better."
STAGES_NOTE = "Where the time of one profiled call goes, for the fastest profiled batch of each detector and target."
MEMORY_NOTE = "Peak memory: on a GPU of all processes together, on a CPU of the measuring process."


def _changes(report: Report, plots: Sequence[Plot], anchors: Anchors) -> PagePart | None:
    if not changes_text.has_changes(report):
        return None
    chosen = _of_kind("changes", plots)
    note = [changes_text.note(report), *([CHANGES_NOTE] if chosen else []), *changes_text.left_out(report)]
    return PagePart(
        anchor="changes",
        title=changes_text.TITLE,
        note=" ".join(map(wording.plain, note)),
        plots=chosen,
        legend=bool(chosen),
        table=tables.changes(report, anchors),
    )


def _tradeoffs(report: Report, plots: Sequence[Plot], anchors: Anchors) -> PagePart | None:
    if not report.tradeoffs:
        return None
    note = [tradeoffs_text.NOTE, TRADEOFFS_NOTE, *tradeoffs_text.remarks(report.tradeoffs, report.too_few)]
    return PagePart(
        anchor="tradeoffs",
        title=tradeoffs_text.TITLE,
        note=" ".join(note),
        plots=_of_kind("tradeoffs", plots),
        legend=True,
        table=tables.tradeoffs(report, anchors),
    )


def _lengths(report: Report, plots: Sequence[Plot], anchors: Anchors) -> PagePart | None:
    if not report.lengths:
        return None
    return PagePart(
        anchor="lengths",
        title=lengths_text.TITLE,
        note=". ".join([lengths_text.NOTE.removesuffix("."), *lengths_text.remarks(report.lengths)]) + ".",
        plots=_of_kind("length", plots),
        legend=True,
        table=tables.lengths(report, anchors),
    )


def _best(report: Report, anchors: Anchors) -> PagePart | None:
    if not report.best:
        return None
    table = tables.best(report, anchors)
    note = " ".join([best_settings.NOTE, *report.search_limits])
    return PagePart(anchor="best", title=best_settings.TITLE, note=note, table=table)


def _observations(notes: Notes) -> PagePart | None:
    if not notes.observations:
        return None
    return PagePart(anchor="findings", title="Findings", items=notes.observations)


def _comparisons(report: Report, notes: Notes, plots: Sequence[Plot], anchors: Anchors) -> PagePart | None:
    if not notes.comparisons:
        return None
    chosen = _of_kind("ratio", plots)
    shared = shared_reason(notes)
    note = [f"Baseline: {notes.baseline or 'unnamed'}.", *notes.remarks]
    note += [f"For every pair: {shared}."] if shared else []
    return PagePart(
        anchor="baseline",
        title="Against the baseline",
        note=" ".join(map(wording.plain, note)),
        plots=chosen,
        wide=len(chosen) == 1,
        named=True,
        table=tables.comparisons(report, notes, anchors),
    )


def _plots(kind: str, title: str, note: str, plots: Sequence[Plot]) -> PagePart | None:
    chosen = _of_kind(kind, plots)
    if not chosen:
        return None
    has_bars = kind == "stages"
    return PagePart(anchor=kind, title=title, note=note, plots=chosen, wide=has_bars, legend=not has_bars)


def _of_kind(kind: str, plots: Sequence[Plot]) -> list[int]:
    return [index for index, plot in enumerate(plots) if plot.kind == kind]


def _remarks(report: Report, notes: Notes) -> PagePart | None:
    cautions = without_findings(report.cautions, notes)
    items = [Observation(str(caution.kind), str(caution)) for caution in cautions]
    return PagePart(anchor="remarks", title="Cautions", items=items) if items else None


def _next_runs(notes: Notes) -> PagePart | None:
    if notes.next_command is None:
        return None
    note = "These sweeps would answer what the findings leave open. This command writes them:"
    table = tables.next_runs(notes)
    return PagePart(anchor="next", title="Next runs", note=note, command=notes.next_command, table=table)


def _from_markdown(text: str) -> Any:
    """Render people's notes; HTML stays text, and only links to pages, files and anchors are links."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
