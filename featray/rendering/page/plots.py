"""Figures: units -> plots as plain values in plotly's form, to be drawn by plotly.js in the page.

Every point carries the anchor of its unit's line in the page. Colours are indices of the palette, which the page turns
into colours of its theme.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featray.analysis import footprint
from featray.analysis.units import Unit
from featray.core import inputs, wording
from featray.rendering import unit_records
from featray.rendering.document import Report, detector_heading, section_heading
from featray.rendering.page import palette

Trace = dict[str, Any]
Layout = dict[str, Any]

GIB = 2**30
LINE_HEIGHT_PX = 34  # one bar or one ratio; a fingertip is about as high
FRAME_PX = 110  # axis and legend around them
NAME_LENGTH = 40  # characters of a name beside a bar: a quarter of a desk's width
WHERE_LENGTH = 60  # characters of its second line: less than half of it
CURVE_HEIGHT_PX = 330


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plot:
    """One plot. `kind` is throughput, ratio, stages or memory; `input` is the section it belongs to."""

    kind: str
    title: str
    input: str
    traces: tuple[Trace, ...]
    layout: Layout
    height_px: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Legend:
    """What colours and marks stand for: detectors and targets in the order of the report."""

    detectors: tuple[str, ...]
    targets: tuple[str, ...]  # target ids

    def colour(self, unit: Unit) -> int:
        """Give the index of a detector's colour."""
        return self.colour_of(unit.row.detector)

    def colour_of(self, detector: str) -> int:
        """Give the index of the colour of a detector's name."""
        return palette.colour(self.detectors.index(detector))

    def mark(self, unit: Unit) -> str:
        """Give a target's mark."""
        return palette.cycled(palette.MARKS, self.targets.index(unit.key[2]))

    def dash(self, unit: Unit) -> str:
        """Give a target's dash."""
        return palette.cycled(palette.DASHES, self.targets.index(unit.key[2]))


def keys(report: Report) -> Legend:
    """Number the detectors and targets of a report."""
    shown = [unit for block in report.blocks for section in block.sections for t in section.tables for unit in t.units]
    return Legend(
        detectors=tuple(dict.fromkeys(unit.row.detector for unit in shown)),
        targets=tuple(dict.fromkeys(unit.key[2] for unit in shown)),
    )


Anchors = Mapping[tuple[str, str, str], str]
"""Unit key -> id of its line in the page."""


def curves(report: Report, shown: Sequence[Unit], anchors: Anchors) -> list[Plot]:
    """Draw throughput, then memory, against batch size: one plot per input, one line per detector and target."""
    numbered = keys(report)
    found = [_throughput(group, numbered, report, anchors) for group in _by_input(shown)]
    found += [_memory(group, numbered, report, anchors) for group in _by_input(shown)]
    return [each for each in found if each.traces]


def _by_input(shown: Iterable[Unit]) -> list[list[Unit]]:
    groups: dict[str, list[Unit]] = {}
    for each in shown:
        groups.setdefault(section_heading(each.row), []).append(each)
    return list(groups.values())


def _throughput(group: Sequence[Unit], numbered: Legend, report: Report, anchors: Anchors) -> Plot:
    row = group[0].row
    unit = "frames per second" if row.section_kind == inputs.VIDEO else "images per second"
    lines = [_throughput_trace(line, numbered, report, anchors) for line in _lines(group, unit_records.throughput)]
    return Plot(
        kind="throughput",
        title=section_heading(row),
        input=section_heading(row),
        traces=tuple(lines),
        layout=_curve_layout(group, unit),
        height_px=CURVE_HEIGHT_PX,
    )


def _memory(group: Sequence[Unit], numbered: Legend, report: Report, anchors: Anchors) -> Plot:
    row = group[0].row
    lines = [_memory_trace(line, numbered, report, anchors) for line in _lines(group, footprint.used_b)]
    return Plot(
        kind="memory",
        title=section_heading(row),
        input=section_heading(row),
        traces=tuple(lines),
        layout=_curve_layout(group, "peak memory, GiB"),
        height_px=CURVE_HEIGHT_PX,
    )


def _lines(group: Sequence[Unit], value: Any) -> list[list[Unit]]:
    """Split units into lines along the batch size: everything else is equal on a line."""
    lines: dict[tuple[object, ...], list[Unit]] = {}
    for each in group:
        row = each.row
        if value(each) is not None:
            key = (row.detector, each.key[0], each.key[2], row.num_workers, each.threads, row.environment)
            lines.setdefault(key, []).append(each)
    return [sorted(line, key=lambda each: each.row.batch_size) for line in lines.values()]


