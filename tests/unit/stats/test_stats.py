"""Statistics: one unit's interval, two units' verdict, many units' corrections. Quantiles of t are those of tables."""

import math

import pytest

from featray import stats
from featray.stats import Basis, Verdict

D = stats.MARGIN
STEADY = [-0.01, 0.0, 0.01]  # mean 0, variance 0.0001


def shifted(logs: list[float], by: float) -> list[float]:
    return [each + by for each in logs]


def test_an_invocation_counts_by_its_median_repeat() -> None:
    assert stats.log_median([4.0, 1.0, math.e]) == pytest.approx(1.0)


def test_an_invocation_without_repeats_has_no_median() -> None:
    with pytest.raises(ValueError, match="without repeats"):
        stats.log_median([])


def test_spread_of_repeats_is_their_interquartile_range_over_their_median() -> None:
    assert stats.iqr_share([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(2 / 3)
    assert stats.iqr_share([1.0]) == 0


def test_a_units_interval_is_students_on_its_invocations() -> None:
    found = stats.interval(STEADY)
    assert found is not None
    half = 4.303 * 0.01 / math.sqrt(3)  # t(0.975, 2)
    assert found.half_width == pytest.approx(half, rel=1e-3)
    assert (found.low_s, found.centre_s, found.high_s) == pytest.approx((math.exp(-half), 1, math.exp(half)), rel=1e-4)
    assert found.sd == pytest.approx(0.01)


def test_one_invocation_has_no_interval() -> None:
    assert stats.interval([0.0]) is None


def test_a_half_width_takes_as_many_invocations_as_its_sd_asks_for() -> None:
    assert stats.needed_for(0.03, 0.01) == 3  # t(0.975, 2) 0.01/sqrt 3 = 0.0248
    assert stats.needed_for(0.03, 0.04) == 10  # t(0.975, 9) 0.04/sqrt 10 = 0.0286; 0.0307 at 9


def test_no_number_of_invocations_is_named_beyond_what_anybody_would_run() -> None:
    assert stats.needed_for(0.001, 0.5) is None


def test_a_quiet_pilot_is_enough() -> None:
    assert stats.planned_invocations([-0.01, 0.0, 0.01, 0.0, 0.0]) == 5


def test_a_pilots_variance_fixes_the_number_of_invocations() -> None:
    pilot = [-0.03, -0.015, 0.0, 0.015, 0.03]  # variance 0.0005625; (2.776 / 0.03)^2 of it are 4.82
    assert stats.planned_invocations(pilot) == 5
    wider = [each * 1.25 for each in pilot]  # 7.53
    assert stats.planned_invocations(wider) == 8


def test_a_noisy_pilot_gets_the_most_there_is() -> None:
    assert stats.planned_invocations([-0.2, 0.1, 0.0, 0.2, -0.1]) == 12


def test_a_pilot_of_one_fixes_nothing() -> None:
    with pytest.raises(ValueError, match="no variance"):
        stats.planned_invocations([0.0])


def test_units_that_will_be_compared_get_the_larger_number() -> None:
    quiet, noisy = [0.0, 0.001, -0.001, 0.0, 0.0], [-0.2, 0.1, 0.0, 0.2, -0.1]
    assert stats.planned_together([quiet, noisy]) == 12
    assert stats.planned_together([]) == stats.PILOT


def test_a_clear_slowdown_is_slower_with_welchs_interval() -> None:
    found = stats.decide(STEADY, shifted(STEADY, 0.1))
    half = 2.776 * math.sqrt(0.0002 / 3)  # t(0.975, 4)
    assert found.verdict is Verdict.SLOWER
    assert found.ratio == pytest.approx(math.exp(0.1))
    assert found.low == pytest.approx(math.exp(0.1 - half), rel=1e-4)
    assert found.high == pytest.approx(math.exp(0.1 + half), rel=1e-4)
    assert found.needed is None


def test_less_time_is_faster_and_the_speedup_is_above_one() -> None:
    found = stats.decide(STEADY, shifted(STEADY, -0.1))
    assert found.verdict is Verdict.FASTER
    assert found.ratio < 1 < found.speedup
    assert found.speedup == pytest.approx(math.exp(0.1))


def test_unequal_spreads_cost_degrees_of_freedom() -> None:
    still = [-1e-6, 0.0, 1e-6]
    found = stats.decide(still, shifted(STEADY, 0.1))
    assert found.high == pytest.approx(math.exp(0.1 + 4.303 * 0.01 / math.sqrt(3)), rel=1e-4)  # t(0.975, 2), not on 4


def test_a_real_difference_below_the_margin_is_no_difference() -> None:
    still = [-1e-5, 0.0, 1e-5]
    found = stats.decide(still, shifted(still, 0.8 * D))
    assert found.low is not None
    assert found.low > 1
    assert found.verdict is Verdict.EQUIVALENT


def test_a_wider_margin_makes_a_small_difference_none() -> None:
    assert stats.decide(STEADY, shifted(STEADY, 0.04), margin=D).verdict is Verdict.SLOWER
    assert stats.decide(STEADY, shifted(STEADY, 0.04), margin=0.1).verdict is Verdict.EQUIVALENT


def test_steady_units_of_equal_time_are_equivalent() -> None:
    found = stats.decide(STEADY, STEADY)  # 90% half-width 2.132 * 0.00816 = 0.0174
    assert (found.verdict, found.ratio) == (Verdict.EQUIVALENT, 1.0)


def test_equal_times_without_any_spread_are_equivalent() -> None:
    found = stats.decide([1.0] * 3, [1.0] * 3)
    assert (found.verdict, found.low, found.high, found.p_value) == (Verdict.EQUIVALENT, 1.0, 1.0, 1.0)


def test_different_times_without_any_spread_are_different() -> None:
    found = stats.decide([1.0] * 3, [2.0] * 3)
    assert (found.verdict, found.p_value) == (Verdict.SLOWER, 0.0)


def test_noisy_units_of_equal_time_say_how_many_invocations_they_take() -> None:
    noisy = [-0.04, 0.0, 0.04, 0.0, 0.0]  # sd 0.0283
    found = stats.decide(noisy, noisy)
    assert found.verdict is Verdict.INCONCLUSIVE
    # At 17 the error is 0.0283 x sqrt(2 / 17) = 0.0097, the room 0.02956 - 1.694 x 0.0097 = 0.0131 or 1.35 errors,
    # within which t on 32 stays with 81.5%; at 16 the room is 1.26 errors and it stays with 78%.
    assert found.needed == 17
    assert found.spread.basis is Basis.MEASURED
    assert found.spread.sd == pytest.approx(0.0283, abs=1e-4)


def test_the_side_with_more_invocations_is_judged_on_its_first_ones() -> None:
    found = stats.decide(STEADY, [*shifted(STEADY, 0.1), 5.0, 5.0])
    assert (found.verdict, found.n_baseline, found.n_candidate, found.n_judged) == (Verdict.SLOWER, 3, 5, 3)
    assert found.ratio == pytest.approx(math.exp(0.1))


def test_a_single_measurement_is_set_against_all_that_the_other_side_has() -> None:
    assert stats.decide([0.0], [0.1, 0.2, 0.3]).ratio == pytest.approx(math.exp(0.2))


def test_a_number_of_invocations_that_would_decide_is_more_than_there_are() -> None:
    wide, still = [-0.05, 0.0, 0.05], [-1e-6, 0.0, 1e-6]
    found = stats.decide(still, shifted(wide, 0.11))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.needed is not None
    assert found.needed > 3


def test_a_difference_on_the_margin_is_decided_by_no_number() -> None:
    assert stats.needed_to_decide(0.99999 * D, 0.04) is None


def test_single_measurements_are_inconclusive_however_far_apart() -> None:
    found = stats.decide([math.log(9.9)], [math.log(19.9)])
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.ratio == pytest.approx(2.01, abs=0.001)
    assert (found.low, found.high, found.p_value) == (None, None, None)
    assert found.needed == 3
    assert (found.spread.sd, found.spread.basis) == (0.04, Basis.ASSUMED)


def test_two_invocations_on_a_side_are_still_a_single_measurement() -> None:
    found = stats.decide([0.0, 0.0001], shifted(STEADY, 1.0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.low is not None


def test_a_calibrated_target_says_what_few_invocations_cannot() -> None:
    found = stats.decide([0.0], [0.05], calibrated_sd=0.02)
    assert (found.spread.sd, found.spread.basis) == (0.02, Basis.CALIBRATED)
    assert found.needed == 4  # (2.447 + 0.906) * 0.02 * sqrt(2 / 4) = 0.0474


def test_an_empty_side_has_no_time() -> None:
    with pytest.raises(ValueError, match="without invocations"):
        stats.decide([], [0.0])


def test_a_p_value_is_two_sided() -> None:
    found = stats.decide(STEADY, shifted(STEADY, 2.776 * math.sqrt(0.0002 / 3)))
    assert found.p_value == pytest.approx(0.05, abs=1e-3)


def test_differences_that_do_not_survive_their_number_are_told() -> None:
    # Limits at 5% over four: 0.0125, 0.025, 0.0375, 0.05. 0.03 passes the third, and takes 0.026 with it.
    assert stats.survivors([0.03, 0.2, 0.001, 0.026]) == [True, False, True, True]
    assert stats.survivors([0.04, 0.2, 0.3, 0.9]) == [False] * 4
    assert stats.survivors([]) == []


def test_every_setting_within_the_margin_of_the_fastest_is_tied_with_it() -> None:
    times = {1: 1.0, 4: 0.52, 16: 0.5, 64: 0.53, 256: 0.51}
    assert stats.tied_best(times) == [4, 16, 256]
    assert stats.tied_best({}) == []
