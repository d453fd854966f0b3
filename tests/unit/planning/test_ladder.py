"""Ladders: how far a search climbs, which values it measures further, and when it ends."""

import math
from collections.abc import Mapping, Sequence

from featray.planning.ladder import Ladder, Numbers, Rung, RungLimits, RungReading, next_numbers
from featray.sweep import Invocations

ASKED = Invocations(pilot=3, max=5, half_width=0.03)
NO_LIMITS = RungLimits()


def rung(value: int, *seconds: float | None, first: int = 1, is_whole: bool = False, **facts: float) -> Rung:
    """Make a value with a reading per time; None is an invocation that ran out of memory."""
    readings = {
        number: RungReading(log_s=None if time is None else math.log(time), is_exhausted=time is None, **facts)  # type: ignore[arg-type]
        for number, time in enumerate(seconds, first)
    }
    return Rung(value=value, readings=readings, is_whole=is_whole)


def make(*times: Sequence[float | None]) -> Ladder:
    """Make a ladder of values 1, 2, 4, ... from the times of each."""
    return Ladder(rungs=tuple(rung(2**place, *own) for place, own in enumerate(times)))


def wanted(ladder: Ladder, asked: Invocations = ASKED) -> Numbers:
    return next_numbers([ladder], asked)[0]


def due(ladder: Ladder, asked: Invocations = ASKED) -> Mapping[int, list[int]]:
    """Map each value to the numbers of its invocations that are due."""
    numbers = wanted(ladder, asked)
    return {
        each.value: sorted(own - each.readings.keys())
        for each, own in zip(ladder.rungs, numbers, strict=True)
        if own - each.readings.keys()
    }


def test_a_search_begins_with_one_invocation_of_the_smallest_value() -> None:
    assert due(make([], [], [])) == {1: [1]}


def test_it_climbs_while_the_speed_rises() -> None:
    assert due(make([1.0], [0.8], [0.6], [], [])) == {8: [1]}


def test_one_value_without_a_rise_may_be_noise_two_end_the_climb() -> None:
    assert due(make([1.0], [0.5], [0.51], [], [])) == {8: [1]}
    assert 16 not in due(make([1.0], [0.5], [0.51], [0.52], []))


def test_a_rise_below_the_margin_is_none_and_two_of_them_may_be_one() -> None:
    assert due(make([1.0], [0.98], [], [])) == {4: [1]}
    assert due(make([1.0], [0.98], [0.96], [], [])) == {8: [1]}  # 4% faster than the first


def test_memory_that_ran_out_ends_the_climb() -> None:
    assert due(make([1.0], [0.5], [None], [])) == {1: [2, 3], 2: [2, 3]}


def test_a_batch_of_all_frames_ends_the_climb() -> None:
    whole = Ladder(rungs=(rung(1, 1.0), rung(2, 0.5, is_whole=True), rung(4)))
    assert 4 not in due(whole)


def test_the_best_is_measured_beside_its_neighbours() -> None:
    assert due(make([4.0], [2.0], [1.0], [1.2], [1.4], [])) == {2: [2, 3], 4: [2, 3], 8: [2, 3]}


def test_on_a_plateau_the_smallest_value_that_may_be_as_good_counts_and_the_fastest_joins() -> None:
    assert due(make([2.0], [1.01], [1.0], [0.99])) == {1: [2, 3], 2: [2, 3], 4: [2, 3], 8: [2, 3]}
    assert due(make([4.0], [2.0], [1.01], [1.0], [0.99])) == {2: [2, 3], 4: [2, 3], 8: [2, 3], 16: [2, 3]}


STEADY = [1.0, 1.001, 0.999]
NOISY = [1.0, 1.05, 0.95]


def test_a_clearly_slower_neighbour_is_measured_no_further_than_the_pilot() -> None:
    slower, later = [2 * time for time in NOISY], [1.01 * time for time in NOISY]
    assert due(make([4.0], slower, NOISY, later, [1.3])) == {4: [4, 5], 8: [4, 5]}


def test_a_steady_pilot_is_enough() -> None:
    slower, later = [2 * time for time in STEADY], [1.01 * time for time in STEADY]
    assert due(make([4.0], slower, STEADY, later, [1.3])) == {}


def test_a_value_that_now_may_be_the_smallest_as_good_one_joins_beside_the_others() -> None:
    odd_first = [1.15, 1.0, 1.0]
    ladder = make([2.0], odd_first, STEADY, [1.2, 1.2, 1.2], [1.4])
    assert due(ladder) == {1: [4, 5], 2: [4, 5], 4: [4, 5]}


def test_an_interrupted_round_is_finished_as_it_was_begun() -> None:
    begun = make([4.0], [2.0, 0.5], [1.0], [1.2], [1.4])  # the second invocation of value 2 was odd
    assert due(begun) == {2: [3], 4: [2, 3], 8: [2, 3]}


def test_a_fixed_number_of_invocations_is_one_round() -> None:
    fixed = Invocations(pilot=4, max=4)
    assert due(make([2.0], [1.0], [1.3], [1.6]), fixed) == {1: [2, 3, 4], 2: [2, 3, 4], 4: [2, 3, 4]}


def test_a_single_invocation_only_climbs() -> None:
    assert due(make([2.0], [1.0], [1.3], [1.6]), Invocations(pilot=1, max=1)) == {}


def test_a_value_that_fails_later_counts_no_more() -> None:
    ladder = make([4.0], [2.0, 2.0, 2.0], [1.0, None, None], [None])
    assert due(ladder) == {1: [4, 5], 2: [4, 5]}


def test_nothing_can_be_found_where_nothing_runs() -> None:
    assert due(make([None], [], [])) == {}


def limited(limits: RungLimits, *rungs: Rung) -> Ladder:
    return Ladder(rungs=rungs, limits=limits)


def test_a_value_above_the_memory_limit_ends_the_climb_and_does_not_count() -> None:
    gib = 1024**3
    ladder = limited(
        RungLimits(memory_b=10 * gib),
        rung(1, 2.0, memory_b=2 * gib),
        rung(2, 1.0, memory_b=8 * gib),
        rung(4, 0.5, memory_b=20 * gib),
        rung(8),
    )
    assert due(ladder) == {1: [2, 3], 2: [2, 3]}


def test_a_batch_above_the_latency_limit_ends_the_climb() -> None:
    ladder = limited(RungLimits(batch_s=0.2), rung(1, 2.0, batch_s=0.1), rung(2, 1.0, batch_s=0.3), rung(4))
    assert due(ladder) == {1: [2, 3]}


def test_a_latency_that_falls_may_still_meet_its_limit() -> None:
    slow = limited(RungLimits(batch_s=0.2), rung(1, 2.0, batch_s=0.4), rung(2, 1.0, batch_s=0.3), rung(4))
    assert due(slow) == {4: [1]}


def test_searches_that_share_processes_have_rounds_of_the_same_numbers() -> None:
    early, late = make([2.0], [1.0], [1.3], [1.6]), make([2.0], [1.0], [])
    numbers = next_numbers([early, late], ASKED)
    assert numbers[0] == [{1}, {1}, {1}, {1}]  # it waits for the other's climb
    assert numbers[1] == [{1}, {1}, {1}]
