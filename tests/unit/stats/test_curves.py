"""Curves: settings of one curve compared pair by pair, and how often noise alone makes such differences."""

import math
from collections.abc import Sequence

import pytest

from featray.stats import Timing, curves
from tests.benchmarks.curves import FURTHER, GENERATORS, CurveNoise, false_share, found_share

pytestmark = pytest.mark.long

Logs = Sequence[float]


def make_setting(logs: Logs, session: str = "1") -> list[Timing]:
    return [Timing(log=log, block=block, session=session, process=str(block)) for block, log in enumerate(logs)]


def longer(*report: Sequence[Logs]) -> list[tuple[int, int]]:
    """List the steps of the first curve that take longer, given all curves of a report."""
    compared = [curves.compare([make_setting(logs) for logs in curve]) for curve in report]
    return [(step.before, step.after) for step in curves.find_longer(compared)[0]]


LOW, HIGH = (-0.01, 0.01, 0.0, 0.01, -0.01), (0.01, 0.0, -0.01, 0.01, -0.01)


def raised(logs: Logs, by: float) -> list[float]:
    return [log + by for log in logs]


def test_every_pair_is_a_step_from_the_earlier_to_the_later() -> None:
    steps = curves.compare([make_setting(raised(LOW, by)) for by in (0.0, 0.5, 0.25)])
    assert [(step.before, step.after) for step in steps] == [(0, 1), (0, 2), (1, 2)]
    assert [step.difference for step in steps] == pytest.approx([0.5, 0.25, -0.25])


def test_a_clear_rise_is_found_and_a_tie_is_not() -> None:
    assert longer([LOW, HIGH, raised(LOW, 0.4)]) == [(0, 2), (1, 2)]
    assert longer([LOW, HIGH, raised(LOW, 0.01)]) == []


def test_a_rise_below_the_margin_does_not_count() -> None:
    narrow = (0.0, 0.001, -0.001, 0.0, 0.0)
    assert longer([narrow, raised(narrow[::-1], 0.029)]) == []
    assert longer([narrow, raised(narrow[::-1], 0.030)]) == [(0, 1)]


def test_a_fall_is_found_in_the_other_direction() -> None:
    compared = [curves.compare([make_setting(raised(LOW, 0.4)), make_setting(HIGH)])]
    assert [len(steps) for steps in curves.find_longer(compared)] == [0]
    assert [(step.before, step.after) for step in curves.find_shorter(compared)[0]] == [(0, 1)]


def test_what_all_settings_of_a_process_share_does_not_hide_a_rise() -> None:
    processes = (0.0, 0.3, -0.2, 0.1, -0.3)
    risen = [level + 0.1 + noise for level, noise in zip(processes, LOW, strict=True)]
    assert longer([processes, risen]) == [(0, 1)]


def test_other_settings_lend_their_spread_to_a_pair_that_is_narrow_by_chance() -> None:
    wide = [(0.1, -0.1, 0.0), (-0.1, 0.0, 0.1), (0.0, 0.1, -0.1)]
    narrow = [(0.0, 0.0, 0.0), (0.05, 0.05, 0.05)]
    assert longer(narrow) == [(0, 1)]
    assert longer([*narrow, *wide]) == []


def test_a_setting_with_a_wider_spread_is_judged_by_its_own() -> None:
    steady = [(0.001, -0.001, 0.0, 0.001, -0.001), (0.0, 0.001, -0.001, -0.001, 0.001), (0.0, 0.0, 0.001, -0.001, 0.0)]
    *_, step = curves.compare([make_setting(logs) for logs in (*steady, (0.1, 0.3, 0.05, 0.25, -0.05))])
    assert len(step.errors) == 2
    assert step.errors[1][1] == 4
    assert longer([*steady, (0.1, 0.3, 0.05, 0.25, -0.05)]) == []


def test_more_curves_need_a_clearer_rise() -> None:
    rise = [(0.0, 0.02, -0.02, 0.01, -0.01), (0.08, 0.03, 0.06, 0.02, 0.08)]
    tie = [rise[0], rise[0][::-1]]
    assert longer(rise) == [(0, 1)]
    assert longer(rise, *[tie] * 30) == []


