"""Length plots: time per frame, and memory, against the number of frames; a line per detector, target and setting.

Flow: `Report.lengths` -> `draw` -> `Plot` -> `html`. Pure. Two plots per clip.
"""

from collections.abc import Callable, Iterable, Sequence

from featray.analysis import footprint, unit_wording
from featray.analysis.lengths import LengthSeries
from featray.analysis.unit import Unit
from featray.core import wording
from featray.rendering import unit_text
from featray.rendering.document import Report
from featray.rendering.page import plot
from featray.rendering.page.legend import Legend
from featray.rendering.page.plot import Anchors, Plot, Trace

GIB = 2**30
HEIGHT_PX = 330


def draw(report: Report, shown: Sequence[Unit], legend: Legend, anchors: Anchors) -> list[Plot]:
    """Draw the clips that were measured at several lengths."""
    known = {id(unit) for unit in shown}
    by_clip: dict[str, list[LengthSeries]] = {}
    for series in report.lengths:
        if all(id(unit) in known for unit in series.units):
            by_clip.setdefault(series.clip, []).append(series)
    return [made for clip, members in by_clip.items() for made in _plots(clip, members, report, legend, anchors)]


def _plots(
    clip: str, members: Sequence[LengthSeries], report: Report, legend: Legend, anchors: Anchors
) -> Iterable[Plot]:
    figures: list[tuple[str, str, Callable[[Unit], float | None]]] = [
        ("time per frame", "ms/frame", _frame_ms),
        ("peak memory", "peak memory, GiB", _memory_gib),
    ]
    lengths = sorted({frames for series in members for frames in series.frames})
    for what, axis, value in figures:
        traces = [_trace(series, value, report, legend, anchors) for series in members]
        yield Plot(
            kind="length",
            title=f"{wording.short(clip)}: {what}",
            input=unit_text.section(members[0].first.row),
            traces=tuple(traces),
            layout={
                "xaxis": {
                    "title": {"text": "frames per call"},
                    "type": "log",
                    "tickvals": lengths,
                    "ticktext": [str(frames) for frames in lengths],
                },
                "yaxis": {"title": {"text": axis}, "rangemode": "tozero"},
                "showlegend": False,
            },
            height_px=HEIGHT_PX,
        )


def _frame_ms(unit: Unit) -> float | None:
    return None if unit.frame_s is None else 1000 * unit.frame_s


def _memory_gib(unit: Unit) -> float | None:
    used_b = footprint.used_b(unit)
    return None if used_b is None else used_b / GIB


def _trace(
    series: LengthSeries, value: Callable[[Unit], float | None], report: Report, legend: Legend, anchors: Anchors
) -> Trace:
    first = series.first
    settings = [f"batch {first.row.batch_size}", *plot.varying_settings(first, report)]
    heights = [value(unit) for unit in series.units]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": plot.label(", ".join([unit_wording.detector(first.row), first.target.name, *settings])),
        "x": list(series.frames),
        "y": [None if height is None else plot.rounded(height) for height in heights],
        "text": [plot.label(_hover(unit)) for unit in series.units],
        "customdata": [anchors.get(unit.key) for unit in series.units],
        "line": {"dash": legend.dash(first), "width": 2},
        "marker": {"symbol": legend.mark(first), "size": 9},
        "hovertemplate": "%{fullData.name}<br>%{x} frames: %{text}<extra></extra>",
        "meta": {"detector": first.row.detector, "target": first.row.target_id, "colour": legend.colour(first)},
    }


def _hover(unit: Unit) -> str:
    return f"{unit_wording.per_frame(unit)}, {unit_text.memory(unit)}"
