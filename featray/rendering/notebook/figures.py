"""Figures: the plots of the page as one figure of plotly, for notebooks.

Flow: `page.plot.Plot` -> `draw` -> `plotly.graph_objects.Figure`. Pure.
"""

from collections.abc import Sequence
from typing import Any

from featray.rendering.page import palette
from featray.rendering.page.plot import Plot

TITLE_PX = 60  # above the first plot
GAP_PX = 100  # between two: an axis with its title, and the title of the next
LEGEND_PX = 22  # a line of the legend


def draw(plots: Sequence[Plot], *, dark: bool = False) -> Any:
    """Draw plots of one kind below each other.

    Args:
        plots: At least one.
        dark: For a dark notebook.

    Returns:
        A figure of plotly, with everything that hovers in the page; `write_image` and `update_layout` work on it.
    """
    from plotly.subplots import make_subplots

    heights = [plot.height_px for plot in plots]
    legend_px = LEGEND_PX * len({trace["name"] for plot in plots for trace in plot.traces})
    total_px = sum(heights) + TITLE_PX + GAP_PX * (len(plots) - 1)
    figure = make_subplots(
        rows=len(plots),
        cols=1,
        row_heights=heights,
        subplot_titles=[plot.title for plot in plots],
        vertical_spacing=GAP_PX / total_px,
    )
    named: set[str] = set()
    for row, plot in enumerate(plots, start=1):
        for trace in plot.traces:
            figure.add_trace(_coloured(trace, named, dark=dark), row=row, col=1)
        _lay_out(figure, plot, row)
    figure.update_layout(
        template="plotly_dark" if dark else "plotly_white",
        height=total_px + legend_px,
        barmode="stack",
        legend={"orientation": "h", "y": -LEGEND_PX * 2 / total_px, "yanchor": "top"},
        margin={"l": 60, "r": 20, "t": TITLE_PX, "b": 40},
    )
    return figure


def _coloured(trace: dict[str, Any], named: set[str], *, dark: bool) -> dict[str, Any]:
    """Give a trace its colour, and a line of the legend unless an earlier trace of its name has one."""
    colour = (palette.DARK if dark else palette.LIGHT)[trace["meta"]["colour"]]
    drawn = {key: value for key, value in trace.items() if key not in ("meta", "customdata")}
    drawn["marker"] = {**trace.get("marker", {}), "color": colour}
    for part in ("line", "error_x", "error_y"):
        if part in trace:
            drawn[part] = {**trace[part], "color": colour}
    drawn |= {"legendgroup": trace["name"], "showlegend": trace["name"] not in named}
    named.add(trace["name"])
    return drawn


def _lay_out(figure: Any, plot: Plot, row: int) -> None:
    layout = plot.layout
    for axis, update in (("xaxis", figure.update_xaxes), ("yaxis", figure.update_yaxes)):
        if axis in layout:
            update(layout[axis], row=row, col=1)
    for shape in layout.get("shapes", ()):
        figure.add_shape({**shape, "yref": "y domain"}, row=row, col=1)
