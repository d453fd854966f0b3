"""HTML: a report as one page that needs no network and no other file, on a desk or a phone, in light or dark.

Everything from a store reaches the page through Jinja's escaping or as JSON that cannot end its script element; a host
called `<script>` is text. The page's own policy forbids every request.
"""

import dataclasses
import functools
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from featray.analysis.units import Unit
from featray.core import wording
from featray.rendering import markdown, notes, table_text, unit_records
from featray.rendering.document import Report, detector_heading
from featray.rendering.notes import Notes
from featray.rendering.page import palette, plots, ratio_plots, tables
from featray.rendering.page.plots import Anchors, Plot
from featray.rendering.page.tables import Grid

UNITS_MAX = 2000  # 2.5 KB a unit beside plotly's 4.8 MB: a page of 10 MB still opens on a phone


@dataclasses.dataclass(frozen=True)
class Rendered:
    """A page, and the CSV of the units that it has no room for; None when it holds all."""

    page: str
    csv: str | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class PagePart:
    """One section of the page."""

    anchor: str
    title: str
    note: str = ""
    command: str | None = None
    items: Sequence[notes.Observation] = ()
    figures: Sequence[int] = ()
    wide: bool = False
    named: bool = False  # rows with names, which take more width than a curve
    legend: bool = False  # of detectors and targets, where lines have their colours and marks
    grid: Grid | None = None


@dataclasses.dataclass(frozen=True)
class Chip:
    """One button of the legend, which is also the filter."""

    value: str
    text: str
    colour: int | None = None
    path: str | None = None
    dash: str = "none"


@dataclasses.dataclass(frozen=True)
class ChipGroup:
    """The buttons of one kind."""

    key: str
    title: str
    chips: tuple[Chip, ...]


def render(
    report: Report,
    found: Notes = notes.NONE,
    *,
    version: str,
    csv_name: str | None = "units.csv",
    hand_written: str | None = None,
    units_max: int = UNITS_MAX,
) -> Rendered:
    """Make the page.

    Args:
        report: Tables.
        found: What the diagnosis says.
        version: featray's, for the foot of the page.
        csv_name: What the CSV beside the page will be called, if there has to be one; None where no file can be beside.
        hand_written: Notes of people, shown as they are.
        units_max: Units that the page holds; the others go to the CSV.
    """
    ordered = list(tables.ordered(report))
    shown, rest = ordered[:units_max], ordered[units_max:]
    csv = unit_records.to_csv(unit_records.unit(each, report.targets) for each in rest) if rest and csv_name else None
    page = _page(report, found, shown, len(ordered), csv_name if rest else None)
    text = _template().render(
        page=page | {"version": version, "hand_written": hand_written},
        style=_resource("style.css"),
        script=_resource("page.js"),
        plotly=_plotly(),
    )
    return Rendered(text, csv)


def _page(report: Report, found: Notes, shown: Sequence[Unit], total: int, csv: str | None) -> dict[str, Any]:
    anchors = {each.key: f"u{index}" for index, each in enumerate(shown)}
    drawn = [
        *ratio_plots.draw(report, found, anchors),
        *plots.curves(report, shown, anchors),
        *plots.stages(report, shown, anchors),
    ]
    parts = [part for part in _parts(report, found, drawn, anchors) if part is not None]
    return {
        "name": report.name,
        "date": report.date,
        "synthetic": markdown.SYNTHETIC.capitalize() if report.synthetic else None,
        "descriptions": report.descriptions,
        "headline": found.headline.text if found.headline else None,
        "left_out": _left_out(len(shown), total, csv) if len(shown) < total else None,
        "csv": csv,
        "contents": [(part.anchor, part.title) for part in parts] + [("units", "Units"), ("metadata", "Metadata")],
        "chips": _chips(report, shown),
        "parts": parts,
        "figures": drawn,
        "units": tables.units(report, shown, anchors),
        "units_note": f"A point of a plot leads to its unit here. {markdown.TIMES}",
        "metadata": [("", report.metadata), *((block.heading, block.metadata) for block in _several(report))],
        "drawing": {
            "palette": {"light": palette.LIGHT, "dark": palette.DARK},
            "figures": [{"traces": each.traces, "layout": each.layout, "height": each.height_px} for each in drawn],
        },
    }


def _several(report: Report) -> Iterable[Any]:
    return report.blocks if len(report.blocks) > 1 else ()


def _left_out(shown: int, total: int, csv: str | None) -> str:
    rest = f"This page holds {shown} of {total} units; the other {total - shown} are"
    if csv:
        return f"{rest} in the CSV file beside it:"
    return f"{rest} left out; where the page is written to a file they are put in a CSV beside it."