def _curve(line: Sequence[Unit], numbered: Legend, report: Report, anchors: Anchors) -> Trace:
    first = line[0]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": line_name(first, report),
        "x": [each.row.batch_size for each in line],
        "customdata": [anchors.get(each.key) for each in line],
        "line": {"dash": numbered.dash(first), "width": 2},
        "marker": {"symbol": numbered.mark(first), "size": 9},
        "meta": meta(first, numbered.colour(first)),
    }


def meta(unit: Unit, colour: int) -> dict[str, object]:
    """Say what a trace is about, so that the page can filter and colour it."""
    return {"detector": unit.row.detector, "target": unit.key[2], "colour": colour}


def line_name(unit: Unit, report: Report) -> str:
    """Name a line: detector and target, and the settings that vary."""
    parts = [detector_heading(unit.row), report.targets[unit.key[2]].place]
    return plain_label(", ".join([*parts, *_varying(unit, report)]))


def _varying(unit: Unit, report: Report) -> list[str]:
    """List the settings that vary in a report."""
    row, columns = unit.row, report.columns
    parts = [f"{row.num_workers} workers"] if columns.workers else []
    parts += [f"{unit.threads or 'default'} threads"] if columns.threads else []
    parts += [wording.shortened(row.environment or "host's own", 40)] if columns.environment else []
    parts += [wording.shortened(row.run_id, 40)] if report.has_many_runs else []
    return parts


def about(unit: Unit) -> dict[str, str]:
    """Say what a unit is about, for the page's filters."""
    return {"detector": unit.row.detector, "target": unit.key[2], "input": section_heading(unit.row)}


def rows_axis(labels: Sequence[str]) -> Layout:
    """Lay out named rows from the top: from half a row above the first to half a row below the last."""
    return {"range": [len(labels) - 0.5, -0.5], "automargin": True, "categoryorder": "array", "categoryarray": labels}


def distinct(labels: Iterable[str]) -> list[str]:
    """Number equal labels: plotly would draw two rows of one name upon each other."""
    seen: dict[str, int] = {}
    made = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        made.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return made


def plain_label(text: str) -> str:
    """Keep plotly from reading a label as its own HTML; its escapes are those of HTML."""
    return wording.plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _throughput_trace(line: Sequence[Unit], numbered: Legend, report: Report, anchors: Anchors) -> Trace:
    values = [unit_records.throughput(each) or 0.0 for each in line]
    trace = _curve(line, numbered, report, anchors)
    trace["y"] = [_rounded(value) for value in values]
    trace["text"] = [plain_label(_told(each)) for each in line]
    trace["hovertemplate"] = "%{fullData.name}<br>batch %{x}: %{text}<extra></extra>"
    bounds = [_bounds(each) for each in line]
    if any(bounds):
        low = [_rounded(value - bound[0]) if bound else None for value, bound in zip(values, bounds, strict=True)]
        high = [_rounded(bound[1] - value) if bound else None for value, bound in zip(values, bounds, strict=True)]
        trace["error_y"] = {"type": "data", "symmetric": False, "array": high, "arrayminus": low, "width": 5}
    return trace


def _bounds(unit: Unit) -> tuple[float, float] | None:
    """Give the lowest and highest throughput that the unit's interval allows."""
    if unit.interval_s is None or not unit.row.frames:
        return None
    low_s, high_s = unit.interval_s
    return unit.row.frames / high_s, unit.row.frames / low_s


def _told(unit: Unit) -> str:
    frames, call_s = unit.row.frames, unit.call_s
    if call_s is None or not frames:
        return unit_records.status(unit)
    text = f"{wording.rate(frames / call_s)} per second, {wording.milliseconds(call_s / frames)} ms each"
    if unit.interval_s is None:
        return f"{text}, {wording.count(len(unit.measured), 'invocation')}"
    low_s, high_s = unit.interval_s
    return f"{text} (95% CI {wording.milliseconds(low_s / frames)} to {wording.milliseconds(high_s / frames)})"


def _memory_trace(line: Sequence[Unit], numbered: Legend, report: Report, anchors: Anchors) -> Trace:
    trace = _curve(line, numbered, report, anchors)
    trace["y"] = [_rounded((footprint.used_b(each) or 0) / GIB) for each in line]
    trace["text"] = [plain_label(_filled(each)) for each in line]
    trace["hovertemplate"] = "%{fullData.name}<br>batch %{x}: %{text}<extra></extra>"
    return trace


