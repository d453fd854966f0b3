"""Kept outputs: what of the compared units stays in memory."""

import gc
import weakref

from featray.analysis import comparison
from tests.support.builders import make_rows


def test_a_comparison_leaves_no_unit_behind() -> None:
    rows = [*make_rows([1.0, 1.01, 0.99], batch_size=1), *make_rows([1.2, 1.21, 1.19], batch_size=4)]
    compared = comparison.compare_within(rows, over=["batch_size"])
    left = [weakref.ref(unit) for pair in compared.pairs for unit in (pair.baseline, pair.candidate)]
    assert len(left) == 2
    del compared
    gc.collect()
    assert [unit() for unit in left] == [None, None]
