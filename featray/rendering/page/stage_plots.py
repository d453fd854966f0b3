"""Stage plots: where the time of a frame goes, one bar for the fastest profiled unit of each detector and target.

Flow: units -> `draw` -> `Plot` -> `html`. Pure. Bars are shares, so that fast and slow devices compare side by side.
"""

from collections.abc import Iterable, Sequence

from featray.analysis import unit_wording
from featray.analysis.unit import Unit
from featray.core import wording
from featray.rendering import unit_text
from featray.rendering.document import Report
from featray.rendering.page import palette, plot
from featray.rendering.page.legend import Legend
from featray.rendering.page.plot import Anchors, Plot, Trace

NAME_LENGTH = 40  # characters of a name beside a bar: a quarter of a desk's width
WHERE_LENGTH = 60  # characters of its second line: less than half of it


def draw(report: Report, shown: Sequence[Unit], legend: Legend, anchors: Anchors) -> list[Plot]:
    """Draw the stages, one plot per input."""
    plots = []
    for group in plot.by_input(shown):
        bars = sorted(_fastest(group), key=lambda unit: legend.detectors.index(unit.row.detector))
        if bars:
            plots.append(_plot(bars, report, anchors))
    return plots


def _fastest(group: Iterable[Unit]) -> list[Unit]:
    """List the fastest profiled unit of each detector, run and target."""
    fastest: dict[tuple[str, str, str], Unit] = {}
    for unit in group:
        key = (unit.row.detector, unit.row.run_id, unit.row.target_id)
        if unit.stages_s and (key not in fastest or (unit.call_s or 0) < (fastest[key].call_s or 0)):
            fastest[key] = unit
    return list(fastest.values())


def _plot(bars: Sequence[Unit], report: Report, anchors: Anchors) -> Plot:
    section = unit_text.section(bars[0].row)
    stages = dict.fromkeys(stage for unit in bars for stage in unit.stages_s)
    labels = plot.distinct(_label(unit, report) for unit in bars)
    return Plot(
        kind="stages",
        title=section,
        input=section,
        traces=tuple(_trace(stage, index, bars, labels, anchors) for index, stage in enumerate(stages)),
        layout={
            **plot.rows_layout(labels, [plot.about(unit) for unit in bars]),
            "barmode": "stack",
            "bargap": 0.35,
            "xaxis": {"range": [0, 100], "ticksuffix": "%"},
            "legend": {"traceorder": "normal"},
        },
        height_px=plot.rows_height_px(len(bars)),
    )


def _label(unit: Unit, report: Report) -> str:
    """Name a bar in two lines: what was measured, and where, if that varies."""
    detector = wording.shortened(unit_wording.detector(unit.row), NAME_LENGTH)
    total = wording.milliseconds(_per_frame_s(unit, sum(unit.stages_s.values())))
    where = [unit.target.name] if report.has_many_targets else []
    second = wording.shortened(", ".join([*where, *plot.varying_settings(unit, report)]), WHERE_LENGTH)
    first = f"{detector} b={unit.row.batch_size}, {total} ms"
    return "<br>".join(plot.label(line) for line in (first, second) if line)


def _trace(stage: str, index: int, bars: Sequence[Unit], labels: Sequence[str], anchors: Anchors) -> Trace:
    """Make the parts of one stage in all bars; `index` numbers the stages."""
    shares = [_share(unit, stage) for unit in bars]
    times = [wording.milliseconds(_per_frame_s(unit, unit.stages_s.get(stage, 0.0))) for unit in bars]
    return {
        "type": "bar",
        "orientation": "h",
        "name": plot.label(stage),
        "x": [plot.rounded(100 * share) for share in shares],
        "text": [f"{time} ms, {wording.percent(share)}" for time, share in zip(times, shares, strict=True)],
        "textposition": "none",
        "y": list(labels),
        "customdata": [anchors.get(unit.key) for unit in bars],
        "hovertemplate": "%{y}<br>%{fullData.name}: %{text}<extra></extra>",
        "marker": {"pattern": {"shape": palette.cycled(("", "/", ".", "x"), index // len(palette.LIGHT))}},
        "meta": {"colour": palette.colour(index)},
    }


def _share(unit: Unit, stage: str) -> float:
    return unit.stages_s.get(stage, 0.0) / (sum(unit.stages_s.values()) or 1.0)


def _per_frame_s(unit: Unit, call_s: float) -> float:
    return call_s / (unit.row.frames or 1)
