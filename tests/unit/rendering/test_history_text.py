"""History text: sparklines, and what is said of a step."""

from collections.abc import Sequence

from featray.analysis import history
from featray.analysis.comparison import NO_NOISE
from featray.core.row import Row
from featray.rendering import history_text
from tests.support.builders import make_row
from tests.support.histories import OLD, make_history, make_session, make_side_by_side


def sentences(rows: Sequence[Row]) -> list[str]:
    found = history.gather(rows)
    return [history_text.sentence(change) for one in found for change in history.find_changes(one, NO_NOISE)]


def sparkline(rows: Sequence[Row]) -> str:
    (series,) = history.gather(rows)
    return history_text.sparkline(series.points)


def test_bars_go_from_the_least_time_to_the_most() -> None:
    rows = [row for day, call_s in enumerate((1.0, 1.5, 2.0)) for row in make_session(day, call_s, sd=0.0)]
    assert sparkline(rows) == "▁▅█"


def test_scatter_is_drawn_low_and_equal_times_as_the_lowest_bar() -> None:
    rows = [row for day, call_s in enumerate((1.0, 1.01, 1.02)) for row in make_session(day, call_s, sd=0.0)]
    assert set(sparkline(rows)) <= {"▁", "▂"}
    assert sparkline(make_session(1, 0.76, sd=0.0)) == "▁"


def test_an_import_is_a_dot_and_only_the_last_points_are_drawn() -> None:
    imports = [
        make_row(run_id=f"r{day}", started_at=f"2026-01-{day:02}T00:00:00.000+00:00", source_file="r.md", hostname=None)
        for day in range(1, 30)
    ]
    assert sparkline(imports) == "·" * 29
    (series,) = history.gather(imports)
    assert history_text.sparkline(series.points, 5) == "·" * 5


def test_a_step_says_what_would_tell_its_cause() -> None:
    (sentence,) = sentences(make_history(10, 10))
    assert sentence.startswith("SUSPECTED: 1.10x slower between 2026-01-10 and 2026-01-11 (time ratio 1.1")
    assert sentence.endswith("A sweep with both versions would tell: `featray history --confirm`.")


def test_a_step_of_one_version_points_at_the_machine() -> None:
    (sentence,) = sentences([row for day in range(20) for row in make_session(day, 0.9 if day < 10 else 0.76, **OLD)])
    assert "1.19x faster" in sentence
    assert "Nothing that was recorded changed there." in sentence
    assert sentence.endswith("so the machine is the first suspect.")


def test_a_confirmed_step_names_the_run_that_measured_both() -> None:
    (sentence,) = sentences([*make_history(10, 10), *make_side_by_side(25, (0.76, 0.84))])
    assert sentence.startswith("CONFIRMED")
    assert "Side by side in run confirm-25: SLOWER" in sentence


def test_a_version_with_local_changes_cannot_be_measured_again() -> None:
    rows = [
        row for day in range(20) for row in make_session(day, 0.76 if day < 10 else 0.9, pyfeat_dirty=f"d{day // 10}")
    ]
    (sentence,) = sentences(rows)
    assert "local changes" in sentence
    assert sentence.endswith("no sweep can measure both sides.")
