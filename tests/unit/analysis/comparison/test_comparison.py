"""Comparison: the wrong claims that featray refuses, and the right ones that it makes with their reasons."""

import dataclasses
import json
import math
from typing import Any

import pytest

from featray.analysis import comparison
from featray.analysis.comparison import Pair
from featray.core import identity
from featray.core.row import Row
from featray.errors import BadInput
from featray.stats import Basis, Verdict
from tests.support.builders import (
    BLACKWELL,
    CPU,
    RTX3090,
    SHELF,
    make_cell,
    make_row,
    make_rows,
    make_summary,
    make_work,
)

STEADY = [1.0, 1.01, 0.99, 1.0, 1.0]


def scaled(by: float) -> list[float]:
    return [value * by for value in STEADY]


def pair(baseline: list[Row], candidate: list[Row], **options: Any) -> Pair:
    (only,) = comparison.compare(baseline, candidate, **options).pairs
    return only


def worked(**changes: str) -> dict[str, str]:
    """Make the work of retinaface with other resolved values."""
    return make_work(make_cell()) | {key: identity.canonical(value) for key, value in changes.items()}


class TestVerdicts:
    def test_a_slower_candidate_is_slower_by_time_over_time(self) -> None:
        found = pair(make_rows(STEADY), make_rows(scaled(1.25), run_id="demo-2"))
        assert found.verdict is Verdict.SLOWER
        assert found.decision is not None
        assert found.decision.ratio == pytest.approx(1.25)

    def test_the_same_again_is_equivalent_and_nothing_is_left_to_do(self) -> None:
        found = pair(make_rows(STEADY), make_rows(STEADY, run_id="demo-2"))
        assert found.verdict is Verdict.EQUIVALENT
        assert found.attribution == "nothing known differs but the time of measuring"
        assert comparison.next_step(found) == "nothing"

    def test_one_measurement_each_is_inconclusive_however_far_apart(self) -> None:
        baseline, candidate = make_rows([9.9e-3 * 72]), make_rows([19.9e-3 * 72], run_id="demo-2")
        found = pair(baseline, candidate)
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.decision is not None
        assert found.decision.ratio == pytest.approx(19.9 / 9.9)
        assert found.reasons == ("single measurement (1 against 1 invocations)",)
        assert comparison.next_step(found) == "measure 3 invocations per side (sd 4.0%, assumed)"

    def test_the_spread_of_a_calibrated_target_stands_in_for_single_measurements(self) -> None:
        rows = make_rows([1.0, 1.02] * 5, sweep="calibration", run_id="calibration-1")
        known = comparison.find_calibrations(rows)
        found = pair(make_rows([1.0]), make_rows([1.1], run_id="demo-2"), calibrations=known)
        assert found.decision is not None
        assert found.decision.spread.basis is Basis.CALIBRATED

    def test_a_noisy_target_asks_for_a_larger_difference(self) -> None:
        noise = [1.0, 1.3, 0.8, 1.1, 0.9, 1.2, 1.0, 0.7, 1.1, 1.0]
        known = comparison.find_calibrations(make_rows(noise, sweep="calibration", run_id="calibration-1"))
        floor = known[RTX3090["target_id"]].half_width
        found = pair(make_rows(STEADY), make_rows(scaled(1.1), run_id="demo-2"), calibrations=known)
        assert floor > math.log(1.1)
        assert found.verdict is Verdict.EQUIVALENT
        assert found.decision is not None
        assert found.decision.margin == floor

    def test_the_callers_margin_counts(self) -> None:
        found = pair(make_rows(STEADY), make_rows(scaled(1.1), run_id="demo-2"), margin=math.log(1.2))
        assert found.verdict is Verdict.EQUIVALENT

    def test_a_side_without_a_number_says_why(self) -> None:
        failed = make_row(run_id="demo-2", status="oom", reason="CUDA out of memory")
        found = pair(make_rows(STEADY), [failed])
        assert (found.verdict, found.decision) == (Verdict.INCONCLUSIVE, None)
        assert found.reasons == ("the candidate has no number (oom: CUDA out of memory)",)

    def test_differences_that_do_not_survive_their_number_are_daggered(self) -> None:
        noisy = [1.0, 1.05, 0.95, 1.02, 0.98]  # p of about 0.03 against 1.07 of itself: one of ten is by chance
        baseline = [row for batch in range(1, 11) for row in make_rows(noisy, batch_size=batch)]
        same = [row for batch in range(1, 10) for row in make_rows(noisy, batch_size=batch, run_id="demo-2")]
        other = make_rows([each * 1.07 for each in noisy], batch_size=10, run_id="demo-2")
        many = comparison.compare(baseline, same + other)
        assert [each.verdict for each in many.pairs][-1] is Verdict.SLOWER
        assert many.daggers == 1
        assert comparison.compare(baseline, other).daggers == 0

    def test_throttled_rows_are_flagged(self) -> None:
        hot = [dataclasses.replace(row, throttled=row.invocation == 1) for row in make_rows(STEADY, run_id="demo-2")]
        assert pair(make_rows(STEADY), hot).cautions == ("candidate: throttled in 1 of 5 invocations",)


