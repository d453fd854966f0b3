"""Ratio plots: the comparisons with the baseline, in colours and marks that the colour-blind can distinguish.

Flow: `Notes.comparisons` -> `draw` -> `Plot` -> `html`. Pure.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

from featray.analysis import unit_wording
from featray.analysis.unit import Unit, UnitKey
from featray.core import wording
from featray.rendering.document import Report
from featray.rendering.notes import Notes, PairNote, interval, speedup
from featray.rendering.page import palette, plot
from featray.rendering.page.plot import Anchors, Layout, Plot, Trace

UnitsByKey = Mapping[UnitKey, Unit]

SIDE_LENGTH = 28  # characters of a line beside a plot of half the page's width: a third of it
ROOM = 1.05  # beyond the outermost bar: a mark would be cut in half at the edge
TICKS = 6  # at most: a phone has room for no more


def draw(report: Report, notes: Notes, anchors: Anchors) -> list[Plot]:
    """Draw every speedup with its interval on a logarithmic axis, one line each; nothing without comparisons.

    Pairs on several targets have a plot for each, all with the same axis.
    """
    pairs = [pair for pair in notes.comparisons if pair.speedup is not None]
    units = {unit.key: unit for unit in report.units}
    axis = _axis(pairs) if pairs else {}
    groups: dict[str, list[PairNote]] = {}
    for pair in pairs:
        groups.setdefault(pair.where or "", []).append(pair)
    return [_plot(where, members, axis, units, anchors) for where, members in groups.items()]


def _plot(where: str, pairs: Sequence[PairNote], axis: Layout, units: UnitsByKey, anchors: Anchors) -> Plot:
    candidates = [units.get(pair.candidate_unit) if pair.candidate_unit else None for pair in pairs]
    labels = plot.distinct(_label(pair, unit) for pair, unit in zip(pairs, candidates, strict=True))
    verdicts = dict.fromkeys(pair.verdict for pair in pairs)
    abouts = [plot.about(unit) if unit else {} for unit in candidates]
    return Plot(
        kind="ratio",
        title=where,
        input="",
        traces=tuple(_trace(verdict, pairs, labels, anchors) for verdict in verdicts),
        layout={**plot.rows_layout(labels, abouts), "xaxis": axis, "shapes": [_no_difference()]},
        height_px=plot.rows_height_px(len(pairs)),
    )


def _label(pair: PairNote, candidate: Unit | None) -> str:
    """Name a line in two: detector and input, or the lines of the pair's own name."""
    names = (unit_wording.detector(candidate.row), candidate.row.input) if candidate else pair.config.split("\n")
    return "<br>".join(plot.label(wording.shortened(name, SIDE_LENGTH)) for name in names)


def _axis(pairs: Iterable[PairNote]) -> Layout:
    """Lay out the ratios so that every bar and 1 are in sight, with a handful of round ticks."""
    values = [value for pair in pairs for value in (pair.speedup, pair.low, pair.high) if value and value > 0]
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


def _ticks(low: float, high: float) -> list[float]:
    """Choose round ratios between the two: equally spaced ones within a factor of 3, else 1, 2, 5, 10, ..."""
    if high / low < 3:
        step = next(step for step in _steps(-3, 4) if (high - low) / step <= TICKS)
        first, last = math.ceil(low / step), math.floor(high / step)
        return [float(f"{number * step:.6g}") for number in range(first, last + 1)]
    inside = [float(f"{tick:g}") for tick in _steps(-9, 10) if low <= tick <= high]
    return list(itertools.islice(inside, 0, None, math.ceil(len(inside) / TICKS)))


def _steps(first: int, last: int) -> list[float]:
    """List 1, 2 and 5 times the powers of ten, `last` left out."""
    return [size * 10.0**power for power in range(first, last) for size in (1, 2, 5)]


def _no_difference() -> dict[str, object]:
    """Draw the line at 1."""
    line = {"width": 1, "dash": "dot", "color": "#888888"}
    return {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _trace(verdict: str, pairs: Sequence[PairNote], labels: Sequence[str], anchors: Anchors) -> Trace:
    """Make the marks of all pairs with one verdict."""
    labelled = [(pair, label) for pair, label in zip(pairs, labels, strict=True) if pair.verdict == verdict]
    shown = [pair for pair, _ in labelled]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": verdict,
        "x": [float(f"{pair.speedup or 0.0:.4g}") for pair in shown],
        "y": [label for _, label in labelled],
        "text": [plot.label(_hover(pair)) for pair in shown],
        "customdata": [anchors.get(pair.candidate_unit) if pair.candidate_unit else None for pair in shown],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_gap(pair.speedup, pair.high) for pair in shown],
            "arrayminus": [_gap(pair.low, pair.speedup) for pair in shown],
            "width": 0,  # a cap of nothing would be drawn through the marks of pairs without an interval
        },
        "marker": {"symbol": palette.VERDICT_MARKS.get(verdict, "circle-open"), "size": 11, "line": {"width": 2}},
        "hovertemplate": "%{y}<br>%{fullData.name}: %{text}<extra></extra>",
        "meta": {"colour": palette.VERDICT_COLOURS.get(verdict, 6)},
    }


def _hover(pair: PairNote) -> str:
    has_interval = pair.low is not None and pair.high is not None
    return f"{speedup(pair)} (95% CI {interval(pair)})" if has_interval else speedup(pair)


def _gap(low: float | None, high: float | None) -> float | None:
    """Give the length of one side of an interval; None, which draws nothing, without one."""
    return None if low is None or high is None else high - low