def _filled(unit: Unit) -> str:
    used, total = footprint.used_b(unit) or 0, footprint.total_b(unit)
    text = f"{used / GIB:.1f} GiB"
    what = "resident" if unit.row.device == "cpu" else "of the GPU"
    return f"{text} {what}" + (f", {100 * used / total:.0f}% of {total / GIB:.0f} GiB" if total else "")


def _rounded(value: float) -> float:
    """Keep five significant digits: more would only lengthen the page."""
    return float(f"{value:.5g}")


def _curve_layout(group: Sequence[Unit], unit: str) -> Layout:
    batches = sorted({each.row.batch_size for each in group})
    return {
        "xaxis": {"title": {"text": "batch size"}, "type": "log", "tickvals": batches, "ticktext": _ticks(batches)},
        "yaxis": {"title": {"text": unit}, "rangemode": "tozero"},
        "showlegend": False,
    }


def _ticks(batches: Sequence[int]) -> list[str]:
    """Label the batches, but none so near the one before that the two would print over each other."""
    labels, last = [], 0
    for batch in batches:
        near = last and batch / last < TICK_RATIO
        labels.append("" if near else str(batch))
        last = last if near else batch
    return labels


TICK_RATIO = 1.25  # batches 1 to 1024 on 300 pixels: 30 pixels a doubling, 10 for this


def stages(report: Report, shown: Sequence[Unit], anchors: Anchors) -> list[Plot]:
    """Draw where a frame's time goes: one bar for the fastest profiled unit of each detector and target.

    Bars are shares, so that fast and slow devices can be read side by side.
    """
    figures, numbered = [], keys(report)
    for group in _by_input(shown):
        fastest: dict[tuple[str, str, str], Unit] = {}
        for each in group:
            key = (each.row.detector, each.key[0], each.key[2])
            if each.stages_s and (key not in fastest or (each.call_s or 0) < (fastest[key].call_s or 0)):
                fastest[key] = each
        if fastest:
            bars = sorted(fastest.values(), key=lambda each: numbered.detectors.index(each.row.detector))
            figures.append(_stage_figure(bars, report, anchors))
    return figures


def _stage_figure(bars: Sequence[Unit], report: Report, anchors: Anchors) -> Plot:
    heading = section_heading(bars[0].row)
    names = dict.fromkeys(name for each in bars for name in each.stages_s)
    labels = distinct(_bar_name(each, report) for each in bars)
    traces = [_stage_trace(name, index, bars, labels, anchors) for index, name in enumerate(names)]
    return Plot(
        kind="stages",
        title=heading,
        input=heading,
        traces=tuple(traces),
        layout={
            "barmode": "stack",
            "bargap": 0.35,
            "xaxis": {"range": [0, 100], "ticksuffix": "%"},
            "yaxis": rows_axis(labels),
            "showlegend": True,
            "legend": {"traceorder": "normal"},
            "meta": {"named": labels, "about": [about(each) for each in bars]},
        },
        height_px=FRAME_PX + LINE_HEIGHT_PX * len(bars),
    )


def _bar_name(unit: Unit, report: Report) -> str:
    """Name a bar in two lines: what was measured, and where, if that varies."""
    total_s = sum(unit.stages_s.values()) / (unit.row.frames or 1)
    detector = wording.shortened(detector_heading(unit.row), NAME_LENGTH)
    what = f"{detector} b={unit.row.batch_size}, {wording.milliseconds(total_s)} ms"
    where = [report.targets[unit.key[2]].place] if len(report.targets) > 1 else []
    rest = ", ".join([*where, *_varying(unit, report)])
    return "<br>".join(plain_label(line) for line in (what, wording.shortened(rest, WHERE_LENGTH)) if line)


def _stage_trace(name: str, index: int, bars: Sequence[Unit], labels: Sequence[str], anchors: Anchors) -> Trace:
    profiles = [each.stages_s for each in bars]
    times_s = [stages.get(name, 0.0) / (each.row.frames or 1) for stages, each in zip(profiles, bars, strict=True)]
    shares = [stages.get(name, 0.0) / (sum(stages.values()) or 1.0) for stages in profiles]
    return {
        "type": "bar",
        "orientation": "h",
        "name": plain_label(name),
        "x": [_rounded(100 * share) for share in shares],
        "text": [wording.milliseconds(value) for value in times_s],
        "textposition": "none",
        "y": list(labels),
        "customdata": [anchors.get(each.key) for each in bars],
        "hovertemplate": "%{y}<br>%{fullData.name}: %{text} ms, %{x:.0f}%<extra></extra>",
        "marker": {"pattern": {"shape": palette.cycled(("", "/", ".", "x"), index // len(palette.LIGHT))}},
        "meta": {"colour": palette.colour(index)},
    }
