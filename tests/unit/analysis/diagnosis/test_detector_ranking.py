"""Detector ranking: one order of detectors, said once."""

from featray.analysis.diagnosis import FindingKind
from tests.support.builders import BLACKWELL
from tests.support.findings import (
    FOUR_TARGETS,
    find,
    make_case,
    make_unit_rows,
)

CASES = [
    make_case(
        FindingKind.DETECTORS,
        [*make_unit_rows(1.0), *make_unit_rows(4.0, detector="img2pose")],
        [*make_unit_rows(1.0), *make_unit_rows(4.0, detector="img2pose", **BLACKWELL)],
        "retinaface is 4.0x as fast as img2pose.",
    ),
]


def test_one_order_of_detectors_on_many_targets_is_one_finding_per_input() -> None:
    rows = [
        row
        for target in FOUR_TARGETS
        for clip in ("long", "multi-face", "short")
        for detector, seconds in (("retinaface", 1.0), ("img2pose", 4.0))
        for row in make_unit_rows(seconds, detector=detector, input=clip, **target)
    ]
    texts = [each.text for each in find(FindingKind.DETECTORS, rows)]
    order = "retinaface, img2pose on all 4 targets (retinaface is 4.0x as fast as img2pose)."
    assert texts == [
        f"On {clip}, from fastest to slowest: {order}"
        for clip in ("short (72 frames)", "long (472 frames)", "16 x multi_face.jpg")
    ]


def test_another_order_of_detectors_is_given_with_its_targets() -> None:
    other = FOUR_TARGETS[0]["target_id"]
    rows = [
        row
        for target in FOUR_TARGETS
        for detector, seconds in (("retinaface", 1.0), ("img2pose", 0.5 if target["target_id"] == other else 4.0))
        for row in make_unit_rows(seconds, detector=detector, **target)
    ]
    (finding,) = find(FindingKind.DETECTORS, rows)
    assert "img2pose, retinaface on RTX 3090 of box (img2pose is 2.0x as fast as retinaface)" in finding.text
    assert "retinaface, img2pose on RTX PRO 6000 Blackwell of box, " in finding.text
