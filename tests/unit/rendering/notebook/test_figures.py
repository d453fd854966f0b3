"""Figures of plotly from the plots of the page."""

from featray.rendering.notebook import figures
from featray.rendering.notes import NONE
from featray.rendering.page import html, palette
from featray.rendering.page.plot import Plot
from tests.support.report_rows import make_report, make_row


def throughput() -> list[Plot]:
    rows = [make_row(), make_row(cell_id="2", batch_size=32), make_row(cell_id="3", input="long", section_label="long")]
    report = make_report(rows)
    return [plot for plot in html.draw_plots(report, NONE, report.ordered(), {}) if plot.kind == "throughput"]


def test_each_input_has_a_plot_of_its_own_below_the_other() -> None:
    figure = figures.draw(throughput())
    assert [trace.xaxis for trace in figure.data] == ["x", "x2"]
    assert [annotation.text for annotation in figure.layout.annotations] == ["Video: short (72 frames)", "Video: long"]
    assert list(figure.data[0].x) == [16, 32]


def test_colours_are_those_of_the_page_in_its_light_and_its_dark_theme() -> None:
    assert figures.draw(throughput()).data[0].line.color == palette.LIGHT[0]
    assert figures.draw(throughput(), dark=True).data[0].line.color == palette.DARK[0]


def test_a_name_is_in_the_legend_once() -> None:
    shown = [trace.showlegend for trace in figures.draw(throughput()).data]
    assert shown == [True, False]
