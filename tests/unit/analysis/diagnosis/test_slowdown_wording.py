"""Slowdown wording: what a finding says about slower batches."""

from collections.abc import Sequence

from featray import stats
from featray.analysis import units
from featray.analysis.diagnosis import (
    batch_curves,
    batch_steps,
    slowdown_evidence,
    slowdown_wording,
    slowdowns,
)
from featray.analysis.diagnosis.slowdown_evidence import RelatedCurves
from featray.analysis.diagnosis.slowdown_wording import ExplainedSlowdown
from featray.core.row import Row
from tests.support.builders import BLACKWELL
from tests.support.findings import IMAGES, make_curve, make_unit_rows


def explain(*rows: Sequence[Row]) -> list[ExplainedSlowdown]:
    compared = batch_steps.compare(batch_curves.gather(units.gather(row for curve in rows for row in curve)))
    related = RelatedCurves(curve.curve for curve in compared)
    return [
        ExplainedSlowdown(slowdown, slowdown_evidence.find_evidence(slowdown, related, stats.MARGIN))
        for slowdown in slowdowns.find(compared, stats.MARGIN)
    ]


def what(*rows: Sequence[Row], settings: str = "") -> str:
    members = [explained.slowdown for explained in explain(*rows)]
    return slowdown_wording.what(members, lambda unit: settings)  # noqa: ARG005


def test_a_single_slowdown_is_one_sentence() -> None:
    assert what(make_curve(2.0, 1.0, 2.2), settings=", 2 workers") == (
        "retinaface on short (72 frames), RTX 3090, 2 workers, is slower at b=16 than at b=4 "
        "(30.6 against 13.9 ms/frame): 1.2 s more per call."
    )


def test_several_inputs_of_one_detector_are_listed() -> None:
    assert what(make_curve(2.0, 1.0, 2.2), make_curve(8.0, 6.0, 7.2, **IMAGES)) == (
        "retinaface on RTX 3090 is slower at b=16 than at b=4: short (72 frames) 30.6 against 13.9 ms/frame, "
        "1.2 s more per call; 16 x multi_face.jpg 450.0 against 375.0 ms/image, 1.2 s more per call."
    )


def test_several_detectors_are_listed_with_their_inputs() -> None:
    text = what(make_curve(2.0, 1.0, 2.2), make_curve(2.0, 1.0, 2.2, detector="img2pose"))
    assert text.startswith("On RTX 3090, b=16 is slower than b=4: retinaface, short (72 frames) 30.6 against 13.9")
    assert "; img2pose, short (72 frames) 30.6 against 13.9 ms/frame, 1.2 s more per call." in text


def test_clues_name_what_may_explain_it() -> None:
    images = make_curve(2.0, 1.0, 2.2, **IMAGES)
    other_gpu = make_curve(2.0, 1.5, 2.7, **IMAGES, **BLACKWELL)
    effect = explain(images, other_gpu, make_curve(2.0, 1.0, 1.0))[:1]
    assert slowdown_wording.clues(effect) == (
        "1 batch per call; the same extra time on RTX PRO 6000 Blackwell (1.2 s); short (72 frames) not slower"
    )


def test_stages_that_take_longer_are_a_clue() -> None:
    rows = [
        *make_unit_rows(1.0, batch_size=4, stages_s={"decode": 0.1, "emotion": 0.9}),
        *make_unit_rows(1.6, batch_size=16, stages_s={"decode": 0.12, "emotion": 1.48}),
    ]
    assert slowdown_wording.clues(explain(rows)) == "stages that take longer: emotion (+0.58 s)"


def test_without_anything_to_say_there_are_no_clues() -> None:
    assert slowdown_wording.clues(explain(make_curve(2.0, 1.0, 2.2, stages_s=None))) == ""
