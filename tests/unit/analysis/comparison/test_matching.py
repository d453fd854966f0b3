"""Comparison: which units are matched with which, and what a calibration says."""

import dataclasses
import math
from typing import Any

import pytest

from featray import stats
from featray.analysis import comparison
from featray.core import identity
from featray.errors import BadInput
from featray.stats import Verdict
from tests.support.builders import BLACKWELL, BOX, CPU, RTX3090, SHELF, make_cell, make_rows, make_work

STEADY = [1.0, 1.01, 0.99, 1.0, 1.0]


def scaled(by: float) -> list[float]:
    return [value * by for value in STEADY]


class TestMatching:
    def test_hardware_is_matched_with_itself_and_never_collapsed(self) -> None:
        both = make_rows(STEADY) + make_rows(scaled(0.5), **BLACKWELL)
        again = [dataclasses.replace(row, run_id="demo-2") for row in both]
        found = comparison.compare(both, again)
        assert [each.verdict for each in found.pairs] == [Verdict.EQUIVALENT] * 2

    def test_a_new_gpu_beside_the_old_one_has_no_counterpart(self) -> None:
        both = make_rows(STEADY, run_id="demo-2") + make_rows(scaled(0.5), run_id="demo-2", **BLACKWELL)
        found = comparison.compare(make_rows(STEADY), both)
        assert len(found.pairs) == 1
        assert [unit.row.gpu_name for unit in found.only_candidate] == [BLACKWELL["gpu_name"]]

    def test_gpus_are_compared_with_each_other_on_request(self) -> None:
        both = make_rows(STEADY, run_id="demo-2") + make_rows(scaled(0.5), run_id="demo-2", **BLACKWELL)
        (found,) = comparison.compare(make_rows(STEADY), both, over=["gpu"]).pairs
        assert found.candidate.row.gpu_name == BLACKWELL["gpu_name"]

    def test_batches_without_a_counterpart_are_not_matched_with_others(self) -> None:
        baseline = make_rows(STEADY, batch_size=1) + make_rows(STEADY, batch_size=4)
        candidate = [row for batch in (4, 64) for row in make_rows(STEADY, batch_size=batch, run_id="demo-2")]
        found = comparison.compare(baseline, candidate)
        assert [each.baseline.row.batch_size for each in found.pairs] == [4]
        assert [unit.row.batch_size for unit in found.only_baseline] == [1]
        assert [unit.row.batch_size for unit in found.only_candidate] == [64]

    def test_inputs_are_never_matched_with_other_inputs(self) -> None:
        found = comparison.compare(make_rows(STEADY, input="short"), make_rows(STEADY, input="long"))
        assert found.pairs == ()
        with pytest.raises(BadInput, match="other work"):
            comparison.compare(make_rows(STEADY), make_rows(STEADY), over=["input"])

    def test_the_last_run_of_a_unit_stands_for_it(self) -> None:
        later = make_rows(scaled(2.0), run_id="demo-2", started_at=_later())
        found = comparison.compare(make_rows(STEADY, run_id="base"), make_rows(STEADY) + later)
        assert [each.candidate.row.run_id for each in found.pairs] == ["demo-2"]
        assert [unit.row.run_id for unit in found.superseded] == ["demo-1"]

    def test_within_one_sweep_the_smallest_batch_is_the_baseline(self) -> None:
        rows = [row for batch in (16, 4, 1) for row in make_rows(scaled(1 / batch), batch_size=batch)]
        found = comparison.compare_within(rows, over=["batch"])
        assert [(each.baseline.row.batch_size, each.candidate.row.batch_size) for each in found.pairs] == [
            (1, 4),
            (1, 16),
        ]

    def test_within_one_sweep_the_first_detector_of_the_catalogue_is_the_baseline(self) -> None:
        rows = make_rows(STEADY, detector="retinaface") + make_rows(STEADY, detector="img2pose")
        (found,) = comparison.compare_within(rows, over=["detector"]).pairs
        assert (found.baseline.row.detector, found.candidate.row.detector) == ("img2pose", "retinaface")

    def test_pairs_come_in_the_order_of_a_report_however_they_were_measured(self) -> None:
        cells = [
            ("long", "retinaface", 4),
            ("short", "retinaface", 16),
            ("short", "retinaface", 4),
            ("short", "img2pose", 64),
        ]
        rows = [
            row for clip, name, batch in cells for row in make_rows(STEADY, input=clip, detector=name, batch_size=batch)
        ]
        found = comparison.compare(rows, [dataclasses.replace(row, run_id="demo-2") for row in rows])
        labels = [pair.baseline.row for pair in found.pairs]
        assert [(row.input, row.detector, row.batch_size) for row in labels] == [
            ("short", "img2pose", 64),
            ("short", "retinaface", 4),
            ("short", "retinaface", 16),
            ("long", "retinaface", 4),
        ]

    def test_a_variant_of_a_detector_is_matched_with_its_original(self) -> None:
        variant = make_cell().detector
        variant = dataclasses.replace(variant, name="with-svm", keywords={**variant.keywords, "au_model": "svm"})
        asked = make_cell(detector=variant)
        svm = make_rows(
            STEADY,
            detector="with-svm",
            cell_id="svm",
            asked=identity.canonical(dataclasses.asdict(asked)),
            work=make_work(make_cell()) | {"au_model": identity.canonical("svm")},
        )
        (found,) = comparison.compare_within(make_rows(STEADY) + svm, over=["au_model"]).pairs
        assert found.verdict is Verdict.EQUIVALENT
        assert found.attribution == "attributable to au_model (au_model xgb -> svm)"

    def test_versions_are_ordered_by_their_numbers(self) -> None:
        rows = [
            row
            for name in ("2.11.0", "2.9.0")
            for row in make_rows(STEADY, environment=f"v{name}", torch=name, requirements=[f"torch=={name}"])
        ]
        (found,) = comparison.compare_within(rows, over=["torch"]).pairs
        assert (found.baseline.row.torch, found.candidate.row.torch) == ("2.9.0", "2.11.0")

    def test_an_unknown_key_gets_a_suggestion(self) -> None:
        with pytest.raises(BadInput, match="Did you mean 'batch_size'"):
            comparison.compare(make_rows(STEADY), make_rows(STEADY), over=["batchsize"])


