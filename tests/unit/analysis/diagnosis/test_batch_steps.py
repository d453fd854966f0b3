"""Batch steps: batches of a report's curves that take longer, or less time."""

from collections.abc import Sequence

from featray import stats
from featray.analysis import units
from featray.analysis.diagnosis import batch_curves, batch_steps
from featray.analysis.diagnosis.batch_steps import BatchPair, ComparedCurve
from featray.core.row import Row
from tests.support.findings import make_curve


def compare(*rows: Sequence[Row]) -> list[ComparedCurve]:
    return batch_steps.compare(batch_curves.gather(units.gather(row for group in rows for row in group)))


def sizes(pairs: Sequence[BatchPair]) -> list[tuple[int, int]]:
    return [(before.row.batch_size, after.row.batch_size) for before, after in pairs]


def test_longer_and_shorter_steps_are_listed_for_each_curve() -> None:
    compared = compare(make_curve(1.0, 1.0, 1.5), make_curve(2.0, 1.0, 1.0, input="long"))
    assert [sizes(pairs) for pairs in batch_steps.find_longer(compared, stats.MARGIN)] == [[(1, 16), (4, 16)], []]
    assert [sizes(pairs) for pairs in batch_steps.find_shorter(compared, stats.MARGIN)] == [[], [(1, 4), (1, 16)]]


def test_only_chosen_steps_are_looked_at() -> None:
    compared = compare(make_curve(1.0, 1.0, 1.5))
    (pairs,) = batch_steps.find_longer(compared, stats.MARGIN, lambda curve: curve.neighbours)
    assert sizes(pairs) == [(4, 16)]


def test_a_pair_can_be_looked_at_alone() -> None:
    ((curve),) = compare(make_curve(1.0, 1.5))
    before, after = curve.curve.units
    assert batch_steps.is_longer(before, after)
    assert not batch_steps.is_longer(after, before)