class TestEqualWork:
    def test_another_au_model_under_the_same_label_is_not_comparable(self) -> None:
        found = pair(make_rows(STEADY, work=worked(au_model="svm")), make_rows(scaled(0.5), run_id="demo-2"))
        assert (found.verdict, found.decision) == (Verdict.NOT_COMPARABLE, None)
        assert found.reasons == ("au_model svm -> xgb",)
        assert comparison.next_step(found) == (
            "measure both with the same au_model, or compare on purpose with --over au_model"
        )

    def test_another_au_model_is_comparable_on_purpose(self) -> None:
        svm = worked(au_model="svm") | {"weights py-feat/svm_au svm.skops": '{"sha256":"1"}'}
        other = make_summary() | {"AU01": [0.5, 0.5, 72.0]}
        baseline = make_rows(STEADY, work=svm, output_summary=other)
        found = pair(baseline, make_rows(scaled(0.5), run_id="demo-2"), over=["au_model"])
        assert found.verdict is Verdict.FASTER
        assert found.attribution == "attributable to au_model (au_model svm -> xgb)"

    def test_an_au_model_on_purpose_excuses_nothing_else(self) -> None:
        svm = worked(au_model="svm", emotion_model="svm")
        found = pair(make_rows(STEADY, work=svm), make_rows(STEADY, run_id="demo-2"), over=["au_model"])
        assert found.reasons == ("emotion_model svm -> resmasknet",)

    def test_two_batches_of_the_same_work_are_comparable(self) -> None:
        found = pair(make_rows(STEADY, batch_size=4), make_rows(scaled(0.5), batch_size=16))
        assert found.verdict is Verdict.FASTER
        assert found.attribution == "attributable to batch_size (batch_size 4 -> 16)"

    def test_synthetic_weights_are_never_compared_with_pretrained_ones(self) -> None:
        planted = worked(weights="synthetic")
        baseline = make_rows(STEADY, weights="synthetic", work=planted)
        found = pair(baseline, make_rows(STEADY, run_id="demo-2"))
        assert found.verdict is Verdict.NOT_COMPARABLE
        assert "weights synthetic -> pretrained" in found.reasons
        with pytest.raises(BadInput, match="--over weights"):
            pair(baseline, make_rows(STEADY, run_id="demo-2"), over=["weights"])

    def test_synthetic_weights_on_both_sides_are_comparable_and_said(self) -> None:
        rows = [make_rows(STEADY, weights="synthetic", run_id=name) for name in ("demo-1", "demo-2")]
        found = pair(*rows)
        assert found.verdict is Verdict.EQUIVALENT
        assert found.cautions == ("synthetic weights: times are indicative",)

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
    def test_another_outcome_is_other_work(self, changes: dict[str, Any], reason: str) -> None:
        found = pair(make_rows(STEADY), make_rows(STEADY, run_id="demo-2", **changes))
        assert found.verdict is Verdict.NOT_COMPARABLE
        assert found.reasons == (reason,)

    def test_what_batch_and_threads_do_to_an_output_is_no_other_work(self) -> None:
        moved = {
            "FaceRectX": [310.5 + 0.9 * 0.005 * 310.5, 12.25, 72.0],
            "happiness": [0.75 + 6e-5, 0.125, 72.0],
            "Roll": [1e-7 + 5e-5, 2e-7, 72.0],
        }
        found = pair(make_rows(STEADY), make_rows(STEADY, run_id="demo-2", output_summary=moved))
        assert found.verdict is Verdict.EQUIVALENT

    @pytest.mark.parametrize(
        ("moved", "by", "verdict"),
        [
            (1, 1.013, Verdict.EQUIVALENT),  # a tree crossed a split in one frame
            (5, 1.013, Verdict.EQUIVALENT),
            (6, 1.013, Verdict.NOT_COMPARABLE),  # more than a quarter of the columns
            (1, 1.11, Verdict.NOT_COMPARABLE),  # further than a step
        ],
    )
    def test_a_few_columns_may_step_a_little(self, moved: int, by: float, verdict: Verdict) -> None:
        before = {f"AU{number:02}": [0.98, 0.02, 72.0] for number in range(20)}
        after = {name: [0.98 * by if place < moved else 0.98, 0.02, 72.0] for place, name in enumerate(before)}
        found = pair(make_rows(STEADY, output_summary=before), make_rows(STEADY, run_id="demo-2", output_summary=after))
        assert found.verdict is verdict

    def test_columns_without_any_value_agree_with_each_other(self) -> None:
        empty = make_summary() | {"Pitch": [math.nan, math.nan, 0.0]}
        rows = [make_rows(STEADY, run_id=name, output_summary=empty) for name in ("demo-1", "demo-2")]
        assert pair(*rows).verdict is Verdict.EQUIVALENT

    def test_another_detector_is_compared_only_on_the_same_frames(self) -> None:
        baseline = make_rows(STEADY, detector="img2pose")
        found = pair(baseline, make_rows(scaled(0.5), faces=70, output_summary={}), over=["detector"])
        assert found.verdict is Verdict.FASTER
        assert [factor.key for factor in found.factors] == ["detector"]

    def test_rows_without_their_work_prove_nothing(self) -> None:
        found = pair(make_rows(STEADY, work=None), make_rows(scaled(0.5), run_id="demo-2", work=None))
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.reasons[0] == "what was computed is not stored, so equal work is not proven"

    def test_an_injected_delay_is_no_other_work_but_is_said(self) -> None:
        slowed = make_rows(scaled(1.1), sweep="slowed", run_id="slowed-1", delay_s_per_frame=0.001)
        found = pair(make_rows(STEADY), slowed)
        assert found.verdict is Verdict.SLOWER
        assert found.cautions == ("candidate: measured with an injected delay of 1.0 ms per frame",)
        assert found.attribution == "attributable to way of measuring (delay_s_per_frame 0.0 -> 0.001)"

    def test_a_keyword_that_a_release_brings_is_no_other_work_when_releases_are_compared(self) -> None:
        newer = worked() | {"new_keyword": "null"}
        rows = make_rows(STEADY), make_rows(STEADY, run_id="demo-2", work=newer, pyfeat="2.2.0")
        assert pair(*rows).reasons == ("new_keyword absent -> null",)
        assert pair(*rows, over=["pyfeat"]).verdict is Verdict.EQUIVALENT


