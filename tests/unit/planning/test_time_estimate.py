"""Time estimates: what is durations of a unit, and what is guessed."""

from featray.core.choices import ProtocolName
from featray.core.rules import Rules
from featray.planning import time_estimate
from tests.support.plans import make_cell, make_stored

CELL = make_cell()


def test_a_guess_counts_frames_calls_and_injected_delay() -> None:
    # 72 frames x (1.2 + 0.1) s x (3 warm-up + 3 timed + 1 profiled)
    assert time_estimate.guess_s(make_cell(delay_s_per_frame=0.1), Rules()) == 72 * (1.2 + 0.1) * 7


def test_what_is_stored_wins_over_a_guess() -> None:
    assert time_estimate.expect_s(CELL, Rules(), 9.0) == 9.0
    assert time_estimate.expect_s(CELL, Rules(), None) == time_estimate.guess_s(CELL, Rules())


def test_a_cell_of_short_calls_takes_the_minimum_time() -> None:
    assert time_estimate.expect_s(CELL, Rules(min_time_s=2.0), 0.3) == 2.0  # stored as seconds per call


def test_a_sustained_run_and_its_rest_take_their_time_on_top() -> None:
    assert time_estimate.expect_s(CELL, Rules(sustained_s=60.0), 9.0) == 9.0 + 60.0 + 15.0


def test_py_feats_own_protocol_makes_two_calls() -> None:
    assert time_estimate.guess_s(CELL, Rules(protocol=ProtocolName.PYFEAT)) == 72 * 1.2 * 2


def test_the_last_row_with_times_says_how_long_a_unit_takes() -> None:
    first = make_stored(CELL, "cpu@a", 1, warmup_s=[2.0, 1.0], timed_s=[0.5, 0.5])
    second = make_stored(CELL, "cpu@a", 2, warmup_s=None, timed_s=[0.5])
    lost = make_stored(CELL, "cpu@a", 3, status="lost")
    elsewhere = make_stored(CELL, "cpu@b", timed_s=[8.0])
    durations = time_estimate.measured_s([first, second, lost, elsewhere])
    assert durations == {(first.cell_id, "cpu@a"): 0.5, (first.cell_id, "cpu@b"): 8.0}
    assert time_estimate.measured_s([first]) == {(first.cell_id, "cpu@a"): 4.0}


def test_processes_side_by_side_make_their_calls_at_the_same_time() -> None:
    two = make_cell(processes=2)
    assert time_estimate.expect_s(two, Rules(), 9.0) == 18.0  # stored is the time of a call of both together
    assert time_estimate.guess_s(two, Rules()) == 2 * time_estimate.guess_s(CELL, Rules())
