"""Decisions on two units: ratio, interval, verdict. Quantiles of t are those of tables."""

import math
from collections.abc import Sequence

import pytest

from featray import stats
from featray.stats import Basis, Decision, Design, Timing, Verdict

D = stats.MARGIN
STEADY = [-0.01, 0.0, 0.01]  # mean 0, variance 0.0001
BENT = [0.0, 0.01, -0.01]  # the same values; over blocks 1 to 3 the slope is -0.005


def side(logs: Sequence[float], session: str = "a", *, one_process: bool = False) -> list[Timing]:
    return [
        Timing(log=log, block=block, session=session, process=f"{block}" if one_process else None)
        for block, log in enumerate(logs, start=1)
    ]


def apart(
    baseline: Sequence[float], candidate: Sequence[float], *, margin: float = D, calibrated_sd: float | None = None
) -> Decision:
    """Judge two runs whose sessions do not differ, so that processes alone count."""
    none = stats.SessionSpread(sd=0.0, freedom=1e9, sessions=100, basis=Basis.CALIBRATED)
    return stats.decide(
        side(baseline), side(candidate, "b"), margin=margin, calibrated_sd=calibrated_sd, session_spread=none
    )


def beside(baseline: Sequence[float], candidate: Sequence[float]) -> Decision:
    """Judge two units whose processes took turns."""
    return stats.decide(side(baseline), side(candidate))


def shifted(logs: Sequence[float], by: float) -> list[float]:
    return [log + by for log in logs]


def test_two_runs_that_share_a_machine_that_never_changes_have_welchs_interval() -> None:
    found = apart(STEADY, shifted(STEADY, 0.1))
    half = 2.776 * math.sqrt(0.0002 / 3)  # t(0.975, 4)
    assert found.verdict is Verdict.SLOWER
    assert found.ratio == pytest.approx(math.exp(0.1))
    assert found.low == pytest.approx(math.exp(0.1 - half), rel=1e-4)
    assert found.high == pytest.approx(math.exp(0.1 + half), rel=1e-4)
    assert (found.needed, found.design) == (None, Design.SESSIONS)


def test_two_runs_carry_the_spread_between_sessions() -> None:
    found = stats.decide(side(STEADY), side(shifted(STEADY, 0.1), "b"))
    # Variances: 2/3 x 0.0001 between processes on 4, 2 x 0.0009 between sessions on 12: 0.0018667 on 12.9; t 2.162
    assert found.high == pytest.approx(math.exp(0.1 + 2.162 * math.sqrt(0.0018667)), rel=1e-3)
    assert (found.verdict, found.sessions) == (Verdict.SLOWER, (1, 1))
    assert found.session_spread == stats.ASSUMED
    assert stats.decide(side(STEADY), side(shifted(STEADY, 0.09), "b")).verdict is Verdict.INCONCLUSIVE


def test_a_target_that_is_known_to_differ_little_between_sessions_needs_less_allowance() -> None:
    calm = stats.SessionSpread(sd=0.005, freedom=10, sessions=9, basis=Basis.CALIBRATED)
    found = stats.decide(side(STEADY), side(shifted(STEADY, 0.04), "b"), session_spread=calm)
    assert (found.verdict, found.session_spread) == (Verdict.SLOWER, calm)


def test_three_sessions_a_side_speak_for_themselves() -> None:
    baseline = [timing for name, level in zip("abc", STEADY, strict=True) for timing in side([level] * 2, name)]
    candidate = [timing for name, level in zip("xyz", STEADY, strict=True) for timing in side([level + 0.1] * 2, name)]
    found = stats.decide(baseline, candidate)
    half = 2.776 * math.sqrt(0.0002 / 3)  # Welch on three means a side
    assert found.high == pytest.approx(math.exp(0.1 + half), rel=1e-3)
    assert (found.sessions, found.session_spread) == ((3, 3), None)


def test_a_trend_that_both_sides_share_is_no_error() -> None:
    drifting = [0.0, 0.05, 0.10, 0.15, 0.20]
    found = beside(drifting, shifted(drifting, 0.04))
    assert (found.verdict, found.design) == (Verdict.SLOWER, Design.BLOCKS)
    assert found.high == pytest.approx(math.exp(0.04), rel=1e-6)


def test_what_the_trend_leaves_is_the_error_of_few_blocks() -> None:
    # The common slope over blocks -1, 0, 1 is 2 x -0.01 / (2 x 2) = -0.005; it leaves (-0.005, 0.01, -0.005) of each
    # side: 0.00015 on 1.5 degrees of freedom, 0.0001. Error sqrt(0.0002 / 3), t(0.975, 3) = 3.182.
    found = beside(BENT, shifted(BENT, 0.1))
    assert found.high == pytest.approx(math.exp(0.1 + 3.182 * math.sqrt(0.0002 / 3)), rel=1e-3)


def test_many_blocks_are_paired_so_that_a_step_is_no_error() -> None:
    stepped = [0.0] * 4 + [0.3] * 4
    wobble = [0.001, -0.001] * 4
    found = beside(stepped, [log + 0.04 + w for log, w in zip(stepped, wobble, strict=True)])
    sd = 0.001 * math.sqrt(8 / 7)
    assert found.high == pytest.approx(math.exp(0.04 + 2.365 * sd / math.sqrt(8)), rel=1e-4)  # t(0.975, 7)


