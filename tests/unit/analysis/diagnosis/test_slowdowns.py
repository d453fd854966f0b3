"""Slowdowns: batches that are slower than smaller ones, and the evidence for the cause."""

from collections.abc import Sequence

from featray import stats
from featray.analysis import units
from featray.analysis.diagnosis import batch_curves, slowdowns
from featray.analysis.diagnosis.slowdowns import RelatedCurves, SlowdownEvidence
from featray.core.row import Row
from tests.support.builders import BLACKWELL
from tests.support.findings import make_curve


def find_evidence(*curves: Sequence[Row]) -> SlowdownEvidence:
    """Find the evidence for the slowdown of the first curve."""
    gathered = batch_curves.gather(units.gather(row for curve in curves for row in curve))
    (slowdown,) = slowdowns.find(gathered[0], stats.MARGIN, {})
    return slowdowns.find_evidence(slowdown, RelatedCurves(gathered), stats.MARGIN, {})


def test_a_slowdown_is_measured_from_the_fastest_smaller_batch() -> None:
    (curve,) = batch_curves.gather(units.gather(make_curve(2.0, 1.0, 1.5)))
    (slowdown,) = slowdowns.find(curve, stats.MARGIN, {})
    assert (slowdown.before.row.batch_size, slowdown.after.row.batch_size) == (4, 16)
    assert round(slowdown.excess_s, 3) == 0.5
    assert round(slowdown.frame_excess_s * 72, 3) == 0.5


def test_an_equal_excess_per_call_on_a_longer_input_is_a_one_off_cost() -> None:
    evidence = find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(8.0, 6.0, 7.2, input="long"))
    assert len(evidence.same_per_call) == 1
    assert evidence.cause == slowdowns.ONE_OFF


def test_the_same_excess_on_another_gpu_only_suggests_a_one_off_cost() -> None:
    evidence = find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(2.0, 1.0, 2.2, **BLACKWELL))
    assert len(evidence.on_other_gpus) == 1
    assert evidence.suggests_one_off
    assert evidence.cause == slowdowns.UNDECIDED


def test_an_input_that_is_no_slower_is_unaffected() -> None:
    evidence = find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(8.0, 6.0, 6.0, input="long"))
    assert [unit.row.input for unit in evidence.unaffected] == ["long"]