def _parts(report: Report, found: Notes, drawn: Sequence[Plot], anchors: Anchors) -> list[PagePart | None]:
    return [
        _best(report, anchors),
        _observations(found),
        _comparisons(report, found, drawn, anchors),
        _plots("throughput", "Throughput", drawn, "Bars are 95% intervals over invocations, from three of them on."),
        _plots(
            "stages",
            "Stages",
            drawn,
            "Shares of one profiled call, for the fastest profiled batch of each detector and target.",
            wide=True,
        ),
        _plots("memory", "Memory", drawn, "Peak use: of the GPU by anybody, or resident memory on a CPU."),
        _remarks(report, found),
        _next_runs(found),
    ]


def _observations(found: Notes) -> PagePart | None:
    if not found.observations:
        return None
    return PagePart(anchor="findings", title="Findings", items=found.observations)


def _next_runs(found: Notes) -> PagePart | None:
    if found.next_command is None:
        return None
    note = "What the findings ask for, as sweeps that can be submitted; this command writes them:"
    return PagePart(
        anchor="next", title="Next runs", note=note, command=found.next_command, grid=tables.next_runs(found)
    )


def _remarks(report: Report, found: Notes) -> PagePart | None:
    items = [notes.Observation(each.kind, each.text) for each in notes.untold(report.remarks, found)]
    return PagePart(anchor="remarks", title="Remarks", items=items) if items else None


def _comparisons(report: Report, found: Notes, drawn: Sequence[Plot], anchors: Anchors) -> PagePart | None:
    if not found.comparisons:
        return None
    chosen = [index for index, each in enumerate(drawn) if each.kind == "ratio"]
    shared = notes.shared_reason(found)
    told = [
        f"Baseline: {found.baseline or 'unnamed'}.",
        *found.remarks,
        *([f"Of every pair: {shared}."] if shared else []),
    ]
    return PagePart(
        anchor="baseline",
        title="Against the baseline",
        note=" ".join(map(wording.plain, told)),
        figures=chosen,
        wide=len(chosen) == 1,
        named=True,
        grid=tables.comparisons(report, found, anchors),
    )


def _plots(kind: str, title: str, drawn: Sequence[Plot], note: str, *, wide: bool = False) -> PagePart | None:
    chosen = [index for index, each in enumerate(drawn) if each.kind == kind]
    if not chosen:
        return None
    return PagePart(
        anchor=kind, title=title, note=note, figures=chosen, wide=wide, legend=kind in ("throughput", "memory")
    )


def _best(report: Report, anchors: Anchors) -> PagePart | None:
    if not report.best:
        return None
    return PagePart(
        anchor="best", title="Settings to use", note=table_text.BEST_NOTE, grid=tables.best(report, anchors)
    )


def _chips(report: Report, shown: Sequence[Unit]) -> list[ChipGroup]:
    numbered = plots.keys(report)
    headings = {each.row.detector: detector_heading(each.row) for each in shown}
    first = {each.key[2]: each for each in shown}
    inputs_ = dict.fromkeys(tables.section_of(each) for each in shown)
    detectors = [Chip(name, text, numbered.colour_of(name)) for name, text in headings.items()]
    targets = [
        Chip(
            target_id,
            report.targets[target_id].place,
            path=palette.MARK_PATHS[numbered.mark(unit)],
            dash=palette.DASH_ARRAYS[numbered.dash(unit)],
        )
        for target_id, unit in first.items()
    ]
    return [
        ChipGroup(key, title, tuple(chips))
        for key, title, chips in (
            ("detector", "Detector", detectors),
            ("target", "Target", targets),
            ("input", "Input", [Chip(name, name) for name in inputs_]),
        )
        if len(chips) > 1 or (key != "input" and chips)
    ]


@functools.cache
def _template() -> Any:
    import jinja2

    loader = jinja2.FunctionLoader(_resource)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["whole_arrows"] = _whole_arrows
    return environment.get_template("page.html")


def _whole_arrows(text: str) -> Any:
    """Escape a text whose `->` no line may break in two."""
    from markupsafe import Markup, escape

    return escape(text).replace("-&gt;", Markup('<span class="whole">-&gt;</span>'))


def _resource(name: str) -> Any:
    """Read one of the package's own templates; style and script are inserted as they are, pages are escaped."""
    text = resources.files("featray.rendering.page").joinpath("templates", name).read_text(encoding="utf-8")
    if name.endswith(".html"):
        return text
    from markupsafe import Markup

    return Markup(text)


def _plotly() -> Any:
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())
