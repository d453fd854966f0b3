"""Slowdowns: batches that are slower than smaller ones."""

from featray import stats
from featray.analysis import units
from featray.analysis.diagnosis import batch_curves, batch_steps, slowdowns
from featray.analysis.diagnosis.slowdowns import Slowdown
from tests.support.findings import make_curve


def find(*seconds: float, batches: tuple[int, ...] = (1, 4, 16)) -> list[Slowdown]:
    rows = make_curve(*seconds, batches=batches)
    return slowdowns.find(batch_steps.compare(batch_curves.gather(units.gather(rows))), stats.MARGIN)


def test_a_slowdown_is_measured_from_the_smaller_batch_before_the_turn() -> None:
    (slowdown,) = find(2.0, 1.0, 1.5)
    assert (slowdown.before.row.batch_size, slowdown.after.row.batch_size) == (4, 16)
    assert round(slowdown.excess_s, 3) == 0.5
    assert round(slowdown.frame_excess_s * 72, 3) == 0.5


def test_of_equally_fast_smaller_batches_the_neighbour_of_the_turn_counts() -> None:
    (slowdown,) = find(1.0, 1.06, 2.0)  # b=4 is 6% slower, which is slower than b=1 where processes scatter by 1%
    assert (slowdown.before.row.batch_size, [unit.row.batch_size for unit in slowdown.larger]) == (1, [16])
    (slowdown,) = find(1.0, 1.02, 2.0)
    assert (slowdown.before.row.batch_size, slowdown.after.row.batch_size) == (4, 16)


def test_several_batches_slower_than_the_same_one_are_one_slowdown() -> None:
    (slowdown,) = find(1.0, 1.5, 1.6)
    assert (slowdown.before.row.batch_size, slowdown.after.row.batch_size) == (1, 4)
    assert [unit.row.batch_size for unit in slowdown.larger] == [16]


def test_a_second_turn_of_a_curve_is_a_slowdown_of_its_own() -> None:
    found = find(1.0, 1.5, 0.5, 0.8, batches=(1, 4, 16, 64))
    assert [(each.before.row.batch_size, each.after.row.batch_size) for each in found] == [(1, 4), (16, 64)]
