"""What all plots share."""

from featray.rendering.page import plot
from tests.support.report_rows import make_report, make_row


def test_equal_labels_are_numbered() -> None:
    assert plot.distinct(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]


def test_a_label_is_never_markup() -> None:
    assert plot.label("<b>a & b</b>") == "&lt;b&gt;a &amp; b&lt;/b&gt;"


def test_rows_of_a_plot_fill_it_from_the_top() -> None:
    assert plot.rows_layout(["a", "b"], [{}, {}])["yaxis"]["range"] == [1.5, -0.5]
    assert plot.rows_height_px(2) - plot.rows_height_px(1) == plot.LINE_HEIGHT_PX


def test_settings_are_named_where_they_vary() -> None:
    report = make_report([make_row(), make_row(cell_id="b", num_workers=2, environment="torch-2.5")])
    texts = [plot.varying_settings(unit, report) for unit in report.ordered()]
    assert texts == [["0 workers", "host's own"], ["2 workers", "torch-2.5"]]
