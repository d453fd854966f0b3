"""State: sides that were measured while the machine was in unlike states."""

import dataclasses
import math
from typing import Any

import pytest

from featray.analysis import comparison, units
from featray.analysis.comparison import state
from featray.core.row import Row
from featray.stats import Design, Verdict
from tests.support.builders import BLACKWELL, CPU, make_rows
from tests.support.sides import IMPORTED, STEADY, compare_one, scale


def find(before: dict[str, Any], after: dict[str, Any], *differing: str) -> list[str]:
    """List what is told of two runs that differ in these columns."""
    (baseline,), (candidate,) = units.gather_sides(
        make_rows(STEADY, **before), make_rows(STEADY, run_id="demo-2", **after)
    )
    differences = state.find_differences(baseline, candidate, differing, Design.SESSIONS)
    return [difference.sentence for difference in differences]


@pytest.mark.parametrize(
    ("before", "after", "alike", "sentence"),
    [
        (
            {"cpu_other": 0.02},
            {"cpu_other": 0.5},
            {"cpu_other": 0.06},
            "other processes took 50% of the CPUs beside the candidate, 2% beside the baseline",
        ),
        (
            {"cpu_other": 0.3},
            {"cpu_other": 0.1},
            {"cpu_other": 0.28},
            "other processes took 30% of the CPUs beside the baseline, 10% beside the candidate",
        ),
        (
            {"load_1m": 18.0, "cpu_count": 2},
            {"load_1m": 1.0, "cpu_count": 2},
            {"load_1m": 17.0, "cpu_count": 2},
            "the load average was 9.0 per CPU before the baseline, 0.5 before the candidate",
        ),
        (
            {"steal_share": 0.0, "cpu_utilization": 0.5},
            {"steal_share": 0.1, "cpu_utilization": 0.5},
            {"steal_share": 0.01, "cpu_utilization": 0.5},
            "the hypervisor took 10% of the processor time beside the candidate, 0% beside the baseline",
        ),
        (
            {"throttled": False},
            {"throttled": True},
            {"throttled": None},
            "the GPU was throttled in 100% of the candidate's invocations, in 0% of the baseline's",
        ),
        (
            {"foreign_gpu_processes": 2},
            {"foreign_gpu_processes": 0},
            {"foreign_gpu_processes": 2},
            "other processes on the GPU: 2 beside the baseline, 0 beside the candidate",
        ),
        (
            {"sm_clock_median_hz": 1.8e9, "sm_clock_max_hz": 2e9},
            {"sm_clock_median_hz": 1.2e9, "sm_clock_max_hz": 2e9},
            {"sm_clock_median_hz": 1.76e9, "sm_clock_max_hz": 2e9},
            "the GPU ran at 60% of its highest clock for the candidate, at 90% for the baseline",
        ),
        (
            {"temperature_max_c": 50.0},
            {"temperature_max_c": 71.0},
            {"temperature_max_c": 70.0},
            "the GPU reached 71 °C for the candidate, 50 °C for the baseline",
        ),
        (
            {"unmet_rules": []},
            {"unmet_rules": ["warmup_trend"]},
            {"unmet_rules": ["few_batches", "stages", "min_time"]},
            "calls were still getting faster when timing began in 100% of the candidate's invocations, in 0% of the "
            "baseline's; the times may be too long",
        ),
        (
            {"unmet_rules": ["spread"]},
            {"unmet_rules": []},
            {"unmet_rules": ["spread"]},
            "the repeats scatter more than allowed in 100% of the baseline's invocations, in 0% of the candidate's; "
            "the times are less certain",
        ),
    ],
)
def test_an_unlike_state_is_told_with_both_figures_and_a_like_one_is_not(
    before: dict[str, Any], after: dict[str, Any], alike: dict[str, Any], sentence: str
) -> None:
    assert find(before, after) == [sentence]
    assert find(before, alike) == []


