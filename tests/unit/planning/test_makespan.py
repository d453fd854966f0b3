"""Makespans: the bounds that `tests.benchmarks.makespan` divides by, and the schedule beside them on few hosts."""

import itertools
import random

import pytest

from tests.support.makespan_bounds import spread_s, whole_s


def optimum_s(lengths: list[float], seconds: list[float]) -> float:
    """Try every way to give pieces to hosts."""
    return min(
        max(
            sum(length for length, chosen in zip(lengths, hosts, strict=True) if chosen == host) * seconds[host]
            for host in range(len(seconds))
        )
        for hosts in itertools.product(range(len(seconds)), repeat=len(lengths))
    )


def test_a_slow_host_without_time_for_a_whole_piece_does_not_help() -> None:
    # 10 s a piece on one host, 25 s on the other: cut, 2 pieces end after 14.3 s; whole, after 20 s
    assert spread_s([1.0, 1.0], [10.0, 25.0]) == pytest.approx(100 / 7)
    assert whole_s([1.0, 1.0], [10.0, 25.0]) == pytest.approx(20.0, rel=1e-5)


def test_the_longest_piece_bounds_the_makespan_on_the_fastest_host() -> None:
    assert spread_s([5.0, 1.0], [1.0, 1.0]) == 5.0
    assert whole_s([5.0, 1.0], [1.0, 1.0]) == pytest.approx(5.0, rel=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_no_schedule_ends_before_the_bound_for_whole_pieces(seed: int) -> None:
    rng = random.Random(seed)
    lengths, seconds = [rng.uniform(0.8, 1.2) for _ in range(6)], [rng.uniform(1, 20) for _ in range(3)]
    bound_s = whole_s(lengths, seconds)
    assert spread_s(lengths, seconds) <= bound_s * (1 + 1e-5)
    assert bound_s <= optimum_s(lengths, seconds)


def test_the_bound_for_equal_pieces_is_the_best_schedule() -> None:
    for seconds in ([3.0, 7.0], [2.0, 9.0, 11.0]):
        assert whole_s([1.0] * 6, seconds) == pytest.approx(optimum_s([1.0] * 6, seconds), rel=1e-5)
