"""Batch curves: the best batch."""

from tests.support.findings import diagnose_rows, make_curve


def test_the_smallest_of_the_tied_batches_is_the_best() -> None:
    (best,) = diagnose_rows(make_curve(2.0, 1.02, 1.0)).best
    assert (best.unit.row.batch_size, best.tied) == (4, (4, 16))
