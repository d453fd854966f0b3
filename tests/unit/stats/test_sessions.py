"""Sessions: how far sessions of one target lie apart. Variances are worked by hand."""

import math

import pytest

from featray.stats import SESSION_SD_ASSUMED, Basis, spread_of
from featray.stats.sessions import PRIOR_FREEDOM, by_session, pooled

PRIOR = PRIOR_FREEDOM * SESSION_SD_ASSUMED**2


def test_a_unit_of_one_session_tells_nothing_of_sessions() -> None:
    assert spread_of([[[0.0, 0.1]], []]) is None


def test_three_sessions_without_spread_within_tell_their_own_sd_and_the_assumed_one() -> None:
    found = spread_of([[[0.0, 0.0], [0.1, 0.1], [0.2, 0.2]]])  # variance of the means 0.01 on 2 degrees of freedom
    assert found is not None
    assert found.sd == pytest.approx(math.sqrt((PRIOR + 2 * 0.01) / (PRIOR_FREEDOM + 2)))
    assert (found.freedom, found.sessions, found.basis) == (PRIOR_FREEDOM + 2, 3, Basis.CALIBRATED)


def test_what_processes_add_to_a_sessions_mean_is_taken_out() -> None:
    # Means 0.05 and 0.15: variance 0.005. Within each session variance 0.005 over 2 processes: 0.0025 of it.
    found = spread_of([[[0.0, 0.1], [0.1, 0.2]]])
    assert found is not None
    assert found.sd == pytest.approx(math.sqrt((PRIOR + 0.005 - 0.0025) / (PRIOR_FREEDOM + 1)))


def test_sessions_that_happen_to_agree_are_not_taken_for_sessions_that_never_differ() -> None:
    found = spread_of([[[0.0, 0.0], [0.0, 0.0]]])
    assert found is not None
    assert found.sd > 0.5 * SESSION_SD_ASSUMED


def test_units_of_one_target_share_its_sessions_so_many_units_are_no_more_sessions() -> None:
    unit = [[0.0, 0.0], [0.1, 0.1], [0.2, 0.2]]
    few, many = spread_of([unit]), spread_of([unit] * 50)
    assert few is not None
    assert many is not None
    assert many.sd == pytest.approx(few.sd)
    assert (many.freedom, many.sessions) == (few.freedom, few.sessions)


def test_pooled_variance_counts_each_session_by_its_freedom() -> None:
    variance, freedom = pooled([[0.0, 0.2], [0.0, 0.1, 0.2], [5.0]])
    assert variance == pytest.approx((0.02 + 0.02) / 3)
    assert freedom == 3.0
    assert pooled([[0.0], [1.0]]) == (0.0, 1.0)


def test_timings_are_grouped_in_the_order_of_their_sessions() -> None:
    assert by_session([("b", 1.0), ("a", 2.0), ("b", 3.0)]) == [[1.0, 3.0], [2.0]]
