"""Tradeoff plots: speed against memory, time of a batch, energy and drift, a point per setting.

Flow: `Report.tradeoffs` -> `draw` -> `Plot` -> `html`. Pure. Only the settings that no other one beats have their name
at their point; the others are faint. The best corner is at the bottom right: fast, and little of the rest.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from featray.analysis import unit_wording
from featray.analysis.advice import objectives
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.objectives import DRIFT_LEAST, Tradeoff
from featray.analysis.unit import Unit, UnitKey
from featray.analysis.unit_drifts import shares
from featray.rendering import tradeoffs_text
from featray.rendering.document import Report
from featray.rendering.page import plot
from featray.rendering.page.legend import Legend
from featray.rendering.page.plot import Anchors, Plot, Trace

GIB = 2**30
HEIGHT_PX = 330
FAINT = 0.35

FIGURES: Mapping[str, Callable[[Tradeoff], float | None]] = {
    "peak memory, GiB": lambda tradeoff: None if tradeoff.memory_b is None else tradeoff.memory_b / GIB,
    "ms per batch": lambda tradeoff: 1000 * tradeoff.batch_s,
    "J per frame": lambda tradeoff: tradeoff.frame_j,
    "drift / tolerance": lambda tradeoff: None if tradeoff.drift is None else max(tradeoff.drift, DRIFT_LEAST),
}
"""Title of the axis -> the figure against which the speed is drawn."""


def draw(report: Report, shown: Sequence[Unit], legend: Legend, anchors: Anchors) -> list[Plot]:
    """Draw the settings of each input that has a choice; a figure that no setting has gets no plot."""
    named = {tradeoff.candidate.unit.key for tradeoff in report.tradeoffs}
    lineups = {tradeoff.candidate.lineup for tradeoff in report.tradeoffs}
    drift_of = shares(report.changes)
    plots = []
    for group in plot.by_input(shown):
        settings = [Candidate(unit, (), len(unit.rows)) for unit in group if unit.logs and unit.row.frames]
        weighed = [objectives.weigh(each, drift_of) for each in settings if each.lineup in lineups]
        for axis, figure in FIGURES.items():
            known = [tradeoff for tradeoff in weighed if figure(tradeoff) is not None]
            if len(known) > 1:
                plots.append(_plot(axis, figure, known, named, legend, anchors))
    return plots


def _plot(
    axis: str,
    figure: Callable[[Tradeoff], float | None],
    known: Sequence[Tradeoff],
    named: Collection[UnitKey],
    legend: Legend,
    anchors: Anchors,
) -> Plot:
    first = known[0].candidate.unit
    section = plot.about(first)["input"]
    groups: dict[tuple[str, str, str, bool], list[Tradeoff]] = {}
    for tradeoff in known:
        row = tradeoff.candidate.unit.row
        is_named = tradeoff.candidate.unit.key in named
        groups.setdefault((row.detector, row.run_id, row.target_id, is_named), []).append(tradeoff)
    traces = [_trace(members, figure, legend, anchors, is_named=is_named) for (*_, is_named), members in groups.items()]
    speed = "frames per second" if first.is_video else "images per second"
    return Plot(
        kind="tradeoffs",
        title=f"{section}: speed against {axis}",
        input=section,
        traces=tuple(traces),
        layout={
            "xaxis": {"title": {"text": speed}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": axis}, "rangemode": "tozero"},
            "showlegend": False,
        },
        height_px=HEIGHT_PX,
    )


def _trace(
    members: Sequence[Tradeoff],
    figure: Callable[[Tradeoff], float | None],
    legend: Legend,
    anchors: Anchors,
    *,
    is_named: bool,
) -> Trace:
    units = [tradeoff.candidate.unit for tradeoff in members]
    first = units[0]
    settings = [plot.label(tradeoffs_text.setting(unit)) for unit in units]
    return {
        "type": "scatter",
        "mode": "markers+text" if is_named else "markers",
        "name": plot.label(", ".join([unit_wording.detector(first.row), unit_wording.place(first)])),
        "x": [plot.rounded(tradeoff.hz) for tradeoff in members],
        "y": [plot.rounded(figure(tradeoff) or 0.0) for tradeoff in members],
        "text": [plot.label(", ".join(unit_wording.short_settings(unit))) for unit in units],  # longer ones are cut off
        "textposition": "top left",
        "hovertext": settings,
        "customdata": [anchors.get(unit.key) for unit in units],
        "opacity": 1.0 if is_named else FAINT,
        "marker": {"symbol": legend.mark(first), "size": 10},
        "hovertemplate": "%{fullData.name}<br>%{hovertext}: %{x}, %{y}<extra></extra>",
        "meta": {"detector": first.row.detector, "target": first.row.target_id, "colour": legend.colour(first)},
    }
