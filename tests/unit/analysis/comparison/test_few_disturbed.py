"""Few disturbed invocations: verdicts that hold without the invocations that alone had a state."""

import dataclasses
from typing import Any

import pytest

from featray.core.row import Row
from featray.stats import Verdict
from tests.support.builders import make_rows
from tests.support.sides import compare_one

EIGHT = [1.0, 1.01, 0.99, 1.0, 1.0, 1.01, 0.99, 1.0]


def run(run_id: str, factor: float, disturbed: int = 0, **changes: Any) -> list[Row]:
    """Make eight invocations, of which the first `disturbed` have these columns."""
    rows = make_rows([factor * seconds for seconds in EIGHT], run_id=run_id, cpu_other=0.02, throttled=False)
    return [dataclasses.replace(row, **changes) if row.invocation <= disturbed else row for row in rows]


@pytest.mark.parametrize("changes", [{"cpu_other": 0.9}, {"throttled": True, "cpu_other": 0.9}])
def test_one_disturbed_invocation_of_eight_is_a_caution_where_the_other_seven_show_the_same(
    changes: dict[str, Any],
) -> None:
    pair = compare_one(run("a", 1.0), run("b", 1.15, 1, **changes))
    assert pair.verdict is Verdict.SLOWER
    assert pair.states == ()
    assert pair.cautions == (
        "other processes took 13% of the CPUs beside the candidate, 2% beside the baseline; only 1 of 16 invocations "
        "had it, and the verdict holds without it",
        *(["candidate: throttled in 1 of 8 invocations"] if "throttled" in changes else []),
    )


def test_two_disturbed_invocations_of_eight_decide_nothing() -> None:
    assert compare_one(run("a", 1.0), run("b", 1.15, 2, cpu_other=0.9)).verdict is Verdict.INCONCLUSIVE


def test_a_verdict_that_the_disturbed_invocation_alone_makes_does_not_stand() -> None:
    slow = run("b", 1.031, 1, cpu_other=0.9)
    slow[0] = dataclasses.replace(slow[0], timed_s=[1.0])
    assert compare_one(run("a", 1.0), slow).verdict is Verdict.INCONCLUSIVE


def test_swap_that_grew_over_a_run_is_of_no_single_invocation() -> None:
    swapping = [dataclasses.replace(row, swap_used_b=row.invocation * 2**28) for row in run("b", 1.3)]
    still = [dataclasses.replace(row, swap_used_b=0) for row in run("a", 1.0)]
    assert compare_one(still, swapping).verdict is Verdict.INCONCLUSIVE


def test_an_equal_pair_with_one_disturbed_invocation_is_equivalent() -> None:
    pair = compare_one(run("a", 1.0), run("b", 1.0, 1, cpu_other=0.9))
    assert pair.verdict is Verdict.EQUIVALENT
    assert "had it, and the verdict holds without it" in pair.cautions[0]
