"""Search: which versions are measured next, and how a bisection ends, on times that are nearly exact."""

import math
import random
from collections.abc import Sequence

import pytest

from featray.analysis import bisection
from featray.analysis.bisection import BisectionStep, Conclusion, Ending, StepResult
from featray.analysis.bisection.search import Reason
from tests.support.bisections import Series, bisect, settle, steps_at

UP = math.log(1.2)


def ended(
    levels: Sequence[float], broken: Sequence[int] = (), sd: float = 0.002
) -> tuple[Conclusion, list[StepResult]]:
    return bisect(
        random.Random(1), Series(levels=levels, sd=sd, block_sd=0.1, broken=dict.fromkeys(broken, "failed: no build"))
    )


@pytest.mark.parametrize("count", [2, 3, 5, 8, 33])
def test_every_place_of_a_step_is_found(count: int) -> None:
    for place in range(1, count):
        found, results = ended(steps_at(count, place, UP))
        assert (found.ending, found.suspects, found.good) == (Ending.FOUND, (place,), place - 1)
        assert found.change is not None
        assert found.change.low < UP < found.change.high
        assert len(results) <= bisection.steps_most(count)


def test_a_version_that_is_faster_is_found_as_well() -> None:
    found, _ = ended(steps_at(5, 3, -UP))
    assert found.suspects == (3,)


def test_each_step_measures_both_ends_and_the_middle() -> None:
    _, results = ended(steps_at(9, 3, UP))
    assert [result.step.versions for result in results if not result.step.is_check] == [(0, 4, 8), (0, 2, 4), (2, 3, 4)]


def test_an_untouched_series_ends_at_once_and_says_that_nothing_changed() -> None:
    found, results = ended([0.0] * 9)
    assert (found.ending, found.suspects, len(results)) == (Ending.UNCHANGED, (), 1)
    assert found.overall is not None
    assert found.overall.low < 0 < found.overall.high


def test_a_change_that_was_taken_back_between_equal_ends_is_not_monotone() -> None:
    found, _ = ended([0, 0, UP, 0, 0])
    assert (found.ending, found.reason, found.about) == (Ending.NOT_MONOTONE, Reason.MIDDLE_OFF, (2,))


@pytest.mark.parametrize("middle", [2 * UP, -UP])
def test_a_middle_beyond_both_ends_is_not_monotone(middle: float) -> None:
    found, _ = ended([0, 0, middle, UP, UP])
    assert (found.ending, found.reason) == (Ending.NOT_MONOTONE, Reason.MIDDLE_OFF)


def test_the_check_sees_that_the_time_goes_up_down_and_up_again() -> None:
    found, results = ended([0, 0, UP, 0, 0, 0, UP, UP, UP])
    assert results[-1].step.is_check
    assert (found.ending, found.reason) == (Ending.NOT_MONOTONE, Reason.SEVERAL)
    assert found.suspects in ((2,), (6,))


def test_the_check_looks_on_both_sides_at_versions_that_no_step_has_measured() -> None:
    _, results = ended(steps_at(33, 16, UP))
    check = results[-1].step
    seen = {version for result in results[:-1] for version in result.step.versions}
    assert check.is_check
    assert (check.first, check.last) == (15, 16)
    assert not seen & set(check.middles)
    assert min(check.middles) < 15 < 16 < max(check.middles)


def test_of_two_steps_in_one_direction_one_is_found_with_its_own_size() -> None:
    found, _ = ended([0, 0, 0.1, 0.1, 0.3, 0.3, 0.3])
    assert found.ending is Ending.FOUND
    assert found.change is not None
    (place,) = found.suspects
    assert found.change.difference == pytest.approx({2: 0.1, 4: 0.2}[place], abs=0.01)


def test_versions_that_cannot_be_measured_are_passed_over() -> None:
    found, _ = ended(steps_at(9, 6, UP), broken=[4])
    assert (found.ending, found.suspects, found.unmeasured) == (Ending.FOUND, (6,), (4,))


def test_where_versions_beside_the_change_cannot_be_measured_all_of_them_are_suspects() -> None:
    found, _ = ended(steps_at(5, 2, UP), broken=[1, 2])
    assert (found.ending, found.good, found.suspects) == (Ending.FOUND, 0, (1, 2, 3))
    only_ends, _ = ended(steps_at(4, 2, UP), broken=[1, 2])
    assert (only_ends.ending, only_ends.suspects) == (Ending.FOUND, (1, 2, 3))


@pytest.mark.parametrize("end", [0, 4])
def test_an_end_that_cannot_be_measured_ends_the_search(end: int) -> None:
    found, results = ended(steps_at(5, 2, UP), broken=[end])
    assert (found.ending, found.reason, found.about) == (Ending.UNDECIDED, Reason.END_UNMEASURED, (end,))
    assert len(results) == 1


def test_times_that_scatter_too_much_leave_it_undecided() -> None:
    found, _ = ended(steps_at(5, 2, 0.02), sd=0.3)
    assert (found.ending, found.reason) == (Ending.UNDECIDED, Reason.ENDS_OPEN)
    assert found.suspects == ()


def test_neighbours_that_turn_out_equal_in_the_check_are_not_called_found() -> None:
    rng = random.Random(1)
    results: list[StepResult] = []
    series = Series(levels=steps_at(9, 3, UP), sd=0.002)
    while isinstance(chosen := bisection.advance(9, results), BisectionStep) and not chosen.is_check:
        results.append(settle(rng, series, chosen))
    assert isinstance(chosen, BisectionStep)
    results.append(settle(rng, Series(levels=[0.0] * 9, sd=0.002), chosen))
    found = bisection.advance(9, results)
    assert isinstance(found, Conclusion)
    assert (found.ending, found.reason, found.about) == (Ending.UNDECIDED, Reason.ENDS_MET, (2, 3))


def test_neighbours_need_one_step_and_no_check() -> None:
    found, results = ended([0.0, UP])
    assert (found.suspects, len(results)) == ((1,), 1)
