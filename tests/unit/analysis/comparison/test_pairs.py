"""Pairs: the verdict of two units, its reasons, its cautions and the next step."""

import dataclasses
import math

import pytest

from featray import stats
from featray.analysis import comparison
from featray.analysis.comparison import NO_NOISE, Noise
from featray.stats import Basis, Verdict
from tests.support.builders import RTX3090, make_row, make_rows
from tests.support.sides import IMPORTED, LATER, STEADY, STILL, compare_one, scale


def test_a_slower_candidate_has_a_ratio_above_one() -> None:
    pair = compare_one(make_rows(STEADY), make_rows(scale(1.25), run_id="demo-2"))
    assert pair.verdict is Verdict.SLOWER
    assert pair.decision is not None
    assert pair.decision.ratio == pytest.approx(1.25)


def test_the_same_again_is_equivalent_and_nothing_is_left_to_do() -> None:
    pair = compare_one(make_rows(STEADY), make_rows(STEADY, run_id="demo-2"))
    assert pair.verdict is Verdict.EQUIVALENT
    assert pair.attribution == "only the time of measuring is known to differ"
    assert comparison.next_step(pair) is None


def test_single_measurements_are_inconclusive_however_different() -> None:
    baseline, candidate = make_rows([9.9e-3 * 72]), make_rows([19.9e-3 * 72], run_id="demo-2")
    pair = compare_one(baseline, candidate)
    assert pair.verdict is Verdict.INCONCLUSIVE
    assert pair.decision is not None
    assert pair.decision.ratio == pytest.approx(19.9 / 9.9)
    assert pair.reasons == ("single measurement (1 against 1 invocations)",)
    assert comparison.next_step(pair) == "measure both sides in one sweep, 3 invocations per side (sd 4.0%, assumed)"


def test_single_measurements_on_a_calibrated_target_use_its_spread() -> None:
    rows = make_rows([1.0, 1.02] * 5, sweep="calibration", run_id="calibration-1")
    known = Noise(calibrations=comparison.find_calibrations(rows))
    pair = compare_one(make_rows([1.0]), make_rows([1.1], run_id="demo-2"), noise=known)
    assert pair.decision is not None
    assert pair.decision.spread.basis is Basis.CALIBRATED


def test_a_noisy_calibration_never_makes_a_difference_equivalent() -> None:
    noise = [1.0, 1.3, 0.8, 1.1, 0.9, 1.2, 1.0, 0.7, 1.1, 1.0]
    rows = make_rows(noise, sweep="calibration", run_id="calibration-1")
    known = dataclasses.replace(STILL, calibrations=comparison.find_calibrations(rows))
    pair = compare_one(make_rows(STEADY), make_rows(scale(1.1), run_id="demo-2"), noise=known)
    assert known.calibrations[RTX3090["target_id"]].half_width > math.log(1.1)
    assert pair.verdict is Verdict.SLOWER
    assert pair.decision is not None
    assert pair.decision.margin == stats.MARGIN


def test_the_callers_margin_counts() -> None:
    pair = compare_one(make_rows(STEADY), make_rows(scale(1.1), run_id="demo-2"), margin=math.log(1.2))
    assert pair.verdict is Verdict.EQUIVALENT


def test_a_side_without_a_number_says_why() -> None:
    failed = make_row(run_id="demo-2", status="oom", reason="CUDA out of memory")
    pair = compare_one(make_rows(STEADY), [failed])
    assert (pair.verdict, pair.decision) == (Verdict.INCONCLUSIVE, None)
    assert pair.reasons == ("the candidate has no number (oom: CUDA out of memory)",)


def test_a_side_without_a_number_is_told_the_commands_that_work() -> None:
    failed = make_row(run_id="demo-2", status="oom", sweep="after it")
    assert comparison.next_step(compare_one(make_rows(STEADY), [failed])) == (
        "fix what failed, then `featray submit 'after it' --retry-failed`; if the sweep no longer has this cell, "
        "`featray submit 'after it' --rerun` starts a run without it"
    )
    stopped = make_row(run_id="demo-2", status="cancelled")
    step = comparison.next_step(compare_one(make_rows(STEADY), [stopped]))
    assert step is not None
    assert "`featray submit demo`" in step


def test_a_throttled_side_has_a_caution() -> None:
    hot = [dataclasses.replace(row, throttled=row.invocation == 1) for row in make_rows(STEADY, run_id="demo-2")]
    assert compare_one(make_rows(STEADY), hot).cautions == ("candidate: throttled in 1 of 5 invocations",)


def test_a_side_with_more_invocations_is_judged_on_its_first_ones_with_a_caution() -> None:
    (pair,) = comparison.compare(
        make_rows([1.0, 1.01, 0.99], run_id="a"), make_rows([1.2, 1.21, 1.19, 9.0, 9.0], run_id="b")
    ).pairs
    assert pair.decision is not None
    assert pair.decision.ratio == pytest.approx(1.2, rel=1e-3)
    assert "judged on the first 3 invocations of both sides; the candidate has 5" in pair.cautions


TOO_SMALL = "there is a difference, but it may be too small to count"
BOTH = "the interval contains both no difference and a difference that counts"


