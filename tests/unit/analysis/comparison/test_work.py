"""Work: which units did the same work, by what was resolved and by their outputs."""

import math
from typing import Any

import pytest

from featray.analysis import comparison, units
from featray.errors import BadInput
from featray.stats import Verdict
from tests.support.builders import make_joint_rows, make_rows, make_summary, make_whole_rows
from tests.support.sides import STEADY, compare_one, make_resolved, scale


def test_another_au_model_under_the_same_label_is_not_comparable() -> None:
    pair = compare_one(make_rows(STEADY, work=make_resolved(au_model="svm")), make_rows(scale(0.5), run_id="demo-2"))
    assert (pair.verdict, pair.decision) == (Verdict.NOT_COMPARABLE, None)
    assert pair.reasons == ("au_model svm -> xgb",)
    assert comparison.next_step(pair) == (
        "measure both with the same au_model, or compare on purpose with --over au_model"
    )


def test_another_au_model_is_comparable_on_purpose() -> None:
    svm = make_resolved(au_model="svm") | {"weights py-feat/svm_au svm.skops": '{"sha256":"1"}'}
    other = make_summary() | {"AU01": [0.5, 0.5, 72.0]}
    baseline = make_rows(STEADY, work=svm, output_summary=other)
    pair = compare_one(baseline, make_rows(scale(0.5), run_id="demo-2"), over=["au_model"])
    assert pair.verdict is Verdict.FASTER
    assert pair.attribution == "only au_model (svm -> xgb) is known to differ"


def test_varying_the_au_model_allows_no_other_difference() -> None:
    svm = make_resolved(au_model="svm", emotion_model="svm")
    pair = compare_one(make_rows(STEADY, work=svm), make_rows(STEADY, run_id="demo-2"), over=["au_model"])
    assert pair.reasons == ("emotion_model svm -> resmasknet",)


def test_two_batches_of_the_same_work_are_comparable() -> None:
    pair = compare_one(make_rows(STEADY, batch_size=4), make_rows(scale(0.5), batch_size=16))
    assert pair.verdict is Verdict.FASTER
    assert pair.attribution == "only batch_size (4 -> 16) is known to differ"


def test_synthetic_weights_are_never_compared_with_pretrained_ones() -> None:
    planted = make_resolved(weights="synthetic")
    baseline = make_rows(STEADY, weights="synthetic", work=planted)
    pair = compare_one(baseline, make_rows(STEADY, run_id="demo-2"))
    assert pair.verdict is Verdict.NOT_COMPARABLE
    assert "weights synthetic -> pretrained" in pair.reasons
    with pytest.raises(BadInput, match="over='weights'"):
        compare_one(baseline, make_rows(STEADY, run_id="demo-2"), over=["weights"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"faces": 71}, "faces 72 -> 71"),
        ({"frames": 70}, "frames 72 -> 70"),
        ({"output_summary": {"FaceRectX": [310.5, 12.25, 72.0]}}, "columns Roll, happiness only in the baseline"),
        ({"output_summary": make_summary() | {"happiness": [0.75, 0.125, 71.0]}}, "values of happiness"),
        ({"output_summary": make_summary() | {"happiness": [0.76, 0.125, 72.0]}}, "values of happiness"),
    ],
)
def test_another_output_is_other_work(changes: dict[str, Any], reason: str) -> None:
    pair = compare_one(make_rows(STEADY), make_rows(STEADY, run_id="demo-2", **changes))
    assert pair.verdict is Verdict.NOT_COMPARABLE
    assert pair.reasons == (reason,)


def test_an_output_moved_by_batch_or_threads_is_the_same_work() -> None:
    moved = {
        "FaceRectX": [310.5 + 0.9 * 0.005 * 310.5, 12.25, 72.0],
        "happiness": [0.75 + 6e-5, 0.125, 72.0],
        "Roll": [1e-7 + 5e-5, 2e-7, 72.0],
    }
    pair = compare_one(make_rows(STEADY), make_rows(STEADY, run_id="demo-2", output_summary=moved))
    assert pair.verdict is Verdict.EQUIVALENT


@pytest.mark.parametrize(
    ("moved", "by", "verdict"),
    [
        (1, 1.013, Verdict.EQUIVALENT),  # a tree crossed a split in one frame
        (5, 1.013, Verdict.EQUIVALENT),
        (6, 1.013, Verdict.NOT_COMPARABLE),  # more than a quarter of the columns
        (1, 1.11, Verdict.NOT_COMPARABLE),  # further than a step
    ],
)
def test_a_few_columns_may_step_a_little(moved: int, by: float, verdict: Verdict) -> None:
    before = {f"AU{number:02}": [0.98, 0.02, 72.0] for number in range(20)}
    after = {name: [0.98 * by if place < moved else 0.98, 0.02, 72.0] for place, name in enumerate(before)}
    pair = compare_one(
        make_rows(STEADY, output_summary=before), make_rows(STEADY, run_id="demo-2", output_summary=after)
    )
    assert pair.verdict is verdict


def test_columns_without_values_agree() -> None:
    empty = make_summary() | {"Pitch": [math.nan, math.nan, 0.0]}
    rows = [make_rows(STEADY, run_id=name, output_summary=empty) for name in ("demo-1", "demo-2")]
    assert compare_one(*rows).verdict is Verdict.EQUIVALENT


def test_another_detector_is_compared_only_on_the_same_frames() -> None:
    baseline = make_rows(STEADY, detector="img2pose")
    pair = compare_one(baseline, make_rows(scale(0.5), faces=70, output_summary={}), over=["detector"])
    assert pair.verdict is Verdict.FASTER
    assert [factor.key for factor in pair.factors] == ["detector"]


def test_an_injected_delay_is_the_same_work_with_a_caution() -> None:
    slowed = make_rows(scale(1.1), sweep="slowed", run_id="slowed-1", delay_s_per_frame=0.001)
    pair = compare_one(make_rows(STEADY), slowed)
    assert pair.verdict is Verdict.SLOWER
    assert pair.cautions == ("candidate: measured with an injected delay of 1.0 ms per frame",)
    assert pair.attribution == "only way of measuring (delay_s_per_frame 0.0 -> 0.001) is known to differ"


def test_a_new_keyword_of_a_release_is_the_same_work_when_releases_are_compared() -> None:
    newer = make_resolved() | {"new_keyword": "null"}
    rows = make_rows(STEADY), make_rows(STEADY, run_id="demo-2", work=newer, pyfeat="2.2.0")
    assert compare_one(*rows).reasons == ("new_keyword absent -> null",)
    assert compare_one(*rows, over=["pyfeat"]).verdict is Verdict.EQUIVALENT


def test_processes_side_by_side_have_no_ratio_to_one_alone_unless_that_is_compared() -> None:
    sides = units.gather_sides(make_rows([1.0] * 3), make_joint_rows([0.5] * 3, run_id="demo-2"))
    (alone,), (two,) = sides
    assert comparison.judge(alone, two, ()).reasons == ("processes side by side 1 -> 2",)
    assert comparison.judge(alone, two, ("processes",)).decision is not None


def test_all_gpus_have_no_ratio_to_one_alone_unless_that_is_compared() -> None:
    (alone,), (whole,) = units.gather_sides(make_rows([1.0] * 3), make_whole_rows([0.5] * 3, run_id="demo-2"))
    assert comparison.judge(alone, whole, ()).reasons == ("GPUs at the same time 1 -> 2",)
    assert comparison.judge(alone, whole, ("targets",)).decision is not None