@pytest.mark.parametrize(
    ("bad", "fine", "sentence"),
    [
        (
            {"cpu_other": 0.6},
            {"cpu_other": 0.04},
            "other processes took 60% of the CPUs beside the candidate, an unknown share beside the baseline",
        ),
        (
            {"load_1m": 9.0, "cpu_count": 2},
            {"load_1m": 2.9, "cpu_count": 2},
            "the load average was 4.5 per CPU before the candidate, unknown before the baseline",
        ),
        (
            {"steal_share": 0.3, "cpu_utilization": 0.55},
            {"steal_share": 0.01, "cpu_utilization": 0.55},
            "the hypervisor took 30% of the processor time beside the candidate, an unknown share beside the baseline",
        ),
        (
            {"throttled": True},
            {"throttled": False},
            "the GPU was throttled in 100% of the candidate's invocations, in an unknown share of the baseline's",
        ),
        (
            {"foreign_gpu_processes": 3},
            {"foreign_gpu_processes": 0},
            "other processes on the GPU: 3 beside the candidate, an unknown number beside the baseline",
        ),
        (
            {"sm_clock_median_hz": 0.9e9, "sm_clock_max_hz": 2.1e9},
            {"sm_clock_median_hz": 1.5e9, "sm_clock_max_hz": 2.1e9},
            "the GPU ran at 43% of its highest clock for the candidate, at an unknown share for the baseline",
        ),
        (
            {"unmet_rules": ["warmup_min"]},
            {"unmet_rules": []},
            "warm-up had fewer calls than planned in 100% of the candidate's invocations, in an unknown share of the "
            "baseline's; first-time costs may be included",
        ),
    ],
)
def test_a_bad_state_that_only_one_side_stores_counts_as_if_the_other_were_quiet(
    bad: dict[str, Any], fine: dict[str, Any], sentence: str
) -> None:
    unknown = dict.fromkeys(["cpu_other", "load_1m", "cpu_utilization", "steal_share", "unmet_rules", "throttled"])
    unknown |= dict.fromkeys(["foreign_gpu_processes", "sm_clock_median_hz", "sm_clock_max_hz"])
    assert find(unknown, {**unknown, **bad}) == [sentence]
    assert len(find({**unknown, **bad}, unknown)) == 1
    assert find(unknown, {**unknown, **fine}) == []
    assert find(unknown, unknown) == []


def test_a_slower_side_that_was_disturbed_is_not_slower_than_one_of_which_nothing_is_known() -> None:
    disturbed = make_rows(scale(1.3), run_id="demo-2", throttled=True)
    pair = compare_one(make_rows(STEADY, throttled=None), disturbed)
    assert pair.verdict is Verdict.INCONCLUSIVE
    assert pair.states[0].baseline == "unknown"


def test_a_cpu_has_no_state_of_a_gpu() -> None:
    of_gpu = {"throttled": True, "foreign_gpu_processes": 3}
    assert find({**CPU, "throttled": None, "foreign_gpu_processes": None}, of_gpu, "device") == []


def test_heat_is_not_bad_by_itself() -> None:
    assert find({"temperature_max_c": None}, {"temperature_max_c": 88.0}) == []


def test_steal_is_told_as_the_column_has_it_and_counts_in_the_time_in_which_there_was_work() -> None:
    stolen = {"steal_share": 0.02, "cpu_utilization": 0.2}
    (baseline,), (candidate,) = units.gather_sides(
        make_rows(STEADY, steal_share=0.0, cpu_utilization=0.2), make_rows(STEADY, run_id="demo-2", **stolen)
    )
    (difference,) = state.find_differences(baseline, candidate, (), Design.SESSIONS)
    assert (difference.baseline, difference.candidate) == ("0%", "2.0%")
    assert difference.explains == pytest.approx(-1.5 * math.log(0.9))  # a tenth of the time in which there was work


def test_what_sides_were_left_of_the_cpus_counts_rather_than_what_others_took() -> None:
    assert find({"cpu_other": 0.82}, {"cpu_other": 0.80}) != []  # left 18% and 20%: a call is 11% longer
    assert find({"cpu_other": 0.02}, {"cpu_other": 0.04}) == []  # left 98% and 96%


def test_swap_that_grows_on_one_side_only_is_told() -> None:
    def growing(by_b: int, run_id: str) -> list[Row]:
        return [dataclasses.replace(row, swap_used_b=row.invocation * by_b) for row in make_rows(STEADY, run_id=run_id)]

    (baseline,), (candidate,) = units.gather_sides(growing(0, "demo-1"), growing(2**28, "demo-2"))
    (difference,) = state.find_differences(baseline, candidate, (), Design.SESSIONS)
    assert difference == state.StateDifference(
        name="swap",
        baseline="0 B",
        candidate="1.0 GiB",
        sentence="swap grew by 1.0 GiB while the candidate was measured, by 0 B while the baseline was",
        what_to_do="free memory, then measure again",
        explains=None,
    )