def _later() -> Any:
    import datetime

    return datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


class TestCalibration:
    def test_identical_cells_give_their_spread_and_noise_floor(self) -> None:
        # Logs of +-0.01: squares 10 * 0.0001 over 9 degrees of freedom, sd 0.01054; t(0.975, 9) sqrt(2/5) = 1.4307
        medians = [math.exp(0.01 * sign) for sign in (1, -1) * 5]
        (found,) = comparison.find_calibrations(make_rows(medians, sweep="calibration")).values()
        assert found.sd == pytest.approx(0.010541, rel=1e-3)
        assert found.half_width == pytest.approx(0.010541 * 1.4307, rel=1e-3)
        assert (found.invocations, found.cells) == (5, 1)
        assert found.target_id == RTX3090["target_id"]

    def test_odd_and_even_invocations_are_a_and_a(self) -> None:
        medians = [value for one in STEADY for value in (one, 1.2 * one)]
        (found,) = comparison.find_calibrations(make_rows(medians, sweep="calibration")).values()
        (again,) = found.pairs
        assert again.verdict is Verdict.SLOWER
        assert again.ratio == pytest.approx(1.2)

    def test_other_sweeps_and_short_calibrations_say_nothing(self) -> None:
        assert comparison.find_calibrations(make_rows(STEADY)) == {}
        assert comparison.find_calibrations(make_rows(STEADY, sweep="calibration")) == {}

    def test_the_last_calibration_of_a_target_counts(self) -> None:
        rows = make_rows([1.0, 1.5] * 5, sweep="calibration", run_id="calibration-1")
        rows += make_rows([1.0, 1.01] * 5, sweep="calibration", run_id="calibration-2", started_at=_later())
        assert comparison.find_calibrations(rows)[RTX3090["target_id"]].sd < 0.01
        assert comparison.find_calibrations(rows)[RTX3090["target_id"]].half_width < stats.MARGIN


def test_hosts_are_compared_with_each_other_when_each_side_has_its_own() -> None:
    shelf = {**SHELF, **CPU, "target_id": "cpu@id-shelf"}
    (found,) = comparison.compare(make_rows(STEADY, **BOX, **CPU), make_rows(STEADY, **shelf)).pairs
    assert [factor.key for factor in found.factors] == ["host"]


def test_a_unit_is_never_compared_with_itself() -> None:
    rows = make_rows([1.0, 1.01, 0.99])
    assert comparison.compare(rows, rows).pairs == ()


def test_a_side_with_more_invocations_is_judged_on_its_first_ones_and_that_is_told() -> None:
    (pair,) = comparison.compare(
        make_rows([1.0, 1.01, 0.99], run_id="a"), make_rows([1.2, 1.21, 1.19, 9.0, 9.0], run_id="b")
    ).pairs
    assert pair.decision is not None
    assert pair.decision.ratio == pytest.approx(1.2, rel=1e-3)
    assert "judged on the first 3 invocations of both sides; the candidate has 5" in pair.cautions


@pytest.mark.parametrize(
    ("spread", "shift", "reason", "step"),
    [
        (0.05, 0.0, "the interval holds both no difference and one that counts", "measure 21 "),
        (0.012, 0.026, "there is a difference, but whether it is large enough to count is open", "measure 58 "),
        (0.9, 0.035, "the interval holds both no difference and one that counts", "find what disturbs the machine"),
    ],
)
def test_an_open_verdict_says_truly_why_and_what_to_do(spread: float, shift: float, reason: str, step: str) -> None:
    logs = [-spread, 0.0, spread, 0.0, 0.0, 0.0]
    sides = [[math.exp(log + add) for log in logs] for add in (0.0, shift)]
    (pair,) = comparison.compare(make_rows(sides[0], run_id="a"), make_rows(sides[1], run_id="b")).pairs
    assert pair.reasons == (reason,)
    assert comparison.next_step(pair).startswith(step)
