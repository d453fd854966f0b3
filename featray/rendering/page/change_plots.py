"""Change plots: speed against drift, one plot per input, a point for every unit with a kept output.

Flow: `Report.changes` -> `draw` -> `Plot` -> `html`. Pure.
The best point is at the bottom right: fast, and the same results. A line at 1 is the edge of the tolerance.
"""

from collections.abc import Sequence

from featray.analysis import drift_wording, unit_wording
from featray.analysis.unit import Unit
from featray.analysis.unit_drifts import UnitDrift
from featray.core import wording
from featray.rendering.document import Report
from featray.rendering.page import plot
from featray.rendering.page.legend import Legend
from featray.rendering.page.plot import Anchors, Plot, Trace

HEIGHT_PX = 330
LEAST = 1e-6  # of the tolerance: what moved less is drawn here, since a logarithmic axis has no 0
HIGHEST = 1e3


def draw(report: Report, shown: Sequence[Unit], legend: Legend, anchors: Anchors) -> list[Plot]:
    """Draw the speed of each unit against its drift as a share of the tolerance; nothing without kept outputs."""
    known = {id(unit) for unit in shown}
    by_unit = {id(change.unit): change for change in report.changes if id(change.unit) in known}
    references = {id(change.reference) for change in report.changes}
    plots = []
    for group in plot.by_input(shown):
        members = [unit for unit in group if id(unit) in by_unit or id(unit) in references]
        if any(id(unit) in by_unit for unit in members):
            plots.append(_plot(members, by_unit, report, legend, anchors))
    return plots


def _plot(
    members: Sequence[Unit], by_unit: dict[int, UnitDrift], report: Report, legend: Legend, anchors: Anchors
) -> Plot:
    section = plot.about(members[0])["input"]
    groups: dict[tuple[str, str, str], list[Unit]] = {}
    for unit in members:
        groups.setdefault((unit.row.detector, unit.row.run_id, unit.row.target_id), []).append(unit)
    speed = "frames per second" if members[0].is_video else "images per second"
    edge = {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": 1, "y1": 1}
    return Plot(
        kind="changes",
        title=section,
        input=section,
        traces=tuple(_trace(units, by_unit, report, legend, anchors) for units in groups.values()),
        layout={
            "xaxis": {"title": {"text": speed}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": "drift / tolerance"}, "type": "log", "exponentformat": "power"},
            "showlegend": False,
            "shapes": [{**edge, "line": {"width": 1, "dash": "dot", "color": "#888888"}}],
        },
        height_px=HEIGHT_PX,
    )


def _trace(
    units: Sequence[Unit], by_unit: dict[int, UnitDrift], report: Report, legend: Legend, anchors: Anchors
) -> Trace:
    first = units[0]
    name = ", ".join([unit_wording.detector(first.row), unit_wording.place(first)])
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plot.label(name),
        "x": [plot.rounded(unit.throughput_hz) for unit in units],
        "y": [_height(by_unit.get(id(unit))) for unit in units],
        "text": [plot.label(_hover(unit, by_unit.get(id(unit)), report)) for unit in units],
        "customdata": [anchors.get(unit.key) for unit in units],
        "marker": {"symbol": legend.mark(first), "size": 10},
        "hovertemplate": "%{fullData.name}<br>%{text}<extra></extra>",
        "meta": {"detector": first.row.detector, "target": first.row.target_id, "colour": legend.colour(first)},
    }


def _height(change: UnitDrift | None) -> float:
    share = change.drift.share_of_tolerance if change else 0.0
    return plot.rounded(min(max(share, LEAST), HIGHEST))


def _hover(unit: Unit, change: UnitDrift | None, report: Report) -> str:
    settings = [f"batch {unit.row.batch_size}", *plot.varying_settings(unit, report), unit_wording.rate(unit)]
    moved = drift_wording.phrase(change.drift) if change else "the reference"
    return f"{', '.join(settings)}: {wording.plain(moved)}"
