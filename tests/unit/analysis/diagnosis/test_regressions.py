"""Regressions: larger batches that are slower, explained by one-off cost or rate."""

import math
import random
from collections.abc import Sequence
from typing import Any

from featray.analysis.diagnosis import FindingKind
from featray.core.row import Row
from tests.support import apple_reports
from tests.support.builders import BLACKWELL, CPU, make_row
from tests.support.findings import (
    IMAGES,
    IMPORTED,
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
        [make_row(batch_size=4, timed_s=[0.5]), make_row(batch_size=16, timed_s=[0.548])],
        # One of twenty identical pairs of single timings differs by 9.8%.
        "0.070 s more per call; not decided (fewer than 3 invocations). Measure both batches at least 3 times.",
    ),
]


def cause(rows: Sequence[Row], baseline: Sequence[Row] = ()) -> set[object]:
    return {finding.figures["cause"] for finding in find(FindingKind.BATCH_CURVE, rows, baseline)}


def test_the_same_excess_on_two_lengths_is_a_one_off_cost() -> None:
    assert cause([*make_curve(2.0, 1.0, 2.2), *make_curve(8.0, 6.0, 7.2, input="long")]) == {"one-off cost"}


def test_an_excess_that_grows_with_the_frames_is_a_rate() -> None:
    long = 472 / 72 * 1.2
    assert cause([*make_curve(2.0, 1.0, 2.2), *make_curve(13.0, 6.0, 6.0 + long, input="long")]) == {"rate"}


def test_an_excess_between_the_two_cannot_be_separated() -> None:
    assert cause([*make_curve(2.0, 1.0, 2.2), *make_curve(13.0, 6.0, 9.0, input="long")]) == {"not separable here"}


def test_two_invocations_decide_no_curve_and_ask_for_no_cells() -> None:
    rows = [row for row in make_curve(2.0, 1.0, 2.2) if row.invocation <= 2]
    (finding,) = find(FindingKind.BATCH_CURVE, rows)
    assert finding.text == (
        "retinaface on short (72 frames), RTX 3090, looks slower at b=16 than at b=4 (30.4 against 13.8 ms/frame): "
        "1.2 s more per call; not decided (fewer than 3 invocations). Measure both batches at least 3 times."
    )
    assert finding.wanted == ()


MAC: dict[str, Any] = {**CPU, **IMPORTED, "hostname": "mac", "gpu_name": None}


def test_a_length_with_a_far_larger_excess_speaks_against_a_one_off_cost() -> None:
    # py-feat's report of 2026-05-04 (f44ccb1): 16 images pay 40 s more at b=16, 72 frames 47 s and 472 frames 345 s
    times = {"multi-face": (10.99, 50.62), "short": (12.38, 59.43), "long": (82.55, 427.30)}
    rows = [
        make_row(batch_size=batch, input=clip, timed_s=[seconds], **MAC)
        for clip, pair in times.items()
        for batch, seconds in zip((1, 16), pair, strict=True)
    ]
    (finding,) = find(FindingKind.BATCH_CURVE, rows)
    assert finding.text.startswith(
        "retinaface on CPU looks slower at b=16 than at b=1: short (72 frames) 825.4 against"
    )
    assert "; not decided (imported from reports). This looks like a rate on" in finding.text
    assert "16 x multi_face.jpg 3163.8 against 686.9 ms/image, 40 s more per call" in finding.text
    assert "This looks like a rate on short (72 frames), long (472 frames): it grows with the frames" in finding.text


def test_a_report_without_its_long_clip_does_not_turn_a_rate_into_a_one_off_cost() -> None:
    # Detectorv2 on a processor at b=16: 72 frames and 80 faces take 6.6 and 6.4 s more, and 472 frames 44 s
    full, short = apple_reports.M5_MAX, apple_reports.without(apple_reports.M5_MAX, "long")
    only = [apple_reports.without(times, "img2pose", "retinaface") for times in (full, short)]
    assert cause(apple_reports.make_rows(only[0])) == {"rate"}
    assert cause(apple_reports.make_rows(only[1])) == {"not separable here"}


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
    assert "These runs cannot separate a cost per call from a cost per frame." in finding.text
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
    assert "stages that take longer: emotion (+0.58 s)" in finding.text
    assert "decode" not in finding.text