def test_single_measurements_differ_if_the_assumed_spread_does_not_explain_it() -> None:
    assert longer([[0.0], [0.094]]) == [(0, 1)]  # one step: 1.645 x sqrt(2) x 4% = 0.0931
    assert longer([[0.0], [0.092]]) == []
    ties = [[[0.0], [0.0]]] * 30
    assert longer([[0.0], [0.168]], *ties) == [(0, 1)]  # 31 steps: 2.94 x sqrt(2) x 4% = 0.1665
    assert longer([[0.0], [0.165]], *ties) == []


def test_curves_of_single_measurements_tell_how_far_these_scatter() -> None:
    smooth = [[Timing(log=0.3 * place**2 - place, block=1, session="1")] for place in range(5)]
    assert curves.find_scatter([smooth]) == curves.Scatter()
    logs = [0.0, 0.1, -0.1, 0.1, 0.0]  # bends of -0.7 and 0.7; the smooth curve has two of 0
    rough = [[Timing(log=log, block=1, session="1")] for log in logs]
    scatter = curves.find_scatter([rough, smooth])
    assert scatter.sd == pytest.approx(math.sqrt(0.5 * 0.7**2 / 20))
    assert scatter.freedom == 4
    several = [[*setting, *setting] for setting in rough]
    assert curves.find_scatter([several, smooth[:3]]) == curves.Scatter()


def test_settings_of_two_sessions_need_a_clearer_rise() -> None:
    first, second = make_setting(LOW), raised(HIGH, 0.06)
    side_by_side = curves.compare([first, make_setting(second)])
    apart = curves.compare([first, make_setting(second, session="2")])
    assert [len(steps) for steps in curves.find_longer([side_by_side])] == [1]
    assert [len(steps) for steps in curves.find_longer([apart])] == [0]


def test_single_measurements_of_two_sessions_need_a_clearer_rise() -> None:
    apart = curves.compare([make_setting([0.0]), make_setting([0.1], session="2")])
    assert [len(steps) for steps in curves.find_longer([apart])] == [0]


def test_exactly_equal_times_have_no_error_and_no_difference() -> None:
    assert longer([(0.0, 0.0, 0.0)] * 3) == []


def test_a_single_setting_has_no_step() -> None:
    assert len(curves.compare([make_setting(LOW)])) == 0
    assert len(curves.compare([])) == 0


def test_a_bound_other_than_equality_can_be_tested() -> None:
    steps = curves.compare([make_setting([1.0]), make_setting([0.0])])
    assert steps.chances_of_shorter()[0] < 1e-6
    assert steps.chances_of_shorter(-1.0) == pytest.approx([0.5])


def test_after_each_that_survives_the_hurdle_is_lower() -> None:
    assert curves.survive([0.001, 0.026, 0.04]) == [True, False, False]
    assert curves.survive([0.04, 0.001, 0.024]) == [True, True, True]
    assert curves.survive([]) == []


@pytest.mark.parametrize(
    "name",
    [
        *("sd 2%", "sd 4%", "sd 8%", "linear drift 20%, sd 2%", "outliers +30% in 10%", "two modes 12% apart"),
        *("process sd 4%, sd 2%", "smallest batch sd 10%, others 2%", "two batches sd 8%, three 1%"),
    ],
)
def test_few_reports_of_tied_batches_call_one_slower(name: str) -> None:
    share, _ = false_share(GENERATORS[name], 150)
    assert share <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 150)


@pytest.mark.long
@pytest.mark.parametrize(("name", "noise", "processes"), FURTHER)
def test_few_processes_call_no_tied_batch_slower(name: str, noise: CurveNoise, processes: int) -> None:
    share, _ = false_share(noise, 150, processes=processes)
    assert share <= 0.08, name


def test_a_quarter_longer_is_found() -> None:
    assert found_share(GENERATORS["sd 4%"], 60, math.log(1.25)) >= 0.9
    assert found_share(GENERATORS["sd 2%"], 60, math.log(1.10)) >= 0.8
