"""Ratios: the comparisons with the baseline as a plot, in colours and marks that the colour-blind can tell apart."""

from collections.abc import Sequence

from featray.report import notes, palette
from featray.report.figures import FRAME_PX, LINE_HEIGHT_PX, Anchors, Figure, Trace, plain_label
from featray.report.notes import Comparison, Notes


def draw(found: Notes, anchors: Anchors) -> list[Figure]:
    """Draw every speedup with its interval on a logarithmic axis, one line each; nothing without comparisons."""
    shown = [each for each in found.comparisons if each.speedup is not None]
    if not shown:
        return []
    labels = _labels(shown)
    verdicts = dict.fromkeys(each.verdict for each in shown)
    traces = [_trace(verdict, shown, labels, anchors) for verdict in verdicts]
    layout = {
        "xaxis": {"type": "log", "title": {"text": "speedup"}},
        "yaxis": {"autorange": "reversed", "automargin": True, "categoryorder": "array", "categoryarray": labels},
        "shapes": [_even()],
        "showlegend": True,
        "meta": {"named": labels},
    }
    height = FRAME_PX + LINE_HEIGHT_PX * len(shown)
    return [Figure(kind="ratio", title="", input="", traces=tuple(traces), layout=layout, height_px=height)]


def _labels(shown: Sequence[Comparison]) -> list[str]:
    """Name the lines; plotly would draw two of one name upon each other."""
    seen: dict[str, int] = {}
    labels = []
    for each in shown:
        label = plain_label(each.config)
        seen[label] = seen.get(label, 0) + 1
        labels.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return labels


def _even() -> dict[str, object]:
    line = {"width": 1, "dash": "dot", "color": "#888888"}
    return {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _trace(verdict: str, shown: Sequence[Comparison], labels: Sequence[str], anchors: Anchors) -> Trace:
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
