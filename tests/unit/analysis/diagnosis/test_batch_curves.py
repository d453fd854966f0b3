"""Batch curves: the best batch."""

from tests.support.builders import make_rows
from tests.support.findings import diagnose_rows, make_curve


def test_the_smallest_of_the_tied_batches_is_the_best() -> None:
    (best,) = diagnose_rows(make_curve(2.0, 1.02, 1.0)).best
    assert (best.unit.row.batch_size, best.tied) == (4, (4, 16))


def test_two_units_of_one_setting_in_one_run_are_both_ranked() -> None:
    rows = make_rows([1.0, 1.01, 0.99], cell_id="one") + make_rows([0.9, 0.91, 0.89], cell_id="other")
    (best,) = diagnose_rows(rows).best
    assert best.unit.row.cell_id in {"one", "other"}
