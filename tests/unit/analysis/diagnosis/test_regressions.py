"""Regressions: larger batches that are slower, explained by one-off cost or rate."""

from collections.abc import Sequence
from typing import Any

import pytest

from featray.analysis.comparison import Calibration
from featray.analysis.diagnosis import FindingKind
from featray.core.row import Row
from tests.support.builders import BLACKWELL, CPU, RTX3090, make_row
from tests.support.findings import (
    IMPORTED,
    FindingCase,
    check_given,
    check_not_given,
    diagnose_rows,
    find,
    make_case,
    make_curve,
    make_unit_rows,
)

CASES = [
    make_case(
        FindingKind.BATCH_CURVE,
        make_curve(1.0, 0.5, 0.8),
        make_curve(1.0, 0.5, 0.51),
        "is slower at b=16 than at b=4 (11.1 against 6.9 ms/frame): 0.30 s more per call",
        wants_cells=True,
    ),
    make_case(
        FindingKind.BATCH_CURVE,
        [make_row(batch_size=4, timed_s=[0.5]), make_row(batch_size=16, timed_s=[0.57])],
        [make_row(batch_size=4, timed_s=[0.5]), make_row(batch_size=16, timed_s=[0.55])],
        "0.070 s more per call",  # single timings differ by 11% in one of twenty identical pairs
        wants_cells=True,
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_the_finding_is_given_where_it_must(case: FindingCase) -> None:
    check_given(case)


@pytest.mark.parametrize("case", CASES)
def test_the_finding_is_not_given_at_a_near_miss(case: FindingCase) -> None:
    check_not_given(case)


def cause(rows: Sequence[Row], baseline: Sequence[Row] = ()) -> set[object]:
    return {finding.figures["cause"] for finding in find(FindingKind.BATCH_CURVE, rows, baseline)}


def test_the_same_excess_on_two_lengths_is_a_one_off_cost() -> None:
    assert cause([*make_curve(2.0, 1.0, 2.2), *make_curve(8.0, 6.0, 7.2, input="long")]) == {"one-off cost"}


def test_an_excess_that_grows_with_the_frames_is_a_rate() -> None:
    long = 472 / 72 * 1.2
    assert cause([*make_curve(2.0, 1.0, 2.2), *make_curve(13.0, 6.0, 6.0 + long, input="long")]) == {"rate"}


def test_an_excess_between_the_two_cannot_be_separated() -> None:
    assert cause([*make_curve(2.0, 1.0, 2.2), *make_curve(13.0, 6.0, 9.0, input="long")]) == {"not separable here"}


MAC: dict[str, Any] = {**CPU, **IMPORTED, "hostname": "mac", "gpu_name": None}


def test_a_length_with_a_far_larger_excess_speaks_against_a_one_off_cost() -> None:
    # py-feat's report of 2026-05-04 (f44ccb1): 16 images pay 40 s more at b=16, 72 frames 47 s and 472 frames 345 s
    times = {"multi-face": (10.99, 50.62), "short": (12.38, 59.43), "long": (82.55, 427.30)}
    rows = [
        make_row(batch_size=batch, input=clip, timed_s=[seconds], **MAC)
        for clip, pair in times.items()
        for batch, seconds in zip((1, 16), pair, strict=True)
    ]
    texts = {each.units[0]: each.text for each in find(FindingKind.BATCH_CURVE, rows)}
    images = next(text for text in texts.values() if text.startswith("retinaface on 16 x multi_face.jpg"))
    assert "short (72 frames) takes 47 s more per call too, but long (472 frames) 345 s" in images
    assert "These runs cannot separate a one-off cost from a rate. To find out, measure 4 times the images" in images
    assert not any("This is a one-off cost" in text for text in texts.values())


def test_first_calls_prove_no_one_off_cost_if_another_length_has_a_far_larger_excess() -> None:
    slow_start = [[3.2, 2.0, 2.0, 2.0]] * 3
    rows = [
        *make_curve(2.0, 1.0, batches=(1, 4)),
        *(make_row(batch_size=16, invocation=number, timed_s=times) for number, times in enumerate(slow_start, 1)),
    ]
    assert cause(rows) == {"one-off cost"}
    assert cause([*rows, *make_curve(9.0, 6.0, 9.0, input="long")]) == {"not separable here"}


def test_unaffected_inputs_alone_suggest_no_cause() -> None:
    # f44ccb1 again: images of b=4 are four batches a call, and no other GPU or length shows the excess
    rows = [
        make_row(batch_size=batch, input=clip, timed_s=[seconds], **MAC)
        for clip, pair in {"multi-face": (12.17, 50.27), "short": (28.37, 28.10), "long": (184.91, 182.17)}.items()
        for batch, seconds in zip((1, 4), pair, strict=True)
    ]
    (finding,) = find(FindingKind.BATCH_CURVE, rows)
    assert "short (72 frames), long (472 frames) not slower" in finding.text
    assert "These runs cannot separate a one-off cost from a rate." in finding.text
    assert "Probably" not in finding.text


def test_two_targets_do_not_explain_each_other_as_two_lengths_do() -> None:
    assert cause([*make_curve(2.0, 1.0, 2.2), *make_curve(8.0, 6.0, 7.2, input="long", **BLACKWELL)]) == {
        "not separable here"
    }


def test_only_stages_that_take_longer_are_named() -> None:
    rows = [
        *make_unit_rows(1.0, batch_size=4, stages_s={"decode": 0.1, "emotion": 0.9}),
        *make_unit_rows(1.6, batch_size=16, stages_s={"decode": 0.12, "emotion": 1.48}),
    ]
    (finding,) = find(FindingKind.BATCH_CURVE, rows)
    assert "stages that take longer: emotion +0.58 s" in finding.text
    assert "decode" not in finding.text


def test_a_clip_is_halved_because_it_cannot_be_repeated() -> None:
    (finding,) = find(FindingKind.BATCH_CURVE, make_curve(2.0, 1.0, 2.2))
    assert [wanted.settings for wanted in finding.wanted] == [
        {"batch_size": (4, 16)},
        {"batch_size": (4, 16), "frame_limit": (36,)},
    ]


def test_a_slowdown_below_the_noise_floor_is_no_finding() -> None:
    target = str(RTX3090["target_id"])
    floor = Calibration(
        target_id=target, sd=0.1, half_width=0.6, invocations=5, cells=1, measured_at="2026-05-01", pairs=()
    )
    rows = make_curve(1.0, 0.5, 0.8)
    assert FindingKind.BATCH_CURVE in {each.kind for each in diagnose_rows(rows).findings}
    assert FindingKind.BATCH_CURVE not in {
        each.kind for each in diagnose_rows(rows, calibrations={target: floor}).findings
    }
