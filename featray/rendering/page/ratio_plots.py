"""Ratios: the comparisons with the baseline as plots, in colours and marks that the colour-blind can tell apart."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

from featray.analysis.units import Unit, UnitKey
from featray.core import wording
from featray.rendering import notes
from featray.rendering.document import Report, detector_heading
from featray.rendering.notes import Notes, PairNote
from featray.rendering.page import palette, plots
from featray.rendering.page.plots import FRAME_PX, LINE_HEIGHT_PX, Anchors, Layout, Plot, Trace, plain_label

Known = Mapping[UnitKey, Unit]

SIDE_LENGTH = 28  # characters of a line beside a plot of half the page's width: a third of it

ROOM = 1.05  # beyond the outermost bar: a mark would be cut in half at the edge


def draw(report: Report, found: Notes, anchors: Anchors) -> list[Plot]:
    """Draw every speedup with its interval on a logarithmic axis, one line each; nothing without comparisons.

    Pairs on several targets have a plot for each, all with one axis.
    """
    shown = [each for each in found.comparisons if each.speedup is not None]
    known = {unit.key: unit for unit in report.units}
    axis = _axis(shown) if shown else {}
    groups: dict[str, list[PairNote]] = {}
    for each in shown:
        groups.setdefault(each.where or "", []).append(each)
    return [_figure(where, members, axis, known, anchors) for where, members in groups.items()]


def _figure(where: str, shown: Sequence[PairNote], axis: Layout, known: Known, anchors: Anchors) -> Plot:
    labels = plots.distinct(_label(each, known) for each in shown)
    verdicts = dict.fromkeys(each.verdict for each in shown)
    traces = [_trace(verdict, shown, labels, anchors) for verdict in verdicts]
    units = [known.get(each.candidate_unit) if each.candidate_unit else None for each in shown]
    layout = {
        "xaxis": axis,
        "yaxis": plots.rows_axis(labels),
        "shapes": [_even()],
        "showlegend": True,
        "meta": {"named": labels, "about": [plots.about(unit) if unit else {} for unit in units]},
    }
    height = FRAME_PX + LINE_HEIGHT_PX * len(shown)
    return Plot(kind="ratio", title=where, input="", traces=tuple(traces), layout=layout, height_px=height)


def _label(each: PairNote, known: Known) -> str:
    """Name a line in two: detector and input."""
    unit = known.get(each.candidate_unit) if each.candidate_unit else None
    names = (detector_heading(unit.row), unit.row.input) if unit else (each.config,)
    return "<br>".join(plain_label(wording.shortened(name, SIDE_LENGTH)) for name in names)


def _axis(shown: Iterable[PairNote]) -> Layout:
    """Lay out the ratios so that every bar and 1 are in sight, with a handful of round ticks."""
    values = [value for each in shown for value in (each.speedup, each.low, each.high) if value and value > 0]
    low, high = min([1.0, *values]) / ROOM, max([1.0, *values]) * ROOM
    ticks = _ticks(low, high)
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": ticks,
        "ticktext": [f"{tick:g}x" for tick in ticks],
        "tickangle": 0,
        "title": {"text": "\u2190 slower \u2003 speedup \u2003 faster \u2192"},
    }


TICKS = 6  # at most: a phone has room for no more

_STEPS = [size * 10.0**power for power in range(-3, 4) for size in (1, 2, 5)]


def _ticks(low: float, high: float) -> list[float]:
    """Choose round ratios between the two: equally spaced ones within a factor of 3, else 1, 2, 5, 10, ..."""
    if high / low < 3:
        step = next(step for step in _STEPS if (high - low) / step <= TICKS)
        first, last = math.ceil(low / step), math.floor(high / step)
        return [float(f"{number * step:.6g}") for number in range(first, last + 1)]
    found = [size * 10.0**power for power in range(-9, 10) for size in (1, 2, 5)]
    inside = [float(f"{tick:g}") for tick in found if low <= tick <= high]
    return list(itertools.islice(inside, 0, None, math.ceil(len(inside) / TICKS)))


def _even() -> dict[str, object]:
    line = {"width": 1, "dash": "dot", "color": "#888888"}
    return {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _trace(verdict: str, shown: Sequence[PairNote], labels: Sequence[str], anchors: Anchors) -> Trace:
    mine = [(each, label) for each, label in zip(shown, labels, strict=True) if each.verdict == verdict]
    keys = [each.candidate_unit for each, _ in mine]
    ratios = [each.speedup or 0.0 for each, _ in mine]
    bounds = [(each.low, each.high) for each, _ in mine]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": verdict,
        "x": [float(f"{ratio:.4g}") for ratio in ratios],
        "y": [label for _, label in mine],
        "text": [plain_label(f"{notes.speedup(each)}, {notes.interval(each)}") for each, _ in mine],
        "customdata": [anchors.get(key) if key else None for key in keys],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_gap(ratio, high) for ratio, (_, high) in zip(ratios, bounds, strict=True)],
            "arrayminus": [_gap(low, ratio) for ratio, (low, _) in zip(ratios, bounds, strict=True)],
            "width": 0,  # a cap of nothing would be drawn through the marks of pairs without an interval
        },
        "marker": {"symbol": palette.VERDICT_MARKS.get(verdict, "circle-open"), "size": 11, "line": {"width": 2}},
        "hovertemplate": "%{y}<br>%{fullData.name}: %{text}<extra></extra>",
        "meta": {"colour": palette.VERDICT_COLOURS.get(verdict, 6)},
    }


def _gap(low: float | None, high: float | None) -> float | None:
    """Give the length of one side of an interval; None, which draws nothing, without one."""
    return None if low is None or high is None else high - low