def test_one_process_that_measured_both_sides_cancels_its_own_level() -> None:
    levels = [0.0, 0.2, -0.1]
    found = stats.decide(
        side(levels, one_process=True),
        side([log + more for log, more in zip(levels, (0.09, 0.10, 0.11), strict=True)], one_process=True),
    )
    assert found.design is Design.PROCESSES
    assert found.high == pytest.approx(math.exp(0.1 + 4.303 * 0.01 / math.sqrt(3)), rel=1e-4)  # t(0.975, 2)
    assert found.spread.sd == pytest.approx(0.01 / math.sqrt(2))


def test_less_time_is_faster_and_the_speedup_is_above_one() -> None:
    found = beside(STEADY, shifted(STEADY, -0.1))
    assert found.verdict is Verdict.FASTER
    assert found.ratio < 1 < found.speedup
    assert found.speedup == pytest.approx(math.exp(0.1))


def test_a_real_difference_below_the_margin_is_no_difference() -> None:
    still = [-1e-5, 0.0, 1e-5]
    found = apart(still, shifted(still, 0.8 * D))
    assert found.low is not None
    assert found.low > 1
    assert found.verdict is Verdict.EQUIVALENT


def test_a_wider_margin_makes_a_small_difference_none() -> None:
    assert apart(STEADY, shifted(STEADY, 0.04), margin=D).verdict is Verdict.SLOWER
    assert apart(STEADY, shifted(STEADY, 0.04), margin=0.1).verdict is Verdict.EQUIVALENT


def test_steady_units_of_equal_time_are_equivalent() -> None:
    found = apart(STEADY, STEADY)  # 90% half-width 2.132 * 0.00816 = 0.0174
    assert (found.verdict, found.ratio) == (Verdict.EQUIVALENT, 1.0)


def test_equal_times_without_any_spread_are_equivalent() -> None:
    found = beside([1.0] * 3, [1.0] * 3)
    assert (found.verdict, found.low, found.high, found.p_value) == (Verdict.EQUIVALENT, 1.0, 1.0, 1.0)


def test_different_times_without_any_spread_are_different() -> None:
    found = beside([1.0] * 3, [2.0] * 3)
    assert (found.verdict, found.p_value) == (Verdict.SLOWER, 0.0)


def test_noisy_units_of_equal_time_say_how_many_invocations_they_take() -> None:
    noisy = [-0.04, 0.0, 0.04, 0.0, 0.0]
    found = apart(noisy, noisy)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.spread.basis is Basis.MEASURED
    assert found.spread.sd == pytest.approx(0.0283, abs=1e-4)
    # At 18 the error is 0.0283 x sqrt(2 / 18) = 0.00943, the room 0.02956 - 1.740 x 0.00943 = 0.01315 or 1.39 errors,
    # within which t on 17 stays with 81.8%; at 17 the room is 1.30 errors and it stays with 78.8%.
    assert found.needed == 18


def test_the_run_with_more_invocations_is_judged_on_its_first_ones() -> None:
    found = apart(STEADY, [*shifted(STEADY, 0.1), 5.0, 5.0])
    assert (found.verdict, found.n_baseline, found.n_candidate, found.n_judged) == (Verdict.SLOWER, 3, 5, 3)
    assert found.ratio == pytest.approx(math.exp(0.1))


def test_a_single_measurement_is_compared_with_all_that_the_other_side_has() -> None:
    assert apart([0.0], [0.1, 0.2, 0.3]).ratio == pytest.approx(math.exp(0.2))


def test_a_number_of_invocations_that_would_decide_is_more_than_there_are() -> None:
    wide, still = [-0.05, 0.05, -0.05], [-1e-6, 1e-6, 0.0]
    found = beside(still, shifted(wide, 0.11))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.needed is not None
    assert found.needed > 3


def test_single_measurements_are_inconclusive_however_far_apart() -> None:
    found = apart([math.log(9.9)], [math.log(19.9)])
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.ratio == pytest.approx(2.01, abs=0.001)
    assert (found.low, found.high, found.p_value) == (None, None, None)
    assert found.needed == 3
    assert (found.spread.sd, found.spread.basis) == (0.04, Basis.ASSUMED)


def test_two_invocations_on_a_side_are_still_a_single_measurement() -> None:
    found = beside([0.0, 0.0001], shifted(STEADY, 1.0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.low is not None


def test_a_calibrated_target_says_what_few_invocations_cannot() -> None:
    found = apart([0.0], [0.05], calibrated_sd=0.02)
    assert (found.spread.sd, found.spread.basis) == (0.02, Basis.CALIBRATED)
    assert found.needed == 4  # (2.571 + 0.920) * 0.02 * sqrt(2 / 4) = 0.0494


def test_an_empty_side_has_no_time() -> None:
    with pytest.raises(ValueError, match="without invocations"):
        stats.decide([], side([0.0]))


def test_a_p_value_is_two_sided() -> None:
    found = apart(STEADY, shifted(STEADY, 2.776 * math.sqrt(0.0002 / 3)))
    assert found.p_value == pytest.approx(0.05, abs=1e-3)