IMPORTED: dict[str, Any] = {"source_file": "report.md", "work": None, "asked": None, "output_summary": None}


class TestImports:
    def test_imported_rows_are_never_faster_however_many(self) -> None:
        rows = [make_rows(scaled(by), run_id=name, **IMPORTED) for by, name in ((1.0, "a"), (0.5, "b"))]
        found = pair(*rows)
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.decision is not None
        assert found.decision.verdict is Verdict.INCONCLUSIVE
        assert found.decision.speedup == pytest.approx(2.0)
        assert found.reasons[0] == (
            "both sides are imported, known by labels only: equal labels and version do not prove equal work"
        )

    def test_an_imported_baseline_matches_measured_rows_by_its_labels(self) -> None:
        found = pair(make_rows([1.0], cell_id="labels", **IMPORTED), make_rows(STEADY, run_id="demo-2"))
        assert found.reasons[0].startswith("the baseline is imported")
        assert found.reasons[1] == "single measurement (1 against 5 invocations)"
        assert comparison.next_step(found).startswith("measure both sides with featray, ")

    def test_what_an_import_does_not_tell_is_unknown_not_different(self) -> None:
        nothing = dict.fromkeys(("driver", "torchvision", "torchcodec", "host_id", "cpu_model", "gpu_uuid"))
        found = pair(make_rows([1.0], **IMPORTED, **nothing), make_rows([1.0], run_id="demo-2"))
        assert found.factors == ()
        assert found.unknown == ("driver",)


