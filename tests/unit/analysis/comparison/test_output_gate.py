"""The gate on outputs: what corrupts an output is told, and what only another batch or thread does to it is not."""

import dataclasses

import pandas as pd
import pytest

from featray.analysis import cautions, output_agreement, units
from featray.analysis.comparison import Pair
from featray.stats import Verdict
from tests.support import fake_outputs
from tests.support.fake_outputs import CORRUPTIONS, make_fex, make_output_rows
from tests.support.sides import STEADY, compare_one

GOOD = make_fex()


def compare_outputs(candidate: dict[int, pd.DataFrame]) -> Pair:
    baseline = make_output_rows(STEADY, {1: GOOD})
    return compare_one(baseline, make_output_rows(STEADY, candidate, run_id="demo-2"))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corrupted_output_is_other_work(name: str) -> None:
    pair = compare_outputs({1: CORRUPTIONS[name](GOOD)})
    assert (pair.verdict, pair.decision) == (Verdict.NOT_COMPARABLE, None)
    assert pair.reasons


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("good", [1, 3, 5], ids=["first", "middle", "last"])
def test_a_corruption_of_all_invocations_but_one_is_told(name: str, good: int) -> None:
    bad = CORRUPTIONS[name](GOOD)
    pair = compare_outputs({number: GOOD if number == good else bad for number in range(1, 6)})
    assert pair.verdict is Verdict.NOT_COMPARABLE
    assert any("differ between its invocations" in reason for reason in pair.reasons)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("bad", [1, 3, 5], ids=["first", "middle", "last"])
def test_a_corruption_of_one_invocation_is_told(name: str, bad: int) -> None:
    outputs = {number: CORRUPTIONS[name](GOOD) if number == bad else GOOD for number in range(1, 6)}
    assert compare_outputs(outputs).verdict is Verdict.NOT_COMPARABLE


@pytest.mark.parametrize("relative", [0.0, 6e-5, 5e-4])
def test_what_batch_and_threads_do_is_the_same_work(relative: float) -> None:
    pair = compare_outputs({1: fake_outputs.noisy(GOOD, relative)})
    assert (pair.verdict, pair.reasons) == (Verdict.EQUIVALENT, ())


def test_an_action_unit_that_steps_in_one_frame_is_the_same_work() -> None:
    stepped = fake_outputs.in_one_row(GOOD, ["AU09"], 0.03)
    assert compare_outputs({1: stepped}).verdict is Verdict.EQUIVALENT


def test_a_column_of_few_faces_may_step_further_where_sums_hold_the_rest() -> None:
    few = make_fex(frames=5).assign(AU01=0.5)
    stepped = few.copy()
    stepped.loc[[0, 5], "AU01"] += 0.17
    sides = make_output_rows(STEADY, {1: few}), make_output_rows(STEADY, {1: stepped}, run_id="demo-2")
    before, after = (side[0].output_summary["AU01"] for side in sides if side[0].output_summary)
    size = max(before[:2])
    assert 0.10 < max(abs(one - other) for one, other in zip(before, after, strict=True)) / size < 0.20
    assert compare_one(*sides).verdict is Verdict.EQUIVALENT
    old = [[dataclasses.replace(row, output_sums=None) for row in side] for side in sides]
    assert compare_one(*old).verdict is Verdict.NOT_COMPARABLE


def test_rows_without_sums_compare_as_before() -> None:
    moved = fake_outputs.with_faces_exchanged(GOOD)  # which means and deviations do not show
    sides = make_output_rows(STEADY, {1: GOOD}), make_output_rows(STEADY, {1: moved}, run_id="demo-2")
    old = [[dataclasses.replace(row, output_sums=None) for row in side] for side in sides]
    assert compare_one(*old).verdict is Verdict.EQUIVALENT
    assert compare_one(*sides).verdict is Verdict.NOT_COMPARABLE


def test_the_reason_says_how_far_which_family_moved() -> None:
    pair = compare_outputs({1: CORRUPTIONS["boxes and landmarks by 30 px"](GOOD)})
    (reason,) = [reason for reason in pair.reasons if reason.startswith("outputs moved")]
    assert "boxes by" in reason
    assert "landmarks by" in reason


def test_a_unit_names_the_invocations_that_differ() -> None:
    rows = make_output_rows(STEADY, {1: CORRUPTIONS["AU12 lost"](GOOD), 2: GOOD})
    (unit,) = units.gather(rows)
    deviations = output_agreement.find_deviations(unit)
    assert "missing values in invocation 1" in deviations
    (caution,) = cautions.of_units([unit])
    assert caution.sentence.startswith("outputs differ between the invocations of")
