"""Which worker analyses which films."""

import random

import numpy as np
import pytest

from featray.planning import shares
from featray.planning.shares import Worker


def test_a_worker_that_is_twice_as_fast_gets_twice_as_many_films() -> None:
    shared = shares.share_out([100.0] * 6, [Worker(hz=20.0), Worker(hz=10.0)])
    assert [len(films) for films in shared.films] == [4, 2]
    assert shared.busy_s == (20.0, 20.0)
    assert shared.bound_s == pytest.approx(20.0)


def test_every_film_is_shared_out_once() -> None:
    lengths = [float(length) for length in range(1, 50)]
    shared = shares.share_out(lengths, [Worker(hz=3.0), Worker(hz=1.0), Worker(hz=7.0)])
    assert sorted(film for films in shared.films for film in films) == list(range(49))


def test_a_worker_whose_start_takes_longer_than_all_the_work_is_left_out() -> None:
    shared = shares.share_out([10.0, 10.0], [Worker(hz=10.0), Worker(hz=1000.0, start_s=60.0)])
    assert shared.films == ((0, 1), ())
    assert shared.busy_s == (2.0, 0.0)
    assert shared.bound_s == pytest.approx(2.0)


def test_one_long_film_bounds_the_plan_by_the_fastest_worker_alone() -> None:
    shared = shares.share_out([600.0, 6.0], [Worker(hz=10.0), Worker(hz=5.0)])
    assert shared.makespan_s == pytest.approx(60.0)
    assert shared.bound_s == pytest.approx(60.0)
    assert shared.divided_bound_s == pytest.approx(606 / 15)


def test_the_start_counts_in_the_bound_of_films_that_are_cut() -> None:
    shared = shares.share_out([90.0], [Worker(hz=10.0, start_s=5.0), Worker(hz=20.0, start_s=2.0)])
    assert shared.divided_bound_s == pytest.approx((90 + 50 + 40) / 30)  # both together have analysed 90 at 6 s


@pytest.mark.parametrize("hosts", [3, 10, 30, 100, 300, 1000])
@pytest.mark.parametrize("are_equal", [True, False])
def test_a_plan_ends_within_two_percent_of_the_bound(hosts: int, are_equal: bool) -> None:
    random = np.random.default_rng(hosts)
    speeds, starts = random.lognormal(3, 0.8, hosts), random.uniform(5, 30, hosts)
    workers = [Worker(hz=float(hz), start_s=float(start)) for hz, start in zip(speeds, starts, strict=True)]
    frames = np.full(10 * hosts, 15_000.0) if are_equal else random.lognormal(9, 1, 10 * hosts)
    shared = shares.share_out(frames.tolist(), workers)
    assert shared.divided_bound_s <= shared.bound_s <= shared.makespan_s <= 1.02 * shared.bound_s


def test_no_other_plan_ends_before_the_bound() -> None:
    random = np.random.default_rng(4)
    for _ in range(20):
        frames, hz = random.uniform(1, 9, 6), random.uniform(1, 4, 2)
        best_s = min(
            max(
                sum(frame for number, frame in enumerate(frames) if (plan >> number & 1) == worker) / hz[worker]
                for worker in (0, 1)
            )
            for plan in range(2**6)
        )
        shared = shares.share_out(frames.tolist(), [Worker(hz=float(each)) for each in hz])
        assert shared.bound_s <= best_s * (1 + 1e-9)


def test_a_bound_over_hosts_that_use_one_of_several_sets_of_workers() -> None:
    both, one = [Worker(hz=4.0), Worker(hz=4.0)], [Worker(hz=5.0)]
    assert shares.bound_s([40.0] * 20, [[both, one]] * 10) == pytest.approx(10.0)  # 80 frames per second, both each
    assert shares.bound_s([40.0], [[both, one]]) == pytest.approx(8.0)  # one film: the fastest alone
    assert shares.bound_s([40.0] * 2, [[both, one], [one]]) == pytest.approx(8.0)


def test_few_films_change_places_where_that_ends_earlier() -> None:
    """The longest first gives 5 + 3 + 3 and 4 + 3; 5 + 4 beside 3 + 3 + 3 is the best there is."""
    made = shares.share_out([5.0, 4.0, 3.0, 3.0, 3.0], [Worker(hz=1.0), Worker(hz=1.0)])
    assert made.makespan_s == pytest.approx(9.0)
    assert sorted(film for own in made.films for film in own) == [0, 1, 2, 3, 4]
    assert made.busy_s == pytest.approx(
        tuple(sum([5.0, 4.0, 3.0, 3.0, 3.0][film] for film in own) for own in made.films)
    )


def test_no_random_plan_of_few_films_is_worse_than_the_longest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    for _ in range(100):
        frames = [chance.uniform(1, 10) for _ in range(chance.randint(1, 12))]
        workers = [Worker(hz=chance.uniform(0.5, 2), start_s=chance.uniform(0, 3)) for _ in range(chance.randint(1, 4))]
        improved = shares.share_out(frames, workers)
        with monkeypatch.context() as patched:
            patched.setattr(shares, "IMPROVED_MAX", 0)
            plain = shares.share_out(frames, workers)
        assert improved.bound_s * (1 - 1e-9) <= improved.makespan_s <= plain.makespan_s * (1 + 1e-9)
        assert sorted(film for own in improved.films for film in own) == list(range(len(frames)))