class TestFactors:
    def test_one_factor_is_what_the_difference_is_put_down_to(self) -> None:
        found = pair(make_rows(STEADY), make_rows(scaled(0.5), run_id="demo-2", driver="590.1"))
        assert found.attribution == "attributable to driver (driver 580.159.04 -> 590.1)"
        assert not found.is_confounded

    def test_gpu_and_torch_together_are_confounded_and_separated_by_one_cell(self) -> None:
        old = {"torch": "2.5.1+cu124", "cuda": "12.4", "torchvision": "0.20.1+cu124", "torchcodec": "0.1.1"}
        found = pair(make_rows(STEADY, **old), make_rows(scaled(0.6), **BLACKWELL))
        assert found.attribution == "confounded by gpu, torch stack"
        assert found.separation is not None
        (step,) = found.separation.steps
        assert step.text == "RTX 3090 of box with torch 2.11.0+cu128"
        assert step.requirements == ("torch==2.11.0", "torchvision==0.26.0", "torchcodec==0.11.1", "py-feat==2.1.5")
        assert step.hardware.target_id == RTX3090["target_id"]
        assert found.separation.why == (
            "torch 2.5.1+cu124 has no sm_120 kernels for NVIDIA RTX PRO 6000 Blackwell Workstation Edition"
        )
        assert comparison.next_step(found) == "to separate them, measure RTX 3090 of box with torch 2.11.0+cu128"

    def test_an_older_gpu_is_not_sent_back_to_a_torch_without_its_kernels(self) -> None:
        old = {"torch": "2.5.1+cu124", "cuda": "12.4"}
        found = pair(make_rows(STEADY, **BLACKWELL), make_rows(STEADY, run_id="demo-2", **old))
        assert found.separation is not None
        assert found.separation.start == "baseline"
        assert [step.text for step in found.separation.steps] == ["RTX 3090 of box with torch 2.11.0+cu128"]

    def test_three_factors_take_a_chain_of_two_cells(self) -> None:
        old = {"torch": "2.5.1+cu124", "pyfeat_commit": "864962c"}
        found = pair(make_rows(STEADY, **old), make_rows(STEADY, pyfeat_commit="c716340", **BLACKWELL))
        assert found.separation is not None
        assert [step.text for step in found.separation.steps] == [
            "RTX 3090 of box with torch 2.11.0+cu128 and py-feat commit c716340",
            "RTX 3090 of box with torch 2.5.1+cu124 and py-feat commit c716340",
        ]
        assert [step.isolates for step in found.separation.steps] == ["gpu", "torch stack"]

    def test_what_comes_with_a_machine_is_not_separable(self) -> None:
        found = pair(make_rows(STEADY), make_rows(scaled(0.5), **{**SHELF, **BLACKWELL}))
        assert found.attribution == "confounded by gpu, host"
        assert found.separation is not None
        assert found.separation.steps == ()
        assert comparison.next_step(found) == "gpu, host come with the machine and cannot be separated"

    def test_an_environment_is_only_the_name_of_what_differs_in_it(self) -> None:
        newer = {"environment": "nightly", "requirements": ["torch==2.12.0"], "torch": "2.12.0"}
        found = pair(make_rows(STEADY), make_rows(STEADY, **newer))
        assert [factor.key for factor in found.factors] == ["torch"]

    def test_the_same_machine_under_another_name_is_the_same(self) -> None:
        assert pair(make_rows(STEADY), make_rows(STEADY, run_id="demo-2", hostname="box.lan")).factors == ()

    def test_a_gpu_is_not_a_factor_beside_another_device(self) -> None:
        found = pair(make_rows(STEADY, **CPU), make_rows(scaled(0.1)))
        assert [factor.key for factor in found.factors] == ["device"]


class TestVariables:
    """Environment variables of the sweep: they change the times, and are neither work nor a column."""

    def sides(self) -> tuple[list[Row], list[Row]]:
        asked = json.loads(make_row().asked or "")
        asked["env"] = {"OMP_NUM_THREADS": "4", "NVIDIA_TF32_OVERRIDE": "0"}
        candidate = make_rows(scaled(1.25), run_id="demo-2", asked=json.dumps(asked))
        return make_rows(STEADY), candidate

    def test_a_difference_is_put_down_to_the_variable_that_differs(self) -> None:
        found = pair(*self.sides())
        assert found.verdict is Verdict.SLOWER
        assert found.attribution == "attributable to variables (NVIDIA_TF32_OVERRIDE unset -> 0)"

    def test_they_can_be_varied(self) -> None:
        found = pair(*self.sides(), over=["env"])
        assert [factor.key for factor in found.factors] == ["variables"]

    def test_a_variable_that_names_weights_is_work_and_no_second_factor(self) -> None:
        baseline, candidate = self.sides()
        other = worked(**{"variable NVIDIA_TF32_OVERRIDE": "sha256:1"})
        candidate = [dataclasses.replace(row, work=other, work_id="w2") for row in candidate]
        found = pair(baseline, candidate, over=["variable NVIDIA_TF32_OVERRIDE"])
        assert [factor.key for factor in found.factors] == ["variable NVIDIA_TF32_OVERRIDE"]

    def test_with_another_factor_they_confound(self) -> None:
        baseline, candidate = self.sides()
        newer = [dataclasses.replace(row, torch="2.15.0") for row in candidate]
        found = pair(baseline, newer)
        assert found.attribution == "confounded by torch stack, variables"
        assert found.separation is not None
        assert any("NVIDIA_TF32_OVERRIDE=" in step.text for step in found.separation.steps)
