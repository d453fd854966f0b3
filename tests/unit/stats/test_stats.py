"""Statistics: one unit's interval, many units' corrections. Quantiles of t are those of tables."""

import math

import pytest

from featray import stats

STEADY = [-0.01, 0.0, 0.01]  # mean 0, variance 0.0001


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


def test_a_difference_on_the_margin_is_decided_by_no_number() -> None:
    assert stats.needed_to_decide(0.99999 * stats.MARGIN, 0.04, stats.MARGIN) is None


def test_differences_that_do_not_survive_their_number_are_told() -> None:
    # Limits at 5% over four: 0.0125, 0.025, 0.0375, 0.05. 0.03 passes the third, and takes 0.026 with it.
    assert stats.survivors([0.03, 0.2, 0.001, 0.026]) == [True, False, True, True]
    assert stats.survivors([0.04, 0.2, 0.3, 0.9]) == [False] * 4
    assert stats.survivors([]) == []


def test_every_setting_within_the_margin_of_the_fastest_is_tied_with_it() -> None:
    times = {1: 1.0, 4: 0.52, 16: 0.5, 64: 0.53, 256: 0.51}
    assert stats.tied_best(times) == [4, 16, 256]
    assert stats.tied_best({}) == []
