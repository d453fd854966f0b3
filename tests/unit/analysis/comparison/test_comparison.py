"""Comparison: two sides, unit by unit, and what is said of their number."""

from featray.analysis import comparison
from featray.stats import Verdict
from tests.support.builders import BOX, CPU, SHELF, make_rows
from tests.support.sides import STEADY, STILL


def test_differences_that_may_be_chance_get_a_dagger() -> None:
    noisy = [1.0, 1.05, 0.95, 1.02, 0.98]  # p of about 0.03 against 1.07 of itself: one of ten is by chance
    baseline = [row for batch in range(1, 11) for row in make_rows(noisy, batch_size=batch)]
    same = [row for batch in range(1, 10) for row in make_rows(noisy, batch_size=batch, run_id="demo-2")]
    other = make_rows([each * 1.07 for each in noisy], batch_size=10, run_id="demo-2")
    many = comparison.compare(baseline, same + other, noise=STILL)
    assert [pair.verdict for pair in many.pairs][-1] is Verdict.SLOWER
    assert many.daggers == 1
    assert comparison.compare(baseline, other, noise=STILL).daggers == 0


def test_a_unit_is_never_compared_with_itself() -> None:
    rows = make_rows([1.0, 1.01, 0.99])
    assert comparison.compare(rows, rows).pairs == ()


def test_hosts_are_compared_with_each_other_when_each_side_has_its_own() -> None:
    shelf = {**SHELF, **CPU, "target_id": "cpu@id-shelf"}
    (pair,) = comparison.compare(make_rows(STEADY, **BOX, **CPU), make_rows(STEADY, **shelf)).pairs
    assert [factor.key for factor in pair.factors] == ["host"]