@pytest.mark.parametrize(
    ("verdict", "ratio", "others", "may_decide"),
    [
        ("SLOWER", 1.3, (0.02, 0.08), False),  # they explain 10%
        ("SLOWER", 1.3, (0.02, 0.25), True),  # 49%
        ("SLOWER", 1.3, (0.25, 0.02), False),  # the faster side was the disturbed one
        ("FASTER", 1 / 1.3, (0.25, 0.02), True),
        ("FASTER", 1 / 1.3, (0.08, 0.02), False),
        ("FASTER", 1 / 1.3, (0.02, 0.25), False),
        ("EQUIVALENT", 1.0, (0.02, 0.08), True),  # they may hide a difference
        ("EQUIVALENT", 1.0, (0.08, 0.02), True),
    ],
)
def test_a_state_that_explains_too_little_does_not_change_a_verdict(
    verdict: str, ratio: float, others: tuple[float, float], may_decide: bool
) -> None:
    candidate = make_rows(scale(ratio), run_id="demo-2", cpu_other=others[1])
    pair = compare_one(make_rows(STEADY, cpu_other=others[0]), candidate)
    assert pair.verdict == ("INCONCLUSIVE" if may_decide else verdict)
    assert len(pair.states) == may_decide
    told = [caution for caution in pair.cautions if "that explains" in caution or "that speaks against" in caution]
    assert len(told) == (not may_decide)


@pytest.mark.parametrize(
    ("ratio", "others", "slowed"), [(1.3, (0.6, 0.02), "baseline"), (1 / 1.3, (0.02, 0.6), "candidate")]
)
def test_a_state_that_slowed_the_faster_side_is_said_to_speak_against_the_difference(
    ratio: float, others: tuple[float, float], slowed: str
) -> None:
    candidate = make_rows(scale(ratio), run_id="demo-2", cpu_other=others[1])
    (told, *_) = compare_one(make_rows(STEADY, cpu_other=others[0]), candidate).cautions
    assert told.endswith(f"; that speaks against the difference: it slows the {slowed}, the faster side")
    assert "explains" not in told


def test_disturbances_of_two_invocations_in_five_count_for_two_fifths() -> None:
    def throttled(*marks: bool) -> list[Row]:
        rows = make_rows([1.0] * 5)
        return [dataclasses.replace(row, throttled=mark) for row, mark in zip(rows, marks, strict=True)]

    def differ(*marks: bool) -> bool:
        (baseline,), (candidate,) = units.gather_sides(throttled(*[False] * 5), throttled(*marks))
        return bool(state.find_differences(baseline, candidate, (), Design.SESSIONS))

    assert not differ(True, False, False, False, False)
    assert differ(True, False, False, True, False)


def test_a_known_use_of_the_cpus_is_believed_rather_than_the_load() -> None:
    before, after = ({"cpu_other": 0.01, "load_1m": load, "cpu_count": 2} for load in (0.1, 45.0))
    assert find(before, after) == []
    assert find(before | {"cpu_other": None}, after) != []


def test_heat_without_a_lower_clock_slows_nothing() -> None:
    clock = {"sm_clock_median_hz": 1.8e9, "sm_clock_max_hz": 2e9}
    assert find({"temperature_max_c": 40.0, **clock}, {"temperature_max_c": 80.0, **clock}) == []


def test_clock_heat_and_scatter_follow_from_what_is_compared() -> None:
    before = {"sm_clock_median_hz": 1.8e9, "sm_clock_max_hz": 2e9, "unmet_rules": []}
    after = {"sm_clock_median_hz": 1.2e9, "sm_clock_max_hz": 2e9, "unmet_rules": ["spread"]}
    assert len(find(before, after)) == 2
    assert find(before, after, "batch_size") == []
    assert find({"temperature_max_c": 40.0}, {"temperature_max_c": 80.0}, "gpu") == []
    assert find({}, {"unmet_rules": ["warmup_steady"]}, "batch_size") == []
    assert find({}, {"unmet_rules": ["warmup_trend"]}, "batch_size") != []


