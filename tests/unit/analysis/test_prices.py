"""What a unit's work costs."""

import pytest

from featray.analysis import prices, units
from featray.analysis.units import Unit
from tests.support.builders import SHELF, make_row


def of(**columns: object) -> Unit:
    (unit,) = units.gather([make_row(**columns)])
    return unit


def test_a_unit_has_the_price_of_its_host_by_any_of_its_names() -> None:
    both = [of(), of(**SHELF)]
    assert [unit.price_per_hour for unit in prices.apply(both, {"box": 2.0, "id-shelf": 5.0})] == [2.0, 5.0]
    assert [unit.price_per_hour for unit in prices.apply(both, {"other": 2.0})] == [None, None]


def test_1000_hours_of_film_cost_the_hours_that_they_take() -> None:
    (unit,) = prices.apply([of(timed_s=[0.72])], {"box": 2.0})  # 72 frames of 30 Hz: 2.4 s of film in 0.72 s
    assert prices.film_cost(unit) == pytest.approx(600.0)  # 300 hours
    assert prices.frame_cost(unit) == pytest.approx(2.0 / 360_000)  # 100 frames per second


def test_without_a_price_a_time_or_a_film_there_is_no_cost() -> None:
    assert prices.film_cost(of()) is None
    images, failed = prices.apply([of(input="multi-face"), of(status="oom", timed_s=None)], {"box": 2.0})
    assert prices.film_cost(images) is None
    assert (prices.film_cost(failed), prices.frame_cost(failed)) == (None, None)
