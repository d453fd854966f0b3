"""From how much work on a slow start pays."""

import random

import pytest

from featray.stats import break_even


def test_the_later_start_over_the_time_saved_is_where_it_pays() -> None:
    point = break_even.find([30.0] * 5, [0.01] * 5, [10.0] * 5, [0.02] * 5)
    assert point
    assert (point.frames, point.low, point.high) == pytest.approx((2000.0, 2000.0, 2000.0))
    assert (point.later_s, point.saved_s) == pytest.approx((20.0, 0.01))


def test_what_does_not_start_later_or_is_not_faster_never_breaks_even() -> None:
    assert break_even.find([10.0] * 5, [0.01] * 5, [10.0] * 5, [0.02] * 5) is None
    assert break_even.find([30.0] * 5, [0.02] * 5, [10.0] * 5, [0.02] * 5) is None
    assert break_even.find([30.0] * 2, [0.01] * 2, [10.0] * 2, [0.02] * 2) is None  # too few processes


def test_the_interval_holds_the_truth_in_95_of_100() -> None:
    chance, held, found = random.Random(0), 0, 0

    def draw(mean: float, sd: float) -> list[float]:
        return [chance.gauss(mean, sd * mean) for _ in range(5)]

    for _ in range(400):
        point = break_even.find(draw(30.0, 0.05), draw(0.01, 0.03), draw(10.0, 0.05), draw(0.02, 0.03))
        if point:
            found += 1
            held += point.low <= 2000 <= point.high
    assert found > 390
    assert held / found >= 0.94
