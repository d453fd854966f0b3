"""History plots: one plot per series, time per call over the date, sessions as points and steps as lines.

Flow: `analysis.history` -> `draw` -> `Plot` -> `history_page`. Pure.
Measured points have an interval, imports are open circles, and versions measured beside a newer one are crosses. A
suspected step is a dotted line, a confirmed one a solid line.
"""

import datetime
from collections.abc import Sequence

from featray.analysis import sessions
from featray.analysis.history import ChangeState, HistoryChange, Point, Series
from featray.core import clock, wording
from featray.rendering import history_text, unit_text
from featray.rendering.page import plot
from featray.rendering.page.plot import Layout, Plot, Trace

HEIGHT_PX = 260
ROOM_S = 2 * 24 * 3600.0  # of one day plotly would write the same date at several ticks
GREY = "#888888"
DASHES = {ChangeState.SUSPECTED: "dot", ChangeState.CONFIRMED: "solid"}
KINDS = (("measured", "circle", 0), ("beside a newer version", "x", 2), ("imported", "circle-open", 6))
"""Name of a kind of points, its mark and the index of its colour."""


def draw(series: Series, changes: Sequence[HistoryChange], *, by_version: bool) -> Plot:
    """Draw a series.

    Args:
        series: At least one point.
        changes: Its steps; refuted ones have no line.
        by_version: Points are drawn one after the other instead of by date.
    """
    places = {id(point): place for place, point in enumerate(series.points)}
    members: dict[str, list[Point]] = {name: [] for name, _, _ in KINDS}
    for point in series.points:
        members["imported" if point.is_imported else KINDS[1][0] if point.is_beside else "measured"].append(point)
    x_of = (lambda point: places[id(point)]) if by_version else (lambda point: point.moment[:19])
    traces = [
        _trace(series, name, mark, colour, members[name], [x_of(point) for point in members[name]])
        for name, mark, colour in KINDS
        if members[name]
    ]
    shapes = [
        {"type": "line", "x0": x_of(change.after), "x1": x_of(change.after), "yref": "paper", "y0": 0, "y1": 1}
        | {"line": {"width": 2, "dash": DASHES[change.state], "color": GREY}}
        for change in changes
        if change.state in DASHES
    ]
    return Plot(
        kind="history",
        title=wording.plain(series.name),
        input=unit_text.section(series.unit.row),
        traces=tuple(traces),
        layout=_layout(series, shapes, by_version),
        height_px=HEIGHT_PX,
    )


def _layout(series: Series, shapes: Sequence[Layout], by_version: bool) -> Layout:
    return {
        "xaxis": _versions(len(series.points)) if by_version else _dates(series.points),
        "yaxis": {"title": {"text": "seconds per call"}, "rangemode": "tozero"},
        "showlegend": len({(point.is_imported, point.is_beside) for point in series.points}) > 1,
        "shapes": list(shapes),
    }


def _versions(count: int) -> Layout:
    return {"title": {"text": "versions, oldest first"}, "tickvals": [], "range": [-0.5, count - 0.5]}


def _dates(points: Sequence[Point]) -> Layout:
    """Lay out the dates with room at both ends, two days at least: of one point plotly would show milliseconds."""
    axis: Layout = {"type": "date", "tickformat": "%Y-%m-%d", "nticks": 4}
    moments = [moment for point in points if (moment := sessions.seconds(point.moment)) is not None]
    if not moments:
        return axis
    room_s = max(ROOM_S, 0.04 * (max(moments) - min(moments)))
    ends = (min(moments) - room_s, max(moments) + room_s)
    return axis | {"range": [clock.utc_text(datetime.datetime.fromtimestamp(end, datetime.UTC))[:19] for end in ends]}


def _trace(series: Series, name: str, mark: str, colour: int, points: Sequence[Point], x: Sequence[str | int]) -> Trace:
    about = plot.about(series.unit) | {"target": series.machine.target_id, "colour": colour}
    trace: Trace = {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": list(x),
        "y": [plot.rounded(point.call_s) for point in points],
        "text": [plot.label(_hover(point)) for point in points],
        "marker": {"symbol": mark, "size": 7},
        "hovertemplate": "%{text}<extra></extra>",
        "meta": about,
    }
    bounds = [point.interval_s or (point.call_s, point.call_s) for point in points]
    if any(point.interval_s for point in points):
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [plot.rounded(high - point.call_s) for point, (_, high) in zip(points, bounds, strict=True)],
            "arrayminus": [plot.rounded(point.call_s - low) for point, (low, _) in zip(points, bounds, strict=True)],
        }
    return trace


def _hover(point: Point) -> str:
    processes = "" if point.is_imported else f", {wording.count(len(point.logs), 'process', 'processes')}"
    return f"{history_text.date(point)}: {history_text.time(point)}{processes}; {history_text.software(point)}"
