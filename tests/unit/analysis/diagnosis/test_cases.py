"""Every diagnosis where it must speak, and a near miss of it where it must be silent.

Rows are those of `builders`: retinaface on the short clip (72 frames), b=16, on the RTX 3090 of `box`.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.comparison import Calibration
from featray.analysis.diagnosis import Diagnosis, Finding, FindingKind, diagnose
from featray.core import inputs
from featray.core.row import Row
from featray.rendering import document
from tests.support.builders import BLACKWELL, BOX, CPU, RTX3090, SHELF, make_row, make_rows

STEADY = (0.99, 1.0, 1.0, 1.0, 1.01)
"""Five invocations with a half-width of 0.9%."""

SHAKY = (0.94, 0.97, 1.0, 1.03, 1.06)
"""Five invocations with a sd of 4.7%, and so a half-width of 5.9%."""


def timed(seconds: float, spread: Sequence[float] = STEADY, **changes: Any) -> list[Row]:
    """Make a unit of five invocations whose call lasts so many seconds."""
    return make_rows([seconds * share for share in spread], **changes)


def curve(*seconds: float, batches: Sequence[int] = (1, 4, 16), **changes: Any) -> list[Row]:
    """Make a unit per batch size."""
    pairs = zip(batches, seconds, strict=False)
    return [row for batch, each in pairs for row in timed(each, batch_size=batch, **changes)]


def found(rows: Sequence[Row], baseline: Sequence[Row] = (), **options: Any) -> Diagnosis:
    return diagnose(units.gather(rows), units.gather(baseline), **options)


def of_kind(kind: FindingKind, rows: Sequence[Row], baseline: Sequence[Row] = ()) -> list[Finding]:
    return [finding for finding in found(rows, baseline).findings if finding.kind is kind]


IMAGES: dict[str, Any] = {"input": "multi-face"}
BEFORE: dict[str, Any] = {"run_id": "before-1", "sweep": "before"}
IMPORTED: dict[str, Any] = {"source_file": "old.md", "work": None, "asked": None}


@dataclasses.dataclass(frozen=True)
class Case:
    """A diagnosis, the rows that call for it, and rows that nearly do."""

    kind: FindingKind
    fires: tuple[Sequence[Row], Sequence[Row]]
    near_miss: tuple[Sequence[Row], Sequence[Row]]
    says: str
    asks: bool


def case(
    kind: FindingKind,
    fires: Sequence[Row],
    near_miss: Sequence[Row],
    says: str,
    *,
    against: Sequence[Row] = (),
    but_against: Sequence[Row] | None = None,
    asks: bool = False,
) -> Any:
    rest = against if but_against is None else but_against
    return pytest.param(Case(kind, (fires, against), (near_miss, rest), says, asks), id=f"{kind}: {says[:40]}")


CASES = [
    case(
        FindingKind.UNPROVEN,
        timed(1.0),
        timed(1.0),
        "The only ratio compares measurements of labels-only identity, so none is",
        against=timed(2.0, **IMPORTED, **BEFORE),
        but_against=timed(2.0, **BEFORE),
        asks=True,
    ),
    case(
        FindingKind.NOT_COMPARABLE,
        timed(1.0, work={"au_model": '"xgb"'}),
        timed(1.0, work={"au_model": '"svm"'}),
        "the work differs in au_model svm -> xgb",
        against=timed(1.0, work={"au_model": '"svm"'}, **BEFORE),
    ),
    case(
        FindingKind.UNDECIDED,
        timed(0.96, SHAKY),
        timed(0.8, SHAKY),
        "Not decided, invocations per side that would",
        against=timed(1.0, SHAKY, **BEFORE),
        asks=True,
    ),
    case(
        FindingKind.CONFOUNDED,
        timed(0.8, driver="600.1", torch="2.15.0"),
        timed(0.8, driver="600.1"),
        "confounded by torch stack (2.11.0+cu128 -> 2.15.0), driver (580.159.04 -> 600.1)",
        against=timed(1.0, **BEFORE),
        asks=True,
    ),
    case(
        FindingKind.ATTRIBUTED,
        timed(0.8, torch="2.15.0"),
        timed(0.8, torch="2.15.0", driver="600.1"),
        "only torch stack (2.11.0+cu128 -> 2.15.0) is known to differ",
        against=timed(1.0, **BEFORE),
    ),
    case(
        FindingKind.NEW_GROUND,
        [*timed(1.0), *timed(5.0, input="long")],
        [*timed(1.0), *timed(0.8, batch_size=32)],  # another batch of a known curve is a setting, not ground
        "New ground, without a counterpart in the baseline: long (472 frames)",
        against=timed(1.0, **BEFORE),
        asks=True,
    ),
    case(
        FindingKind.ONLY_BASELINE,
        timed(1.0),
        [*timed(1.0), *timed(5.0, input="long")],
        "Only in the baseline: 1 best setting on RTX 3090 (retinaface, long (472 frames))",
        against=[*timed(1.0, **BEFORE), *timed(5.0, input="long", **BEFORE)],
        asks=True,
    ),
    case(
        FindingKind.DETECTORS,
        [*timed(1.0), *timed(4.0, detector="img2pose")],
        [*timed(1.0), *timed(4.0, detector="img2pose", **BLACKWELL)],
        "retinaface is 4.0x as fast as img2pose.",
    ),
    case(
        FindingKind.BATCH_CURVE,
        curve(1.0, 0.5, 0.8),
        curve(1.0, 0.5, 0.51),
        "is slower at b=16 than at b=4 (11.1 against 6.9 ms/frame): 0.30 s more per call",
        asks=True,
    ),
    case(
        FindingKind.BATCH_CURVE,
        [make_row(batch_size=4, timed_s=[0.5]), make_row(batch_size=16, timed_s=[0.57])],
        [make_row(batch_size=4, timed_s=[0.5]), make_row(batch_size=16, timed_s=[0.55])],
        "0.070 s more per call",  # single timings differ by 11% in one of twenty identical pairs
        asks=True,
    ),
    case(
        FindingKind.HOST_BOUND,
        timed(1.0, gpu_utilization_median=0.3),
        timed(1.0, gpu_utilization_median=0.5),
        "busy less than half of the time: retinaface, short (72 frames), b=16, RTX 3090 30% "
        "(57% of a call is face detection)",
    ),
    case(
        FindingKind.DEVICE_BOUND,
        timed(1.0, gpu_utilization_median=0.95),
        timed(1.0, gpu_utilization_median=0.89),
        "The GPU is the limit",
    ),
    case(
        FindingKind.HEADROOM,
        curve(4.0, 2.0, 1.0, gpu_memory_used_peak_b=6 * 1024**3),
        curve(4.0, 2.0, 1.0, gpu_memory_used_peak_b=12 * 1024**3),
        "(24.0 GiB of memory, at most 6.0 GiB used): throughput still rose",
        asks=True,
    ),
    case(
        FindingKind.HEADROOM,
        curve(4.0, 2.0, 1.0),
        curve(4.0, 1.01, 1.0),
        "+100% from b=4 to b=16); untried: b=32, 64",
        asks=True,
    ),
    case(
        FindingKind.HEADROOM,
        curve(4.0, 2.0, 1.0),
        [*curve(4.0, 2.0, 1.0), make_row(batch_size=32, status="oom", reason="CUDA out of memory")],
        "untried",
        asks=True,
    ),
    case(
        FindingKind.HEADROOM,
        curve(2.0, 1.0, batches=(1, 4), **IMAGES),
        curve(4.0, 2.0, 1.0, **IMAGES),
        "b=8, 16",
        asks=True,
    ),
    case(FindingKind.NOISY, timed(1.0, SHAKY), timed(1.0), "±5.9% from 5 invocations, 13 would do", asks=True),
    case(
        FindingKind.FEW,
        timed(1.0)[:2],
        timed(1.0)[:3],
        "The only unit rests on fewer than 3 invocations: no interval",
        asks=True,
    ),
    case(
        FindingKind.THROTTLED,
        timed(1.0, throttled=True, throttle_reasons=["sw_thermal_slowdown"]),
        timed(1.0, throttle_reasons=["sw_thermal_slowdown"]),  # replaced after a cool-down
        "Throttled in spite of cool-downs (sw_thermal_slowdown): retinaface",
    ),
    case(
        FindingKind.FAILED,
        [make_row(status="oom", reason="CUDA out of memory")],
        [make_row(status="lost", attempt=1), make_row(attempt=2)],  # the last attempt counts
        "No number, oom (CUDA out of memory): retinaface",
    ),
    case(
        FindingKind.MISSING,
        [*timed(1.0), *timed(1.0, batch_size=4), *timed(1.0, **BLACKWELL)],
        [*timed(1.0), *timed(1.0, batch_size=4), *timed(1.0, **BLACKWELL), *timed(1.0, batch_size=4, **BLACKWELL)],
        "though elsewhere in the same run: retinaface, short (72 frames), b=4",
        asks=True,
    ),
    case(
        FindingKind.MISSING,
        [*timed(1.0), *timed(1.0, batch_size=4), *timed(1.0, **BLACKWELL)],
        [*timed(1.0), *timed(1.0, batch_size=4, **BLACKWELL)],  # an interchangeable sweep shares its cells out
        "Not measured on RTX PRO 6000",
        asks=True,
    ),
    case(
        FindingKind.MISSING,
        [*timed(1.0), *timed(1.0, batch_size=4), *timed(1.0, **BLACKWELL)],
        [
            *timed(1.0),
            *timed(1.0, batch_size=4),
            *timed(1.0, **BLACKWELL),
            make_row(batch_size=4, status="unsupported", reason="no kernels", order_index=None, **BLACKWELL),
        ],
        "Not measured on RTX PRO 6000",
        asks=True,
    ),
    case(
        FindingKind.STACK,
        timed(1.0),
        [make_row(status="lost")],
        "Stack: driver 580.159.04, torch 2.11.0+cu128",
    ),
]


@pytest.mark.parametrize("each", CASES)
def test_a_diagnosis_speaks_where_it_must(each: Case) -> None:
    (finding,) = of_kind(each.kind, *each.fires)
    assert each.says in finding.text
    assert finding.text.endswith(".")
    assert "\n" not in finding.text
    assert bool(finding.wanted) is each.asks


@pytest.mark.parametrize("each", CASES)
def test_a_diagnosis_is_silent_at_a_near_miss(each: Case) -> None:
    assert of_kind(each.kind, *each.near_miss) == []


TORCH_OOM = (
    "OutOfMemoryError: CUDA out of memory. Tried to allocate {0} MiB. GPU 0 has a total capacity of 23.69 GiB of which "
    "{1} is free. Including non-PyTorch memory, this process {2} has 23.10 GiB memory in use."
)
FAILURES = [
    make_row(batch_size=batch, invocation=number, status="oom", reason=TORCH_OOM.format(batch * 40.5, free, number))
    for batch, free in ((32, "1.20 GiB"), (64, "812.62 MiB"))
    for number in range(1, 6)
]


def test_failures_that_differ_in_their_numbers_alone_are_one_finding_with_one_example() -> None:
    (finding,) = of_kind(FindingKind.FAILED, FAILURES)
    assert finding.text.startswith(
        "No number, oom (such as: OutOfMemoryError: CUDA out of memory. Tried to allocate 1296"
    )
    assert finding.figures["units"] == 2
    assert len([each for each in document.build(FAILURES).remarks if each.kind == "failed"]) == 1
    other = make_row(batch_size=128, status="oom", reason="killed by the kernel's out-of-memory killer")
    assert len(of_kind(FindingKind.FAILED, [*FAILURES, other])) == 2


def test_every_kind_has_a_case() -> None:
    told = {each.values[0].kind for each in CASES}
    assert told == set(FindingKind) - {FindingKind.HEADLINE}


# -- rising curves: one-off cost or rate


def cause(rows: Sequence[Row], baseline: Sequence[Row] = ()) -> set[object]:
    return {finding.figures["cause"] for finding in of_kind(FindingKind.BATCH_CURVE, rows, baseline)}


def test_the_same_excess_on_two_lengths_is_a_one_off_cost() -> None:
    assert cause([*curve(2.0, 1.0, 2.2), *curve(8.0, 6.0, 7.2, input="long")]) == {"one-off cost"}


def test_an_excess_that_grows_with_the_frames_is_a_rate() -> None:
    long = 472 / 72 * 1.2
    assert cause([*curve(2.0, 1.0, 2.2), *curve(13.0, 6.0, 6.0 + long, input="long")]) == {"rate"}


def test_an_excess_between_the_two_is_not_separable() -> None:
    assert cause([*curve(2.0, 1.0, 2.2), *curve(13.0, 6.0, 9.0, input="long")]) == {"not separable here"}


MAC: dict[str, Any] = {**CPU, **IMPORTED, "hostname": "mac", "gpu_name": None}


def test_a_length_that_pays_far_more_speaks_against_a_one_off_cost() -> None:
    # py-feat's report of 2026-05-04 (f44ccb1): 16 images pay 40 s more at b=16, 72 frames 47 s and 472 frames 345 s
    times = {"multi-face": (10.99, 50.62), "short": (12.38, 59.43), "long": (82.55, 427.30)}
    rows = [
        make_row(batch_size=batch, input=clip, timed_s=[seconds], **MAC)
        for clip, pair in times.items()
        for batch, seconds in zip((1, 16), pair, strict=True)
    ]
    texts = {each.units[0]: each.text for each in of_kind(FindingKind.BATCH_CURVE, rows)}
    images = next(text for text in texts.values() if text.startswith("retinaface on 16 x multi_face.jpg"))
    assert "short (72 frames) pays 47 s per call too, but long (472 frames) 345 s" in images
    assert "one-off cost or rate: not separable here; to tell, measure 4 times the images" in images
    assert not any("that is a one-off cost" in text for text in texts.values())


def test_first_calls_prove_no_one_off_cost_against_a_length_that_pays_far_more() -> None:
    slow_start = [[3.2, 2.0, 2.0, 2.0]] * 3
    rows = [
        *curve(2.0, 1.0, batches=(1, 4)),
        *(make_row(batch_size=16, invocation=number, timed_s=times) for number, times in enumerate(slow_start, 1)),
    ]
    assert cause(rows) == {"one-off cost"}
    assert cause([*rows, *curve(9.0, 6.0, 9.0, input="long")]) == {"not separable here"}


def test_inputs_that_are_not_affected_alone_suggest_nothing() -> None:
    # f44ccb1 again: images of b=4 are four batches a call, and no other GPU or length shows the excess
    rows = [
        make_row(batch_size=batch, input=clip, timed_s=[seconds], **MAC)
        for clip, pair in {"multi-face": (12.17, 50.27), "short": (28.37, 28.10), "long": (184.91, 182.17)}.items()
        for batch, seconds in zip((1, 4), pair, strict=True)
    ]
    (finding,) = of_kind(FindingKind.BATCH_CURVE, rows)
    assert "short (72 frames), long (472 frames) not affected" in finding.text
    assert "one-off cost or rate: not separable here" in finding.text
    assert "suspected" not in finding.text


def test_two_targets_do_not_explain_each_other_as_two_lengths_do() -> None:
    assert cause([*curve(2.0, 1.0, 2.2), *curve(8.0, 6.0, 7.2, input="long", **BLACKWELL)]) == {"not separable here"}


def test_the_stages_that_grew_are_named_and_the_others_are_not() -> None:
    rows = [
        *timed(1.0, batch_size=4, stages_s={"decode": 0.1, "emotion": 0.9}),
        *timed(1.6, batch_size=16, stages_s={"decode": 0.12, "emotion": 1.48}),
    ]
    (finding,) = of_kind(FindingKind.BATCH_CURVE, rows)
    assert "grown stages: emotion +0.58 s" in finding.text
    assert "decode" not in finding.text


def test_a_clip_is_halved_to_tell_since_it_cannot_be_repeated() -> None:
    (finding,) = of_kind(FindingKind.BATCH_CURVE, curve(2.0, 1.0, 2.2))
    assert [wanted.settings for wanted in finding.wanted] == [
        {"batch_size": (4, 16)},
        {"batch_size": (4, 16), "frame_limit": (36,)},
    ]


def test_a_noise_floor_above_the_rise_silences_it() -> None:
    target = str(RTX3090["target_id"])
    floor = Calibration(
        target_id=target, sd=0.1, half_width=0.6, invocations=5, cells=1, measured_at="2026-05-01", pairs=()
    )
    rows = curve(1.0, 0.5, 0.8)
    assert FindingKind.BATCH_CURVE in {each.kind for each in found(rows).findings}
    assert FindingKind.BATCH_CURVE not in {each.kind for each in found(rows, calibrations={target: floor}).findings}


# -- best settings and headline


def test_the_smallest_of_the_tied_batches_is_the_best() -> None:
    (best,) = found(curve(2.0, 1.02, 1.0)).best
    assert (best.unit.row.batch_size, best.tied) == (4, (4, 16))


def test_a_ratio_of_five_invocations_each_is_faster() -> None:
    diagnosis = found(timed(0.8), timed(1.0, **BEFORE))
    assert [str(pair.verdict) for pair in diagnosis.pairs] == ["FASTER"]
    assert diagnosis.headline is not None
    assert diagnosis.headline.text.startswith("1.25x as fast as before over 1 best setting (1 FASTER); ")


def test_realtime_is_measured_by_the_clips_own_frame_rate() -> None:
    headline = found(timed(1.2)).headline
    assert headline is not None
    assert headline.text.startswith("Highest throughput 60.0 fps, 2.0x realtime at 30.00 fps")


def test_realtime_counts_the_seconds_of_clip_that_the_analysed_frames_stand_for() -> None:
    every_18th = dataclasses.replace(inputs.CATALOGUE["short"], name="short-skip18", skip_frames=18)
    headline = found(timed(9.6, input=every_18th, section_label="short-skip18 (4 frames)", input_fps=None)).headline
    assert headline is not None
    assert "0.42 fps, 0.25x realtime at 30.00 fps" in headline.text  # 72 frames at 30 Hz are 2.4 s, analysed in 9.6 s
    assert headline.figures["realtime"] == pytest.approx(0.25, rel=1e-4)


def test_realtime_is_unknown_where_nothing_tells_how_many_frames_were_skipped() -> None:
    headline = found(timed(1.75, **IMPORTED, frames=4, section_label="short-skip18 (4 frames)")).headline
    assert headline is not None
    assert "realtime" not in headline.text


def test_the_highest_throughput_is_that_of_any_unit_though_a_smaller_batch_is_as_good() -> None:
    headline = found([*timed(0.73, batch_size=4), *timed(0.72, batch_size=16)]).headline
    assert headline is not None
    assert headline.text.startswith("Highest throughput 100.0 fps, ")
    assert "b=16" in headline.text


def test_the_headline_counts_ratios_apart_from_what_has_none() -> None:
    svm, xgb = (functools.partial(timed, 1.0, work={"au_model": f'"{name}"'}, input="long") for name in ("svm", "xgb"))
    headline = found([*timed(1.0), *xgb()], [*timed(1.25, **BEFORE), *svm(**BEFORE)]).headline
    assert headline is not None
    assert headline.text.startswith("1.25x as fast as before over 1 best setting (1 FASTER), 1 NOT COMPARABLE; ")
    alone = found(xgb(), svm(**BEFORE)).headline
    assert alone is not None
    assert alone.text.startswith("No ratio to before: 1 NOT COMPARABLE; highest throughput ")


def test_images_have_no_realtime() -> None:
    headline = found(timed(1.6, **IMAGES)).headline
    assert headline is not None
    assert headline.text.startswith("Highest throughput 10.0 images/s (")
    assert "realtime" not in headline.figures


def test_hosts_with_other_software_are_told_apart_in_the_stack() -> None:
    shelf = {**SHELF, **BLACKWELL, "torch": "2.15.0"}
    (finding,) = of_kind(FindingKind.STACK, [*timed(1.0), *timed(1.0, **shelf)])
    assert "torch 2.11.0+cu128 (box), 2.15.0 (shelf)" in finding.text


# -- words


def test_some_of_several_are_named_with_their_verb() -> None:
    one, two = (timed(1.0, SHAKY, batch_size=batch) for batch in (1, 4))
    assert of_kind(FindingKind.NOISY, one)[0].text.startswith("The only unit is noisier than")
    assert of_kind(FindingKind.NOISY, [*one, *timed(1.0)])[0].text.startswith("1 of 2 units is noisier than")
    assert of_kind(FindingKind.NOISY, [*one, *two, *timed(1.0)])[0].text.startswith("2 of 3 units are noisier than")
    assert of_kind(FindingKind.FEW, [make_row(), make_row(batch_size=1)])[0].text.startswith("All 2 units rest on")


def test_a_confounded_ratio_is_a_sentence() -> None:
    (finding,) = of_kind(
        FindingKind.CONFOUNDED, timed(0.8, driver=None, torch="2.15.0", pyfeat="2.2.0"), timed(1.0, **BEFORE)
    )
    assert finding.text.startswith("The only ratio is confounded by torch stack (")
    assert "(unknown on a side at least: driver)" in finding.text
    (finding,) = of_kind(FindingKind.ATTRIBUTED, timed(0.8, torch="2.15.0"), timed(1.0, **BEFORE))
    assert finding.text.startswith("In the only ratio only torch stack (")


def test_a_batch_that_is_no_power_of_two_is_explained() -> None:
    (finding,) = of_kind(FindingKind.HEADROOM, curve(4.0, 2.0, 1.0, batches=(4, 16, 64)))
    assert finding.text.endswith("untried: b=72 (all of short (72 frames)).")


def test_headroom_of_one_model_of_gpu_is_one_finding_that_asks_for_every_target() -> None:
    rows = [*curve(4.0, 2.0, 1.0), *curve(4.4, 2.2, 1.0, **SHELF, **{**RTX3090, "target_id": "GPU-b"})]
    (finding,) = of_kind(FindingKind.HEADROOM, rows)
    assert finding.text.startswith("Headroom on RTX 3090 of box, RTX 3090 of shelf (24.0 GiB of memory, ")
    assert "(retinaface short (72 frames) +100% to +120% from b=4 to b=16)" in finding.text
    assert len({wanted.unit.row.target_id for wanted in finding.wanted}) == 2


FOUR = [
    {**host, **gpu, "target_id": f"GPU-{host['hostname']}-{name}", "gpu_uuid": f"GPU-{host['hostname']}-{name}"}
    for host in (BOX, SHELF)
    for name, gpu in (("old", RTX3090), ("new", BLACKWELL))
]


def test_many_targets_with_one_order_of_detectors_are_one_finding_per_input_in_the_order_of_the_tables() -> None:
    rows = [
        row
        for target in FOUR
        for clip in ("long", "multi-face", "short")
        for detector, seconds in (("retinaface", 1.0), ("img2pose", 4.0))
        for row in timed(seconds, detector=detector, input=clip, **target)
    ]
    texts = [each.text for each in of_kind(FindingKind.DETECTORS, rows)]
    order = "retinaface, then img2pose on all 4 targets, retinaface 4.0x as fast as img2pose."
    assert texts == [
        f"On {clip}: {order}" for clip in ("short (72 frames)", "long (472 frames)", "16 x multi_face.jpg")
    ]


def test_targets_with_another_order_of_detectors_are_told_apart() -> None:
    other = FOUR[0]["target_id"]
    rows = [
        row
        for target in FOUR
        for detector, seconds in (("retinaface", 1.0), ("img2pose", 0.5 if target["target_id"] == other else 4.0))
        for row in timed(seconds, detector=detector, **target)
    ]
    (finding,) = of_kind(FindingKind.DETECTORS, rows)
    assert "img2pose, then retinaface on RTX 3090 of box, img2pose 2.0x as fast as" in finding.text
    assert "retinaface, then img2pose on RTX PRO 6000 Blackwell of box, " in finding.text


def test_a_host_with_both_gpus_parts_them_from_the_host() -> None:
    before = timed(1.0, **{**FOUR[2], **BEFORE})  # the 3090 of shelf
    (finding,) = of_kind(FindingKind.CONFOUNDED, timed(0.5, **FOUR[1]), before)
    assert "gpu, host come with the machine and cannot be separated" in finding.text
    other, finding = of_kind(FindingKind.CONFOUNDED, [*timed(0.5, **FOUR[1]), *timed(0.9, **FOUR[0])], before)
    assert "gpu (GPU-shelf-old -> GPU-box-old)" in other.text  # one model, two specimens: each host has its own
    assert "cannot be separated" not in finding.text
    assert "box has both GPUs, and measured on both parts gpu from host" in finding.text


# -- odd stores

ODD: list[tuple[str, Callable[[], list[Row]]]] = [
    ("no rows", list),
    ("one row", lambda: [make_row()]),
    ("nothing measured", lambda: [make_row(status="lost"), make_row(status="oom", batch_size=4)]),
    ("no frames", lambda: [make_row(frames=None)]),
    ("all context unknown", lambda: [make_row(hostname=None, host_id=None, gpu_name=None, torch=None, driver=None)]),
    ("a processor", lambda: curve(4.0, 2.0, 1.0, **CPU)),
    ("unicode and length", lambda: [make_row(detector="検出器" * 200, section_label="<script>|\n")]),
]


@pytest.mark.parametrize("rows", [each[1] for each in ODD], ids=[each[0] for each in ODD])
def test_what_is_found_in_an_odd_store_is_said_in_one_line_on_either_side(rows: Callable[[], list[Row]]) -> None:
    for sides in ((rows(), []), (rows(), timed(1.0, **BEFORE)), (timed(1.0), rows())):
        findings = found(*sides).findings
        assert findings or sides == ([], [])  # a single row alone has something to say: it is a single measurement
        for finding in findings:
            assert len(finding.text) < 3000
            assert "\n" not in finding.text
