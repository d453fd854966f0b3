"""The gate of a comparison: it fails closed, and a difference that may be chance never fails it."""

import dataclasses
from typing import Any

import pytest

from featray.analysis import comparison
from featray.analysis.comparison import Comparison, gate
from featray.analysis.comparison.gate import Gate, Require
from featray.core.row import Row
from featray.stats import Verdict
from tests.support.builders import make_rows
from tests.support.sides import LATER, STILL, scale

SLOWER = frozenset({Verdict.SLOWER})
XGB: dict[str, Any] = {"work": {"au_model": '"xgb"'}}


def before(batch_size: int = 16, **changes: object) -> list[Row]:
    return make_rows(scale(1.0), sweep="before", run_id="before-1", batch_size=batch_size, **changes)


def after(factor: float, batch_size: int = 16, **changes: object) -> list[Row]:
    return make_rows(scale(factor), sweep="after", run_id="after-1", batch_size=batch_size, **changes)


def failed(batch_size: int = 16, sweep: str = "after", **changes: object) -> list[Row]:
    lacking = {"status": "oom", "timed_s": None, "work": None}
    return make_rows([1.0] * 3, sweep=sweep, run_id=f"{sweep}-1", batch_size=batch_size, **lacking, **changes)


def compare(baseline: list[Row], candidate: list[Row]) -> Comparison:
    return comparison.compare(baseline, candidate, noise=STILL)


def judge(compared: Comparison, require: Require = Require.COMPARABLE) -> Gate:
    return gate.judge(compared, SLOWER, require)


def with_daggers(compared: Comparison) -> Comparison:
    return dataclasses.replace(
        compared, pairs=tuple(dataclasses.replace(pair, dagger=pair.is_different) for pair in compared.pairs)
    )


def test_a_decided_slowdown_fails_the_gate() -> None:
    judged = judge(compare(before(), after(1.3)))
    assert (judged.exit_code, len(judged.failing), judged.undecided) == (1, 1, ())


def test_a_gate_passes_where_every_pair_is_decided_and_none_is_slower() -> None:
    judged = judge(compare([*before(4), *before()], [*after(1.0, 4), *after(0.7)]), Require.DECIDED)
    assert (judged.exit_code, judged.failing, judged.undecided, judged.missing) == (0, (), (), ())


def test_a_difference_that_may_be_chance_is_undecided_and_does_not_fail() -> None:
    judged = judge(with_daggers(compare([*before(4), *before()], [*after(1.0, 4), *after(1.3)])))
    assert (judged.exit_code, judged.failing, len(judged.undecided)) == (0, (), 1)


@pytest.mark.parametrize("require", [Require.DECIDED, Require.COMPARABLE])
def test_a_gate_that_decides_nothing_has_an_exit_code_of_its_own(require: Require) -> None:
    for compared in (
        with_daggers(compare(before(), after(1.3))),
        compare(before(), after(1.3, **XGB)),
        compare(before(), failed()),
        compare(before(), make_rows([1.3], sweep="after", run_id="after-1")),
    ):
        judged = judge(compared, require)
        assert (judged.exit_code, judged.is_open, judged.decides_nothing) == (6, True, True)


def test_a_slowdown_that_is_not_comparable_never_passes() -> None:
    compared = compare([*before(4), *before()], [*after(1.0, 4), *after(1.3, **XGB)])
    assert judge(compared, Require.COMPARABLE).exit_code == 6
    assert judge(compared, Require.DECIDED).exit_code == 6
    assert [pair.verdict for pair in judge(compared).unmet] == [Verdict.NOT_COMPARABLE]
    assert gate.judge(compared, frozenset({Verdict.NOT_COMPARABLE}), Require.COMPARABLE).exit_code == 1


@pytest.mark.parametrize("candidate", [after(1.0, 4), [*after(1.0, 4), *failed()]], ids=["missing", "failed"])
def test_a_unit_that_the_candidate_lost_opens_the_gate(candidate: list[Row]) -> None:
    judged = judge(compare([*before(4), *before()], candidate))
    assert (judged.exit_code, judged.decides_nothing) == (6, False)
    assert [unit.row.batch_size for unit in judged.missing] == [16]


def test_what_is_lost_is_named_by_the_side_that_lacks_it() -> None:
    (unit,) = judge(compare([*before(4), *before()], [*after(1.0, 4), *failed()])).missing
    assert unit.row.sweep == "after"


def test_a_unit_that_failed_in_a_later_run_of_the_candidate_is_lost() -> None:
    later = [
        dataclasses.replace(row, run_id="after-2", started_at=row.started_at.replace("2026-", "2027-", 1))
        for row in failed()
    ]
    judged = judge(compare([*before(4), *before()], [*after(1.0, 4), *after(1.0), *later]))
    assert judged.exit_code == 6
    assert [unit.row.batch_size for unit in judged.missing] == [16]


def test_a_cell_that_failed_before_its_sweep_was_mended_does_not_hold_the_gate() -> None:
    old = failed(requirements=["wrong"])
    mended = after(1.0, started_at=LATER)
    judged = judge(compare([*before(4), *before()], [*after(1.0, 4), *old, *mended]))
    assert (judged.exit_code, judged.missing, judged.unmet) == (0, (), ())


def test_a_unit_that_has_a_number_on_neither_side_is_not_lost() -> None:
    both = compare([*before(4), *failed(sweep="before")], [*after(1.0, 4), *failed()])
    assert (judge(both).exit_code, judge(both).missing) == (0, ())
    assert judge(both, Require.DECIDED).exit_code == 6
    alone = compare([*before(4), *failed(sweep="before")], after(1.0, 4))
    assert (judge(alone).exit_code, judge(alone).missing) == (0, ())


def test_a_unit_that_failed_on_the_side_of_the_baseline_cannot_be_judged() -> None:
    judged = judge(compare([*before(4), *failed(sweep="before")], [*after(1.0, 4), *after(1.0)]))
    assert (judged.exit_code, judged.missing) == (6, ())


def test_what_is_decided_as_failing_counts_although_something_is_missing() -> None:
    assert judge(compare([*before(4), *before()], after(1.3, 4))).exit_code == 1


def test_nothing_is_required_where_nothing_is_asked() -> None:
    judged = judge(compare([*before(4), *before()], after(1.0, 4, **XGB)), Require.NONE)
    assert (judged.exit_code, len(judged.missing), len(judged.undecided)) == (0, 1, 1)


def test_without_a_failing_verdict_there_is_no_gate() -> None:
    judged = gate.judge(compare([*before(4), *before()], after(1.3, 4, **XGB)), frozenset(), Require.NONE)
    assert (judged.exit_code, judged.failing, len(judged.undecided), len(judged.missing)) == (0, (), 1, 1)


@pytest.mark.parametrize(("require", "code"), [(Require.COMPARABLE, 6), (Require.DECIDED, 6), (Require.NONE, 0)])
def test_a_pair_that_is_not_known_to_have_computed_the_same_does_not_pass(require: Require, code: int) -> None:
    unproven = [*after(1.0, 4), *(dataclasses.replace(row, work=None, work_id=None) for row in after(1.3))]
    compared = compare([*before(4), *before()], unproven)
    assert [str(pair.verdict) for pair in compared.pairs] == ["EQUIVALENT", "INCONCLUSIVE"]
    assert judge(compared, require).exit_code == code
