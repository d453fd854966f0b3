"""Sequential: contrasts of blocks, where a version lies between two, and the errors that looks may spend."""

import itertools
import math
import random

import pytest

from featray.stats import sequential
from featray.stats.sequential import Position

SURE = 0.001  # error of a look, for times that are nearly exact


def times(level: float, seed: int, blocks: int = 12, sd: float = 0.002) -> list[float]:
    """Draw log times around a level."""
    rng = random.Random(seed)
    return [rng.gauss(level, sd) for _ in range(blocks)]


def test_looks_grow_by_half_up_to_the_most() -> None:
    assert sequential.looks(60) == (5, 8, 12, 18, 27, 41, 60)
    assert sequential.looks(5) == (5,)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_shares_of_all_looks_are_the_error_and_each_is_twice_the_one_before(count: int) -> None:
    shares = [sequential.spent(0.05, look, count) for look in range(count)]
    assert math.fsum(shares) == pytest.approx(0.05)
    assert all(after == pytest.approx(2 * before) for before, after in itertools.pairwise(shares))


def test_what_a_block_does_to_all_versions_cancels_out() -> None:
    first = [0.0, 0.5, -0.3, 0.2]
    last = [value + 0.1 for value in first]
    found = sequential.compare(first, last, SURE)
    assert (found.difference, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))


def test_a_contrast_has_the_interval_of_students_t() -> None:
    found = sequential.contrast([0.1, 0.2, 0.3], 0.025)
    half = 4.3027 * 0.1 / math.sqrt(3)  # t of 2 degrees of freedom, 97.5%
    assert (found.difference, found.low, found.high) == pytest.approx((0.2, 0.2 - half, 0.2 + half), abs=1e-4)


def test_one_block_says_nothing() -> None:
    found = sequential.contrast([0.1], 0.025)
    assert not found.is_clear
    assert not found.is_equal(1.0)


@pytest.mark.parametrize(
    ("level", "place"),
    [
        (0.0, Position.FIRST),
        (0.2, Position.LAST),
        (0.1, Position.BETWEEN),
        (-0.1, Position.BELOW),
        (0.3, Position.ABOVE),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_version_is_placed_between_two_ends_whichever_is_slower(level: float, place: Position, sign: int) -> None:
    first, middle, last = (times(sign * value, seed) for seed, value in enumerate((0.0, level, 0.2)))
    assert sequential.place(first, middle, last, SURE) is place


def test_a_version_whose_times_scatter_more_than_the_ends_differ_is_open() -> None:
    first, middle, last = (times(value, seed, sd=0.3) for seed, value in enumerate((0.0, 0.0, 0.05)))
    assert sequential.place(first, middle, last, SURE) is Position.OPEN


def test_an_offset_is_measured_from_the_mean_of_both_ends() -> None:
    found = sequential.offset([0.0, 0.0], [0.3, 0.3], [0.2, 0.2], SURE)
    assert found.difference == pytest.approx(0.2)