def test_other_processes_count_whatever_is_compared() -> None:
    assert find({"cpu_other": 0.0}, {"cpu_other": 0.9}, "device", "host") != []


def test_a_pair_in_unlike_states_is_inconclusive_with_the_state_as_its_reason() -> None:
    slow = make_rows(scale(1.37), run_id="demo-2", cpu_other=0.5)
    pair = compare_one(make_rows(STEADY, cpu_other=0.02), slow)
    told = "other processes took 50% of the CPUs beside the candidate, 2% beside the baseline"
    assert pair.verdict is Verdict.INCONCLUSIVE
    assert pair.reasons == (told,)
    assert pair.decision is not None
    assert pair.decision.verdict is Verdict.INCONCLUSIVE
    assert pair.cautions == ()  # the reason says it
    assert comparison.next_step(pair) == "measure again while the machine is quiet"


def test_a_warm_up_that_was_too_short_on_one_side_asks_for_a_longer_one() -> None:
    pair = compare_one(make_rows(STEADY), make_rows(scale(1.37), run_id="demo-2", unmet_rules=["warmup_steady"]))
    assert comparison.next_step(pair) == "raise `warmup`, then measure again"


def test_equal_sides_in_unlike_states_are_not_equivalent() -> None:
    pair = compare_one(make_rows(STEADY, cpu_other=0.02), make_rows(STEADY, run_id="demo-2", cpu_other=0.5))
    assert pair.verdict is Verdict.INCONCLUSIVE


def test_sides_that_are_equally_disturbed_are_judged_with_a_caution_for_each() -> None:
    pair = compare_one(make_rows(STEADY, cpu_other=0.5), make_rows(scale(1.3), run_id="demo-2", cpu_other=0.5))
    assert pair.verdict is Verdict.SLOWER
    assert pair.cautions == tuple(f"{side}: other processes took 50% of the CPUs" for side in ("baseline", "candidate"))


def test_a_faster_gpu_is_faster_though_its_clock_is_another() -> None:
    baseline = make_rows(STEADY, sm_clock_median_hz=1.9e9, sm_clock_max_hz=2e9, temperature_max_c=60.0)
    newer = make_rows(scale(0.5), sm_clock_median_hz=1.2e9, sm_clock_max_hz=2.4e9, temperature_max_c=85.0, **BLACKWELL)
    assert compare_one(baseline, newer).verdict is Verdict.FASTER


def test_an_imported_pair_is_not_told_of_states() -> None:
    rows = [make_rows(STEADY, run_id=run, load_1m=load, **IMPORTED) for run, load in (("a", 0.1), ("b", 400.0))]
    (reason,) = compare_one(*rows).reasons
    assert reason.startswith("both sides are imported")


def interleaved(*shares: tuple[float, float], **changes: Any) -> list[Row]:
    """Make two cells of one run, with what others took beside each of them in each block."""
    sides = make_rows([1.0] * len(shares)), make_rows([1.0] * len(shares), environment="new", cell_id="other")
    return [
        dataclasses.replace(row, cpu_other=share[side], **changes)
        for side, rows in enumerate(sides)
        for row, share in zip(rows, shares, strict=True)
    ]


def reasons_between(rows: list[Row]) -> tuple[str, ...]:
    (pair,) = comparison.compare_within(rows, over=["environment"]).pairs
    return pair.reasons


def test_interleaved_sides_share_their_disturbances() -> None:
    assert reasons_between(interleaved((0.5, 0.5), (0.0, 0.02), (0.9, 0.9))) == ()


def test_blocks_that_only_one_side_has_do_not_count() -> None:
    rows = interleaved((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.9, 0.0), (0.9, 0.0), (0.9, 0.0), (0.9, 0.0))
    shorter = [row for row in rows if row.invocation <= 3 or row.environment is None]
    assert reasons_between(shorter) == ()


def test_what_differs_within_the_blocks_is_told() -> None:
    assert reasons_between(interleaved((0.0, 0.5), (0.0, 0.5), (0.0, 0.5))) == (
        "other processes took 50% of the CPUs beside the candidate, 0% beside the baseline",
    )
