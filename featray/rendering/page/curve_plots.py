"""Curve plots: throughput and memory against the batch size, one plot per input, one line per detector and target.

Flow: units -> `draw_throughput`, `draw_memory` -> `Plot` -> `html`. Pure.
"""

from collections.abc import Callable, Sequence

from featray.analysis import footprint, unit_wording
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.choices import Device
from featray.rendering import unit_text
from featray.rendering.document import Report
from featray.rendering.page import plot
from featray.rendering.page.legend import Legend
from featray.rendering.page.plot import Anchors, Layout, Plot, Trace

GIB = 2**30
HEIGHT_PX = 330
TICK_RATIO = 1.25  # batches 1 to 1024 on 300 pixels: 30 pixels a doubling, 10 for this

Line = Sequence[Unit]
"""Units that differ in their batch size alone, in its order."""


def draw_throughput(report: Report, shown: Sequence[Unit], legend: Legend, anchors: Anchors) -> list[Plot]:
    """Draw throughput with its 95% intervals."""
    plots = []
    for group in plot.by_input(shown):
        lines = _lines(group, unit_text.throughput_hz)
        unit = "frames per second" if group[0].is_video else "images per second"
        traces = [_trace(line, report, legend, anchors) | _throughput(line) for line in lines]
        plots += _plots("throughput", group, unit, traces)
    return plots


def draw_memory(report: Report, shown: Sequence[Unit], legend: Legend, anchors: Anchors) -> list[Plot]:
    """Draw peak memory."""
    plots = []
    for group in plot.by_input(shown):
        traces = [_trace(line, report, legend, anchors) | _memory(line) for line in _lines(group, footprint.used_b)]
        plots += _plots("memory", group, "peak memory, GiB", traces)
    return plots


def _plots(kind: str, group: Sequence[Unit], unit: str, traces: Sequence[Trace]) -> list[Plot]:
    """Make the plot of one input; none without any line."""
    if not traces:
        return []
    section, layout = unit_text.section(group[0].row), _layout(group, unit)
    return [Plot(kind=kind, title=section, input=section, traces=tuple(traces), layout=layout, height_px=HEIGHT_PX)]


def _lines(group: Sequence[Unit], value: Callable[[Unit], float | None]) -> list[Line]:
    """Split the units that have a value into lines."""
    lines: dict[tuple[object, ...], list[Unit]] = {}
    for unit in group:
        row = unit.row
        if value(unit) is not None:
            settings = row.num_workers, unit.threads, unit.processes, row.environment
            key = (row.detector, row.run_id, row.target_id, *settings)
            lines.setdefault(key, []).append(unit)
    return [sorted(line, key=lambda unit: unit.row.batch_size) for line in lines.values()]


def _trace(line: Line, report: Report, legend: Legend, anchors: Anchors) -> Trace:
    """Make a line without its heights."""
    first = line[0]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": _name(first, report),
        "x": [unit.row.batch_size for unit in line],
        "customdata": [anchors.get(unit.key) for unit in line],
        "line": {"dash": legend.dash(first), "width": 2},
        "marker": {"symbol": legend.mark(first), "size": 9},
        "hovertemplate": "%{fullData.name}<br>batch %{x}: %{text}<extra></extra>",
        "meta": {"detector": first.row.detector, "target": first.row.target_id, "colour": legend.colour(first)},
    }


def _name(unit: Unit, report: Report) -> str:
    """Name a line: detector and target, and the settings that vary."""
    parts = [unit_wording.detector(unit.row), unit.target.name, *plot.varying_settings(unit, report)]
    return plot.label(", ".join(parts))


def _throughput(line: Line) -> Trace:
    values = [unit.throughput_hz for unit in line]
    heights: Trace = {
        "y": [plot.rounded(value) for value in values],
        "text": [plot.label(_speed(unit)) for unit in line],
    }
    bounds = [_bounds(unit) for unit in line]
    if not any(bounds):
        return heights
    low = [plot.rounded(value - bound[0]) if bound else None for value, bound in zip(values, bounds, strict=True)]
    high = [plot.rounded(bound[1] - value) if bound else None for value, bound in zip(values, bounds, strict=True)]
    bars = {"type": "data", "symmetric": False, "array": high, "arrayminus": low, "width": 5}
    return heights | {"error_y": bars}


def _bounds(unit: Unit) -> tuple[float, float] | None:
    """Give the lowest and highest throughput that the unit's interval allows."""
    if unit.interval_s is None or not unit.row.frames:
        return None
    low_s, high_s = unit.interval_s
    return unit.row.frames / high_s, unit.row.frames / low_s


def _speed(unit: Unit) -> str:
    """Write throughput and time, with the interval, or else the number of invocations."""
    speed = f"{unit_wording.rate(unit)}, {unit_wording.per_frame(unit)}"
    if unit.interval_s is None:
        return f"{speed}, {wording.count(len(unit.measured), 'invocation')}"
    return f"{speed} (95% CI {unit_text.interval(unit)})"


def _memory(line: Line) -> Trace:
    return {
        "y": [plot.rounded((footprint.used_b(unit) or 0) / GIB) for unit in line],
        "text": [plot.label(_peak(unit)) for unit in line],
    }


def _peak(unit: Unit) -> str:
    """Write the peak memory, and its share of the device's memory."""
    used_b, total_b = footprint.used_b(unit) or 0, footprint.total_b(unit)
    whose = "of the process" if unit.row.device == Device.CPU else "of the GPU"
    peak = f"{unit_text.memory(unit)} {whose}"
    return f"{peak}, {wording.percent(used_b / total_b)} of {wording.size(total_b)}" if total_b else peak


def _layout(group: Sequence[Unit], unit: str) -> Layout:
    batches = sorted({member.row.batch_size for member in group})
    return {
        "xaxis": {"title": {"text": "batch size"}, "type": "log", "tickvals": batches, "ticktext": _ticks(batches)},
        "yaxis": {"title": {"text": unit}, "rangemode": "tozero"},
        "showlegend": False,
    }


def _ticks(batches: Sequence[int]) -> list[str]:
    """Label the batches, but none so near the one before that the two would print over each other."""
    labels, last = [], 0
    for batch in batches:
        is_near = last and batch / last < TICK_RATIO
        labels.append("" if is_near else str(batch))
        last = last if is_near else batch
    return labels