def test_a_clip_is_halved_because_it_cannot_be_repeated() -> None:
    (finding,) = find(FindingKind.BATCH_CURVE, make_curve(2.0, 1.0, 2.2))
    assert [wanted.settings for wanted in finding.wanted] == [
        {"batch_size": (4, 16)},
        {"batch_size": (4, 16), "frame_limit": (36,)},
    ]


def test_one_effect_is_told_once_for_all_inputs_that_show_it() -> None:
    (finding,) = find(FindingKind.BATCH_CURVE, [*make_curve(2.0, 1.0, 2.2), *make_curve(8.0, 6.0, 7.2, input="long")])
    assert finding.text == (
        "retinaface on RTX 3090 is slower at b=16 than at b=4: short (72 frames) 30.6 against 13.9 ms/frame, 1.2 s "
        "more per call; long (472 frames) 15.3 against 12.7 ms/frame, 1.2 s more per call. "
        "This is a one-off cost: every call pays it once."
    )
    assert len(finding.units) == 4


def test_one_effect_of_several_detectors_is_told_once_and_asks_for_each() -> None:
    rows = [row for name in ("retinaface", "img2pose") for row in make_curve(2.0, 1.0, 2.2, detector=name)]
    (finding,) = find(FindingKind.BATCH_CURVE, rows)
    assert finding.text.startswith(
        "On RTX 3090, b=16 is slower than b=4: img2pose, short (72 frames) 30.6 against 13.9"
    )
    assert {wanted.unit.row.detector for wanted in finding.wanted} == {"retinaface", "img2pose"}


def test_all_larger_batches_that_are_slower_are_one_finding() -> None:
    (finding,) = find(FindingKind.BATCH_CURVE, make_curve(1.0, 1.5, 2.2))
    assert "slower at b=4 and b=16 than at b=1 (20.8 and 30.6 against 13.9 ms/frame): 0.50 s and 1.2 s" in finding.text


def test_one_effect_at_several_settings_is_told_once() -> None:
    rows = [*make_curve(2.0, 1.0, 2.2), *make_curve(2.0, 1.0, 2.2, num_workers=2)]
    (finding,) = find(FindingKind.BATCH_CURVE, rows)
    assert "short (72 frames), 0 workers 30.6 against 13.9 ms/frame, 1.2 s more per call; " in finding.text
    assert "short (72 frames), 2 workers 30.6 against 13.9 ms/frame, 1.2 s more per call." in finding.text


def test_workers_and_threads_are_named() -> None:
    rows = [*make_curve(2.0, 1.0, 2.2, num_workers=2, threads=4), *make_curve(2.0, 1.0, 1.0, num_workers=0, threads=4)]
    (finding,) = find(FindingKind.BATCH_CURVE, rows)
    assert finding.text.startswith("retinaface on short (72 frames), RTX 3090, 2 workers, 4 threads, is slower at b=16")


def test_few_batches_alone_suggest_no_cause() -> None:
    (finding,) = find(FindingKind.BATCH_CURVE, make_curve(2.0, 1.0, 2.2, **IMAGES))
    assert "Clues: 1 batch per call. These runs cannot separate a cost per call from a cost per frame." in finding.text


def test_tied_batches_of_many_curves_have_no_slower_one() -> None:
    rng = random.Random(23)  # Welch's test against the fastest smaller batch calls 8 of these 48 batches slower
    rows = [
        row
        for number in range(12)
        for batch in (1, 2, 4, 8, 16)
        for row in make_unit_rows(
            1.0, [math.exp(rng.gauss(0, 0.04)) for _ in range(5)], batch_size=batch, input=f"c{number}"
        )
    ]
    assert find(FindingKind.BATCH_CURVE, rows) == []