@pytest.mark.parametrize(
    ("spread", "shift", "reason", "step"),
    [
        (0.05, 0.0, BOTH, "measure both sides in one sweep, 22 "),
        (
            0.012,
            0.026,
            "there is a difference, but it may be too small to count",
            "measure both sides in one sweep, 58 ",
        ),
        (0.9, 0.035, BOTH, "find what disturbs the machine"),
    ],
)
def test_an_inconclusive_verdict_says_why_and_what_to_do(spread: float, shift: float, reason: str, step: str) -> None:
    logs = [-spread, 0.0, spread, 0.0, 0.0, 0.0]
    sides = [[math.exp(log + add) for log in logs] for add in (0.0, shift)]
    pair = compare_one(make_rows(sides[0], run_id="a"), make_rows(sides[1], run_id="b"))
    assert pair.reasons == (reason,)
    assert (comparison.next_step(pair) or "").startswith(step)


def test_synthetic_weights_on_both_sides_are_comparable_with_a_caution() -> None:
    rows = [make_rows(STEADY, weights="synthetic", run_id=name) for name in ("demo-1", "demo-2")]
    pair = compare_one(*rows)
    assert pair.verdict is Verdict.EQUIVALENT
    assert pair.cautions == ("synthetic weights: times are indicative",)


def test_rows_without_work_prove_nothing() -> None:
    pair = compare_one(make_rows(STEADY, work=None), make_rows(scale(0.5), run_id="demo-2", work=None))
    assert pair.verdict is Verdict.INCONCLUSIVE
    assert pair.reasons[0] == "the rows do not store what was computed, so equal work is not proven"


def test_imported_rows_are_never_faster_however_many() -> None:
    rows = [make_rows(scale(by), run_id=name, **IMPORTED) for by, name in ((1.0, "a"), (0.5, "b"))]
    pair = compare_one(*rows)
    assert pair.verdict is Verdict.INCONCLUSIVE
    assert pair.decision is not None
    assert pair.decision.verdict is Verdict.INCONCLUSIVE
    assert pair.decision.speedup == pytest.approx(2.0)
    assert pair.reasons[0] == (
        "both sides are imported from a report: equal labels and versions do not prove equal work"
    )


def test_an_imported_baseline_matches_measured_rows_by_its_labels() -> None:
    pair = compare_one(make_rows([1.0], cell_id="labels", **IMPORTED), make_rows(STEADY, run_id="demo-2"))
    assert pair.reasons[0].startswith("the baseline is imported")
    assert pair.reasons[1] == "single measurement (1 against 5 invocations)"
    assert (comparison.next_step(pair) or "").startswith("measure both sides with featray, ")


def test_two_runs_say_how_far_apart_they_are_and_what_is_allowed_for_it() -> None:
    later = make_rows(scale(1.05), run_id="demo-2", started_at=LATER)
    pair = compare_one(make_rows(STEADY), later, noise=NO_NOISE)
    assert pair.verdict is Verdict.INCONCLUSIVE
    assert pair.allowance is not None
    assert pair.allowance.startswith("not measured side by side: ")
    assert "1 session against 1; 3.0% between sessions (assumed) is allowed for" in pair.allowance


def test_sides_of_one_run_that_other_submits_measured_are_measured_anew_with_rerun() -> None:
    mended = make_rows(scale(1.05), environment="new", cell_id="other", started_at=LATER)
    rows = [dataclasses.replace(row, block=row.invocation + 5) for row in mended]
    pair = compare_one(make_rows(STEADY), rows, over=["environment"], noise=NO_NOISE)
    assert pair.allowance is not None
    assert "apart, in different submits of one run, 1 session against 1" in pair.allowance
    assert pair.allowance.endswith("; `featray submit demo --rerun` measures both side by side, without it")
    assert "one sweep with both sides" not in pair.allowance


def test_cells_of_one_run_need_no_allowance() -> None:
    pair = compare_one(
        make_rows(STEADY), make_rows(scale(1.05), environment="new", cell_id="other"), over=["environment"]
    )
    assert (pair.verdict, pair.allowance) == (Verdict.SLOWER, None)


def test_a_larger_difference_than_sessions_make_is_found_between_runs() -> None:
    pair = compare_one(make_rows(STEADY), make_rows(scale(1.25), run_id="demo-2"), noise=NO_NOISE)
    assert pair.verdict is Verdict.SLOWER


def test_more_invocations_than_a_sweep_measures_are_said_to_be_many() -> None:
    shaky = [0.9, 1.1, 1.0, 0.95, 1.05]
    pair = compare_one(make_rows(shaky), make_rows([1.01 * seconds for seconds in shaky], run_id="demo-2"))
    step = comparison.next_step(pair)
    assert step is not None
    assert "more than the 12 that a sweep measures" in step
    assert "a quieter machine or a larger --margin needs fewer" in step


def test_processes_that_timed_out_leave_nothing_decided() -> None:
    *rows, last = make_rows([*scale(0.5), 1.0], run_id="demo-2")
    candidate = [*rows, dataclasses.replace(last, status="timeout", timed_s=None)]
    pair = compare_one(make_rows(STEADY), candidate)
    assert pair.verdict is Verdict.INCONCLUSIVE
    assert "1 process of the candidate timed out: the slowest times are missing" in pair.reasons
    step = "raise `time_limit_s`, or take a shorter input, then submit with --retry-failed"
    assert comparison.next_step(pair) == step


def test_a_replay_is_compared_with_nothing() -> None:
    replayed = make_rows(STEADY, run_id="demo-2", replayed="results")
    pair = compare_one(make_rows(STEADY), replayed)
    assert (pair.verdict, pair.decision) == (Verdict.NOT_COMPARABLE, None)
    assert pair.reasons == ("the candidate is a replay: nothing was measured",)
    assert pair.candidate.interval_s is None
    old = make_rows(STEADY, run_id="demo-3", source_file="replayed from results")
    assert compare_one(old, make_rows(STEADY)).verdict is Verdict.NOT_COMPARABLE
