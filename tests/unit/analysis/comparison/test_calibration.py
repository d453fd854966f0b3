"""Calibration: how identical cells vary, between processes and between sessions."""

import math

import pytest

from featray import stats
from featray.analysis import comparison
from featray.stats import Verdict
from tests.support.builders import RTX3090, make_rows
from tests.support.sides import LATER, STEADY


def test_identical_cells_give_their_spread() -> None:
    # Logs of +-0.01: squares 10 * 0.0001 over 9 degrees of freedom, sd 0.01054; t(0.975, 9) sqrt(2/5) = 1.4307
    medians = [math.exp(0.01 * sign) for sign in (1, -1) * 5]
    (calibration,) = comparison.find_calibrations(make_rows(medians, sweep="calibration")).values()
    assert calibration.sd == pytest.approx(0.010541, rel=1e-3)
    assert calibration.half_width == pytest.approx(0.010541 * 1.4307, rel=1e-3)
    assert (calibration.invocations, calibration.cells) == (5, 1)
    assert calibration.target_id == RTX3090["target_id"]
    assert calibration.place == "RTX 3090 of box"


def test_odd_and_even_invocations_are_the_two_sides() -> None:
    medians = [value for one in STEADY for value in (one, 1.2 * one)]
    (calibration,) = comparison.find_calibrations(make_rows(medians, sweep="calibration")).values()
    (decision,) = calibration.pairs
    assert decision.verdict is Verdict.SLOWER
    assert decision.ratio == pytest.approx(1.2)


def test_other_sweeps_and_short_calibrations_give_nothing() -> None:
    assert comparison.find_calibrations(make_rows(STEADY)) == {}
    assert comparison.find_calibrations(make_rows(STEADY, sweep="calibration")) == {}


def test_the_last_calibration_of_a_target_counts() -> None:
    rows = make_rows([1.0, 1.5] * 5, sweep="calibration", run_id="calibration-1")
    rows += make_rows([1.0, 1.01] * 5, sweep="calibration", run_id="calibration-2", started_at=LATER)
    assert comparison.find_calibrations(rows)[RTX3090["target_id"]].sd < 0.01
    assert comparison.find_calibrations(rows)[RTX3090["target_id"]].half_width < stats.MARGIN


def test_a_single_session_tells_nothing_of_sessions() -> None:
    (calibration,) = comparison.find_calibrations(make_rows([1.0, 1.01] * 5, sweep="calibration")).values()
    assert (calibration.sessions, calibration.session_spread) == (1, None)


def test_added_sessions_count_with_the_calibration_that_they_name() -> None:
    rows = make_rows([1.0] * 6, sweep="calibration", run_id="calibration-1")
    rows += make_rows(
        [1.1] * 6, sweep="calibration", run_id="calibration-2", baseline="calibration-1", started_at=LATER
    )
    (calibration,) = comparison.find_calibrations(rows).values()
    assert calibration.sessions == 2
    assert calibration.session_spread is not None
    # Prior 2 x 0.0009 and the variance of two means 0.0953 apart, 0.00454 on 1 degree of freedom
    assert calibration.session_spread.sd == pytest.approx(math.sqrt((2 * 0.0009 + 0.004542) / 3), rel=1e-3)


def test_a_new_calibration_leaves_the_old_sessions_behind() -> None:
    rows = make_rows([1.0] * 6, sweep="calibration", run_id="calibration-1")
    rows += make_rows([1.1] * 6, sweep="calibration", run_id="calibration-2", started_at=LATER)
    (calibration,) = comparison.find_calibrations(rows).values()
    assert (calibration.sessions, calibration.session_spread) == (1, None)
