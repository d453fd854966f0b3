"""Slowdown evidence: what speaks for a one-off cost or a rate."""

from collections.abc import Sequence
from typing import Any

from featray import stats
from featray.analysis import units
from featray.analysis.diagnosis import batch_curves, batch_steps, slowdown_evidence, slowdowns
from featray.analysis.diagnosis.slowdown_evidence import RelatedCurves, SlowdownEvidence
from featray.core.row import Row
from tests.support.builders import BLACKWELL
from tests.support.findings import IMAGES, make_curve


def find_evidence(*rows: Sequence[Row]) -> SlowdownEvidence:
    """Find the evidence for the slowdown of the first curve."""
    compared = batch_steps.compare(batch_curves.gather(units.gather(row for curve in rows for row in curve)))
    slowdown = slowdowns.find(compared, stats.MARGIN)[0]
    related = RelatedCurves(curve.curve for curve in compared)
    return slowdown_evidence.find_evidence(slowdown, related, stats.MARGIN)


def test_equal_work_is_no_evidence_whatever_the_frames() -> None:
    # 72 frames of one face and 16 images of five faces are 72 and 80 faces
    evidence = find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(8.0, 6.0, 7.2, **IMAGES))
    assert evidence.same_per_call == ()
    assert evidence.cause == slowdown_evidence.UNDECIDED


def test_inputs_with_more_frames_but_fewer_faces_are_no_evidence() -> None:
    evidence = find_evidence(
        make_curve(2.0, 1.0, 2.2, input="long"), make_curve(8.0, 6.0, 7.2, input="crowd", frames=100, faces=2000)
    )
    assert evidence.same_per_call == ()


def test_inputs_of_unknown_faces_prove_no_one_off_cost() -> None:
    unknown: dict[str, Any] = {"input": "own", "section_label": "own", "faces": None, "fex_rows": None, "frames": 472}
    evidence = find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(8.0, 6.0, 7.2, **unknown))
    assert evidence.same_per_call == ()


def test_an_equal_excess_per_face_is_a_rate() -> None:
    crowd: dict[str, Any] = {"input": "crowd", "frames": 72, "faces": 720, "fex_rows": 720}
    assert (
        find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(20.0, 10.0, 22.0, **crowd)).cause == slowdown_evidence.RATE
    )


def test_an_equal_excess_per_call_on_a_longer_input_is_a_one_off_cost() -> None:
    evidence = find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(8.0, 6.0, 7.2, input="long"))
    assert len(evidence.same_per_call) == 1
    assert evidence.cause == slowdown_evidence.ONE_OFF


def test_the_same_excess_on_another_gpu_only_suggests_a_one_off_cost() -> None:
    evidence = find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(2.0, 1.5, 2.7, **BLACKWELL))
    assert len(evidence.on_other_gpus) == 1
    assert evidence.suggests_one_off
    assert evidence.cause == slowdown_evidence.UNDECIDED


def test_an_input_that_is_no_slower_is_unaffected() -> None:
    evidence = find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(8.0, 6.0, 6.0, input="long"))
    assert [unit.row.input for unit in evidence.unaffected] == ["long"]


def test_the_same_excess_on_a_gpu_of_the_same_speed_suggests_nothing() -> None:
    evidence = find_evidence(make_curve(2.0, 1.0, 2.2), make_curve(2.0, 1.05, 2.2, **BLACKWELL))
    assert evidence.on_other_gpus == ()
    assert not evidence.suggests_one_off
