"""Sessions: which rows one run measured without a reboot and without a long pause."""

import datetime
from typing import Any

from featray.analysis import sessions, units
from featray.core.row import Row
from tests.support.builders import BLACKWELL, make_row, make_rows

BEGIN = datetime.datetime(2026, 5, 1, 8, tzinfo=datetime.UTC)


def row_at(hours: float, **changes: Any) -> Row:
    start = BEGIN + datetime.timedelta(hours=hours)
    return make_row(
        started_at=start.isoformat(), ended_at=(start + datetime.timedelta(minutes=5)).isoformat(), **changes
    )


def count(*rows: Row) -> tuple[int, int]:
    """Count sessions and stretches."""
    occasions = sessions.find_occasions(rows).values()
    return len({occasion.session for occasion in occasions}), len({occasion.stretch for occasion in occasions})


def test_rows_without_a_pause_are_one_session() -> None:
    assert count(*(row_at(hours / 2, invocation=hours) for hours in range(1, 9))) == (1, 1)


def test_a_pause_of_over_an_hour_begins_a_stretch_and_one_of_over_eight_a_session() -> None:
    assert count(row_at(0, invocation=1), row_at(1.05, invocation=2)) == (1, 1)  # 58 minutes after the first ended
    assert count(row_at(0, invocation=1), row_at(1.2, invocation=2)) == (1, 2)
    assert count(row_at(0, invocation=1), row_at(8.05, invocation=2)) == (1, 2)
    assert count(row_at(0, invocation=1), row_at(8.2, invocation=2)) == (2, 2)


def test_what_other_cells_measure_in_between_is_no_pause() -> None:
    assert count(row_at(0, invocation=1), row_at(0.9, cell_id="other"), row_at(1.8, invocation=2)) == (1, 1)


def test_a_reboot_begins_another_session() -> None:
    assert count(row_at(0, invocation=1, boot_id="a"), row_at(0.2, invocation=2, boot_id="b")) == (2, 2)
    assert count(row_at(0, invocation=1, boot_id="a"), row_at(0.2, invocation=2, boot_id=None)) == (1, 1)


def test_runs_of_one_day_are_one_session_and_targets_have_their_own() -> None:
    assert count(row_at(0), row_at(3, run_id="demo-2"), row_at(6, run_id="demo-3")) == (1, 3)
    assert count(row_at(0), row_at(24, run_id="demo-2")) == (2, 2)
    assert count(row_at(0), row_at(0.1, **BLACKWELL)) == (2, 2)


def test_a_moment_that_cannot_be_read_ends_nothing() -> None:
    assert count(row_at(0, invocation=1), make_row(invocation=2, started_at="sometime", ended_at=None)) == (1, 1)


def test_units_of_one_run_share_its_sessions_and_blocks() -> None:
    rows = [*make_rows([1.0, 2.0]), *make_rows([1.0, 2.0], cell_id="other", process="p")]
    first, second = units.gather(rows)
    assert [timing.session for timing in first.timings] == [timing.session for timing in second.timings]
    assert [timing.block for timing in first.timings] == [1, 2]
    assert {timing.process for timing in second.timings} == {"p"}


def test_a_target_without_two_sessions_of_anything_has_no_spread() -> None:
    (unit,) = units.gather(make_rows([1.0, 2.0]))
    assert sessions.find_spreads([("gpu", unit.timings)]) == {}


def test_a_target_with_several_sessions_has_their_spread() -> None:
    days = [BEGIN + datetime.timedelta(days=day) for day in range(3)]
    rows = [row for day in days for row in make_rows([1.0, 1.0], run_id=str(day), started_at=day)]
    timings = [timing for unit in units.gather(rows) for timing in unit.timings]
    assert sessions.find_spreads([("gpu", timings)])["gpu"].sessions == 3


def test_a_retried_attempt_shares_no_block() -> None:
    rows = [make_row(invocation=1, timed_s=[1.0]), make_row(invocation=2, attempt=2, timed_s=[1.0])]
    (unit,) = units.gather(rows)
    (other,) = units.gather([make_row(invocation=number, cell_id="other", timed_s=[1.0]) for number in (1, 2)])
    assert {timing.block for timing in unit.timings} & {timing.block for timing in other.timings} == {1}
