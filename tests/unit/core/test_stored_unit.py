"""Stored units: which attempt counts, and what it says about time."""

import pytest

from featray.core.stored_unit import last_attempts
from tests.support.plans import make_cell, make_stored

CELL = make_cell()


@pytest.mark.parametrize("order", [1, -1])
def test_the_last_attempt_counts_whatever_the_order_of_rows(order: int) -> None:
    crash, good = make_stored(CELL, "cpu@a", status="crashed"), make_stored(CELL, "cpu@a", attempt=2)
    assert [unit.key() for unit in last_attempts([crash, good][::order]).values()] == [good.key()]


@pytest.mark.parametrize("order", [1, -1])
def test_attempts_that_were_lost_are_no_tries(order: int) -> None:
    statuses = ["lost", "crashed", "lost", "crashed"]
    rows = [make_stored(CELL, "cpu@a", status=status, attempt=number) for number, status in enumerate(statuses, 1)]
    (last,) = last_attempts(rows[::order]).values()
    assert (last.attempt, last.tries, last.is_final) == (4, 2, False)
    rows.append(make_stored(CELL, "cpu@a", status="crashed", attempt=5))
    (last,) = last_attempts(rows[::order]).values()
    assert last.is_final


def test_targets_and_invocations_are_counted_each_for_itself() -> None:
    rows = [make_stored(CELL, "cpu@a", 1), make_stored(CELL, "cpu@a", 2), make_stored(CELL, "cpu@b", 1)]
    assert [unit.key() for unit in last_attempts(rows).values()] == [row.key() for row in rows]


def test_what_no_invocation_was_made_for_counts_nowhere() -> None:
    refused = make_stored(CELL, "cpu@a", status="unsupported", order_index=None)
    assert not refused.was_started
    assert last_attempts([refused]) == {}


def test_calls_are_warm_up_and_timed_calls_together_or_nothing() -> None:
    assert make_stored(CELL, "cpu@a", warmup_s=[0.5], timed_s=[0.25, 0.25]).calls_s == 1.0
    assert make_stored(CELL, "cpu@a", warmup_s=None, timed_s=[0.25]).calls_s == 0.25
    assert make_stored(CELL, "cpu@a", warmup_s=[0.5], timed_s=None).calls_s is None


def test_a_stored_unit_has_the_key_of_its_row() -> None:
    unit = make_stored(CELL, "cpu@a", 3, attempt=2)
    assert unit.key() == ("demo-1", unit.cell_id, "cpu@a", 3, 2)
