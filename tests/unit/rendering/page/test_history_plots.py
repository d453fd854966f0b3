"""History plots: kinds of points, lines at steps, and axes that show days."""

from collections.abc import Sequence

from featray.analysis import history
from featray.analysis.comparison import NO_NOISE
from featray.core.row import Row
from featray.rendering.page import history_plots
from featray.rendering.page.plot import Plot
from tests.support.histories import make_history, make_session, make_side_by_side


def draw(rows: Sequence[Row], *, by_version: bool = False) -> Plot:
    (series,) = history.gather(rows)
    return history_plots.draw(series, history.find_changes(series, NO_NOISE), by_version=by_version)


def test_a_suspected_step_is_a_dotted_line_and_a_confirmed_one_is_solid() -> None:
    suspected = draw(make_history(10, 10)).layout["shapes"]
    confirmed = draw([*make_history(10, 10), *make_side_by_side(25, (0.76, 0.84))]).layout["shapes"]
    assert [shape["line"]["dash"] for shape in (*suspected, *confirmed)] == ["dot", "solid"]
    assert suspected[0]["x0"].startswith("2026-01-11")


def test_a_refuted_step_has_no_line() -> None:
    assert draw([*make_history(10, 10), *make_side_by_side(25, (0.76, 0.76))]).layout["shapes"] == []


def test_versions_beside_a_newer_one_have_a_mark_of_their_own() -> None:
    plot = draw([*make_history(2, 2), *make_side_by_side(25, (0.76, 0.84))])
    assert [(trace["name"], len(trace["x"])) for trace in plot.traces] == [
        ("measured", 5),
        ("beside a newer version", 1),
    ]
    assert plot.layout["showlegend"]


def test_a_single_point_has_days_around_it() -> None:
    axis = draw(make_session(1, 0.76)).layout["xaxis"]
    assert [end[:10] for end in axis["range"]] == ["2025-12-31", "2026-01-04"]


def test_versions_stand_at_equal_distances() -> None:
    plot = draw(make_history(2, 2), by_version=True)
    assert plot.traces[0]["x"] == [0, 1, 2, 3]
    assert plot.layout["xaxis"]["range"] == [-0.5, 3.5]
