"""History text: sparklines, and what is said of a step."""

import dataclasses
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


def compared(run_id: str, times_s: Sequence[float], *, second: str = "b==2", start: int = 1) -> list[Row]:
    """Make a run of one sweep with the environments before and after; after starts first."""
    sides = zip(times_s, ("before", "after"), (["b==1"], [second]), (start + 0.01, start), strict=True)
    return [
        row
        for call_s, name, requirements, day in sides
        for row in make_session(
            day,
            call_s,
            sd=0.0,
            run_id=run_id,
            sweep=run_id,
            environment=name,
            environments=["before", "after"],
            requirements=requirements,
        )
    ]


def test_environments_of_one_sweep_are_no_steps_of_a_history_and_keep_its_order() -> None:
    (series,) = history.gather(compared("slow", (0.98, 1.15)))
    assert [point.environments for point in series.points] == [("before",), ("after",)]
    lines = list(history_text.lines([(series, ())]))
    assert "->" not in "".join(lines)
    assert lines[2].endswith("2 points of environments side by side, 2026-01-02")
    assert lines[3].startswith("    side by side on 2026-01-02: before 0.98 s (")
    assert "; after 1.15 s (" in lines[3]


def test_two_sweeps_of_one_day_have_a_line_each() -> None:
    (series,) = history.gather([*compared("slow", (0.27, 0.32)), *compared("same", (0.27, 0.26), second="b==3")])
    lines = [line.strip() for line in history_text.lines([(series, ())]) if "side by side on" in line]
    assert [line.partition(":")[0] for line in lines] == [
        "side by side on 2026-01-02 in sweep same",
        "side by side on 2026-01-02 in sweep slow",
    ]
    assert [[part.split()[0] for part in line.partition(": ")[2].split("; ")] for line in lines] == [
        ["before", "after"],
        ["before", "after"],
    ]


def test_two_runs_of_one_sweep_on_a_day_share_a_line() -> None:
    (series,) = history.gather([*compared("one", (0.27, 0.32)), *compared("two", (0.27, 0.32))])
    assert len(series.points) == 2
    assert sum("side by side on" in line for line in history_text.lines([(series, ())])) == 1


def test_of_two_commits_in_one_run_the_later_environment_goes_on_with_the_history() -> None:
    commits = {"before": "a" * 40, "after": "b" * 40}
    rows = [dataclasses.replace(row, pyfeat_commit=commits[row.environment or ""]) for row in compared("s", (1, 2))]
    (series,) = history.gather(rows)
    assert [(point.environments, point.is_beside) for point in series.points] == [
        (("before",), True),
        (("after",), False),
    ]
