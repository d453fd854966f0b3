"""Unit: the time, spread and interval of one cell on one target, and what was asked for."""

import dataclasses
import datetime

import pytest

from featray import stats
from featray.analysis import units
from featray.core.row import Row
from tests.support.builders import make_joint_rows, make_rows
from tests.support.report_rows import make_failed_row, make_row


def test_the_time_of_a_unit_is_the_geometric_mean_over_invocations_of_the_median_repeat() -> None:
    rows = [
        make_row(invocation=1, timed_s=[1.0, 9.0, 2.0]),
        make_row(invocation=2, timed_s=[3.0, 4.0, 5.0]),
        make_row(invocation=3, timed_s=[8.0, 8.0, 8.0]),
    ]
    (unit,) = units.gather(rows)
    assert unit.medians_s == [2.0, 4.0, 8.0]
    assert unit.call_s == pytest.approx(4.0)  # the cube root of 2 x 4 x 8
    assert unit.frame_s == pytest.approx(4.0 / 72)


def test_a_failed_row_never_speaks_for_a_unit_that_was_measured() -> None:
    rows = [make_row(invocation=1), make_failed_row("lost", invocation=2, started_at="2027-01-01T00:00:00.000+00:00")]
    assert units.gather(rows)[0].row.status == "ok"


def test_two_repeats_have_no_spread() -> None:
    assert units.gather([make_row(timed_s=[1.0, 2.0])])[0].spread is None


def test_spread_is_the_interquartile_range_over_the_median() -> None:
    assert units.gather([make_row(timed_s=[1.0, 2.0, 3.0, 4.0, 5.0])])[0].spread == pytest.approx(2 / 3)


def test_threads_asked_for_win_over_threads_seen() -> None:
    assert units.gather([make_row(asked='{"threads": 4}', omp_num_threads="1")])[0].threads == "4"
    assert units.gather([make_row(asked="broken", omp_num_threads="1")])[0].threads == "1"
    assert units.gather([make_row(asked='{"threads": null}', omp_num_threads=None)])[0].threads is None


def test_three_invocations_have_an_interval_and_two_have_none() -> None:
    rows = [make_row(invocation=number, timed_s=[value]) for number, value in enumerate((1.0, 1.1, 1.21), start=1)]
    interval_s = units.gather(rows)[0].interval_s
    # logs 0, 0.0953, 0.1906: sd 0.0953, half-width 4.303 x 0.0953 / sqrt(3) = 0.2368
    assert interval_s == pytest.approx((1.1 / 1.2672, 1.1 * 1.2672), rel=1e-3)
    assert units.gather(rows[:2])[0].interval_s is None


def test_a_units_time_stands_in_its_interval_and_two_of_them_give_the_ratio_of_a_comparison() -> None:
    times = [1.0] * 7 + [1.12] * 5  # two modes: the median is that of the faster one
    (unit,) = units.gather([make_row(invocation=number, timed_s=[value]) for number, value in enumerate(times, 1)])
    assert unit.interval_s is not None
    assert unit.call_s is not None
    assert unit.interval_s[0] < unit.call_s < unit.interval_s[1]
    nothing = [dataclasses.replace(timing, log=0.0) for timing in unit.timings]
    assert unit.call_s == pytest.approx(stats.decide(nothing, unit.timings).ratio)


def test_processes_side_by_side_have_a_time_together_and_one_each() -> None:
    (unit,) = units.gather(make_joint_rows([1.0, 1.0, 1.0], processes=2))
    assert unit.processes == 2
    assert [unit.call_s, unit.process_call_s] == pytest.approx([1.0, 2.0])
    assert unit.process_frame_s == pytest.approx(2.0 / 72)
    (alone,) = units.gather(make_rows([1.0]))
    assert (alone.processes, alone.process_call_s) == (1, alone.call_s)


def test_an_interval_counts_the_sessions_of_a_run_that_was_resumed() -> None:
    def resumed(gap_days: int) -> tuple[float, float]:
        first = make_rows([1.0, 1.01, 0.99, 1.0])
        second = make_rows([1.1, 1.11, 1.09, 1.1])
        later = [
            dataclasses.replace(row, invocation=row.invocation + 4, started_at=later_by(row, gap_days), boot_id="b")
            for row in second
        ]
        (unit,) = units.gather([*(dataclasses.replace(row, boot_id="a" if gap_days else "b") for row in first), *later])
        assert unit.interval_s is not None
        return unit.interval_s

    def later_by(row: Row, days: int) -> str:
        return (datetime.datetime.fromisoformat(row.started_at) + datetime.timedelta(days=days)).isoformat()

    one, two = resumed(0), resumed(1)
    assert one == pytest.approx((1.0046, 1.0957), abs=0.001)  # eight processes of one session
    assert two[0] < 0.95
    assert two[1] > 1.15


def test_a_score_that_no_row_has_is_left_out() -> None:
    scores = ({"F1": None, "ICC": 0.5}, {"F1": None, "ICC": None}, {"F1": None, "ICC": 0.7})
    (unit,) = units.gather([make_row(invocation=number, accuracy=found) for number, found in enumerate(scores, 1)])
    assert unit.accuracy == {"ICC": pytest.approx(0.6)}
