"""Slowdowns: batches that are slower than smaller ones."""

from featray import stats
from featray.analysis import units
from featray.analysis.diagnosis import batch_curves, batch_steps, slowdowns
from featray.analysis.diagnosis.slowdowns import Slowdown
from tests.support.findings import make_curve


def find(*seconds: float, batches: tuple[int, ...] = (1, 4, 16)) -> list[Slowdown]:
    rows = make_curve(*seconds, batches=batches)
    return slowdowns.find(batch_steps.compare(batch_curves.gather(units.gather(rows))), stats.MARGIN)


def test_a_slowdown_is_measured_from_the_fastest_smaller_batch() -> None:
    (slowdown,) = find(2.0, 1.0, 1.5)
    assert (slowdown.before.row.batch_size, slowdown.after.row.batch_size) == (4, 16)
    assert round(slowdown.excess_s, 3) == 0.5
    assert round(slowdown.frame_excess_s * 72, 3) == 0.5


def test_several_batches_slower_than_the_same_one_are_one_slowdown() -> None:
    (slowdown,) = find(1.0, 1.5, 1.6)
    assert (slowdown.before.row.batch_size, slowdown.after.row.batch_size) == (1, 4)
    assert [unit.row.batch_size for unit in slowdown.larger] == [16]


def test_a_second_turn_of_a_curve_is_a_slowdown_of_its_own() -> None:
    found = find(1.0, 1.5, 0.5, 0.8, batches=(1, 4, 16, 64))
    assert [(each.before.row.batch_size, each.after.row.batch_size) for each in found] == [(1, 4), (16, 64)]
