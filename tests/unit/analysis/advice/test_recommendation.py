"""Recommendation: what is recommended for an input, what else is named, and in which order."""

import dataclasses
import datetime
import json
from collections.abc import Sequence
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.analysis.advice.constraints import NO_CONSTRAINTS, Constraints
from featray.analysis.advice.recommendation import Recommendation
from featray.core.row import Row
from featray.errors import NothingMatches
from tests.support.builders import BLACKWELL, CPU, SHELF, STARTED, make_joint_rows, make_row, make_rows, make_whole_rows

GIB = 2**30
IMPORTED: dict[str, Any] = {"asked": None, "source_file": "old.md", "work": None, "protocol": "pyfeat"}
LATER: dict[str, Any] = {"run_id": "later", "started_at": STARTED + datetime.timedelta(days=1)}


def recommended(rows: Sequence[Row], constraints: Constraints = NO_CONSTRAINTS) -> Recommendation:
    (advice,) = recommendation.recommend(units.gather(rows), constraints)
    return advice


def sentences(recommendation: Recommendation) -> list[str]:
    return [caution.sentence for caution in recommendation.cautions]


def steady(median_s: float, **columns: Any) -> list[Row]:
    """Make five invocations that lie within 1% of a median."""
    return make_rows([median_s * share for share in (0.99, 1.0, 1.01, 0.995, 1.005)], **columns)


def failing(rows: Sequence[Row], status: str, number: int) -> list[Row]:
    """Let the first invocations fail."""
    failed = [dataclasses.replace(row, status=status, timed_s=None, reason=status) for row in rows[:number]]
    return [*failed, *rows[number:]]


CASES: dict[str, tuple[list[Row], str]] = {
    "out of memory in 3 of 5": ([*steady(1.0), *failing(steady(0.2, batch_size=64), "oom", 3)], "b16"),
    "out of memory in 1 of 5": ([*steady(1.0), *failing(steady(0.2, batch_size=64), "oom", 1)], "b16"),
    "crashed in 1 of 5": ([*steady(1.0), *failing(steady(0.2, batch_size=64), "crashed", 1)], "b16"),
    "timed out in 1 of 5": ([*steady(1.0), *failing(steady(0.2, batch_size=64), "timeout", 1)], "b16"),
    "other work in 1 of 5": ([*steady(1.0), *failing(steady(0.2, batch_size=64), "wrong_work", 1)], "b16"),
    "lost in 1 of 5": ([*steady(1.0), *failing(steady(0.2, batch_size=64), "lost", 1)], "b64"),
    "a failure on the other GPU": ([*failing(steady(0.2, **BLACKWELL), "oom", 1), *steady(1.0)], "b16"),
    "everything failed once": (
        [*failing(steady(1.0), "crashed", 1), *failing(steady(0.2, batch_size=64), "oom", 1)],
        "b64",
    ),
    "a single timing": ([*steady(1.0), *make_rows([0.2], batch_size=64)], "b16"),
    "two timings": ([*steady(1.0), *make_rows([0.2, 0.2], batch_size=64)], "b16"),
    "single timings only": ([*make_rows([1.0]), *make_rows([0.2], batch_size=64)], "b64"),
    "a later row with pyfeat's protocol": ([*steady(1.0), *make_rows([0.2], protocol="pyfeat", **LATER)], "b16 demo-1"),
    "five rows with pyfeat's protocol": (
        [*steady(1.0), *steady(0.2, batch_size=64, protocol="pyfeat", **LATER)],
        "b16 demo-1",
    ),
    "an import": ([*steady(1.0), *make_rows([0.2], batch_size=64, **IMPORTED)], "b16"),
    "a later torch": ([*steady(0.2, torch="2.5.1"), *steady(1.0, **LATER)], "b16 later"),
    "a larger batch under an older torch": (
        [*steady(0.2, batch_size=64, torch="2.5.1"), *steady(1.0, **LATER)],
        "b16 later",
    ),
    "a later driver": ([*steady(0.2, batch_size=64, driver="570.1"), *steady(1.0, **LATER)], "b16 later"),
    "later not alone on the host": ([*steady(0.2, batch_size=64), *steady(1.0, exclusive="gpu", **LATER)], "b16 later"),
    "a later torch with a single timing": ([*steady(1.0, torch="2.5.1"), *make_rows([0.2], **LATER)], "b16 demo-1"),
    "another day, the same context": ([*steady(0.2, batch_size=64), *steady(1.0, **LATER)], "b64 demo-1"),
    "a tie": ([*steady(1.0), *steady(1.01, batch_size=4)], "b4"),
    "a tie on another day": ([*steady(1.0), *steady(1.01, batch_size=4, **LATER)], "b4 later"),
    "a GPU of another host": (
        [*steady(1.0), *steady(0.5, **{**SHELF, **BLACKWELL})],
        "b16 demo-1 shelf",
    ),
    "a CPU of another host": (
        [*steady(1.0), *steady(9.0, **{**SHELF, **CPU, "target_id": "cpu@id-shelf"})],
        "b16 demo-1 box",
    ),
    "a synthetic one": ([*steady(1.0), *steady(0.1, batch_size=64, weights="synthetic")], "b16"),
}


@pytest.mark.parametrize(("rows", "expected"), CASES.values(), ids=CASES)
def test_the_setting_that_can_be_trusted_is_recommended(rows: list[Row], expected: str) -> None:
    row = recommended(rows).best.unit.row
    assert f"b{row.batch_size} {row.run_id} {row.hostname}".startswith(expected)


def test_a_failed_setting_is_named_with_what_happened() -> None:
    advice = recommended([*steady(1.0), *failing(steady(0.2, batch_size=64), "oom", 3)])
    (failed,) = advice.failed
    assert (failed.unit.row.batch_size, len(failed.failures), failed.invocations) == (64, 3, 5)
    assert advice.cautions == ()


def test_a_recommended_setting_that_failed_has_a_caution() -> None:
    advice = recommended(failing(steady(1.0), "oom", 2))
    assert advice.failed == ()
    assert sentences(advice) == ["2 of 5 invocations failed (oom)"]


def test_a_setting_that_only_failed_is_named() -> None:
    rows = [make_row(batch_size=64, status="oom", invocation=number) for number in (1, 2)]
    assert [candidate.unit.row.batch_size for candidate in recommended([*steady(1.0), *rows]).failed] == [64]


def test_settings_that_failed_on_another_target_are_named_if_that_is_shown() -> None:
    rows = [*steady(0.5, **BLACKWELL), *steady(1.0), make_row(batch_size=64, status="oom")]
    (failed,) = recommended(rows).failed
    assert (failed.unit.row.batch_size, failed.unit.row.gpu_name) == (64, "NVIDIA GeForce RTX 3090")


def test_a_memory_limit_holds_for_the_longest_clip_too() -> None:
    def rows(clip: str, batch: int, median_s: float) -> list[Row]:
        memory = {"gpu_memory_used_peak_b": batch * GIB, "foreign_gpu_processes": 0}
        return steady(median_s, input=clip, batch_size=batch, **memory)

    measured = [*rows("short", 1, 1.0), *rows("long", 1, 8.0), *rows("long", 16, 1.0)]
    _, short = recommendation.recommend(units.gather(measured), Constraints(memory_limit_b=8 * GIB))
    assert short.best.sustained_hz == pytest.approx(472 / 8, rel=1e-3)


def test_of_variables_that_make_no_difference_none_is_set() -> None:
    asked = {**json.loads(make_row().asked or ""), "env": {"NVIDIA_TF32_OVERRIDE": "1"}}
    with_variable = [dataclasses.replace(row, asked=json.dumps(asked), cell_id="env") for row in steady(0.99)]
    best = recommended([*steady(1.0), *with_variable]).best
    assert best.unit.variables == {}
    assert [str(pair.verdict) for pair in best.equals] == ["EQUIVALENT"]


def test_a_faster_setting_with_too_few_invocations_is_named() -> None:
    advice = recommended([*steady(1.0), *make_rows([0.2], batch_size=64), *make_rows([1.9], batch_size=1)])
    assert sentences(advice) == ["batch 64 may be faster, but has fewer than 3 invocations"]


def test_faster_settings_with_too_few_invocations_are_named_in_full() -> None:
    rows = [*make_joint_rows([0.3], processes=5, batch_size=4), *make_rows([0.2], batch_size=64)]
    (caution,) = recommended([*steady(1.0), *rows]).cautions
    assert caution.sentence == (
        "batch 4, 5 processes side by side; batch 64 may be faster, but have fewer than 3 invocations"
    )
    assert caution.what_to_do == "Measure them in one sweep with this setting"
    (caution,) = recommended([*steady(1.0), *rows[:1]]).cautions
    assert caution.sentence == "batch 4, 5 processes side by side may be faster, but has fewer than 3 invocations"
    assert caution.what_to_do == "Measure it in one sweep with this setting"


def test_what_was_measured_before_a_change_is_named_as_older() -> None:
    advice = recommended([*steady(0.2, torch="2.5.1"), *steady(1.0, **LATER)])
    (older,) = advice.older
    assert [str(change) for change in older.older] == ["torch 2.5.1 -> 2.11.0+cu128"]
    outdated = recommended([*steady(1.0, torch="2.5.1"), *make_rows([0.2], **LATER)])
    (sentence,) = sentences(outdated)
    assert sentence.startswith(
        "measured before a change (torch 2.5.1 -> 2.11.0+cu128); since then nothing was measured 3"
    )
    assert outdated.older == ()


def test_other_detectors_and_places_are_runners_up_with_their_verdicts() -> None:
    rows = [
        *steady(0.8),
        *steady(2.0, detector="img2pose"),
        *steady(0.5, **BLACKWELL),
        *make_rows([0.4], detector="detectorv2"),
    ]
    advice = recommended(rows)
    assert advice.best.unit.row.gpu_name == BLACKWELL["gpu_name"]
    verdicts = [
        (setting.unit.row.detector, str(setting.against_best and setting.against_best.verdict))
        for setting in advice.runners_up
    ]
    assert verdicts == [("retinaface", "SLOWER"), ("img2pose", "SLOWER"), ("detectorv2", "INCONCLUSIVE")]


def test_a_single_measurement_has_a_caution() -> None:
    assert sentences(recommended([make_row()])) == ["only 1 invocation, so there is no interval"]


def test_settings_that_are_not_decided_against_the_best_have_a_caution() -> None:
    rows = make_rows([0.70, 0.72, 0.74]) + make_rows([0.76, 0.71, 0.72], detector="img2pose")
    assert sentences(recommended(rows)) == ["1 other setting may be as fast: the difference is not decided"]
    rows += make_rows([0.76, 0.71, 0.72], detector="mpdetector")
    assert sentences(recommended(rows)) == ["2 other settings may be as fast: the differences are not decided"]
    equal = make_rows([0.70, 0.72, 0.74]) + make_rows([0.701, 0.721, 0.741], detector="img2pose")
    assert recommended(equal).cautions == ()
    apart = make_rows([0.70, 0.72, 0.74]) + make_rows([7.1, 7.3, 7.5], detector="img2pose")
    assert recommended(apart).cautions == ()


def test_a_difference_to_another_detector_with_a_dagger_is_not_decided() -> None:
    barely = [1.0, 1.02, 1.08, 1.1, 1.06]
    alone = recommended([*steady(1.0), *make_rows(barely, detector="img2pose")])
    assert alone.cautions == ()
    equals = [row for name in "abcdefgh" for row in steady(1.001, detector=name)]
    among = recommended([*steady(1.0), *make_rows(barely, detector="img2pose"), *equals])
    (caution,) = among.cautions
    assert "img2pose" in [unit.row.detector for unit in caution.units]


def test_measured_settings_come_before_imported_ones() -> None:
    imported = make_row(**IMPORTED, timed_s=[0.5], run_id="old", target_id="cuda:X@other", hostname="other")
    advice = recommended([imported, *make_rows([0.70, 0.71, 0.72])])
    assert advice.best.unit.row.hostname == "box"
    assert [setting.unit.row.hostname for setting in advice.runners_up] == ["other"]
    assert sentences(advice) == ["1 imported setting is faster according to a report"]
    assert recommended([imported]).best.unit.row.hostname == "other"


def test_synthetic_weights_have_a_caution() -> None:
    assert "synthetic weights: times are indicative" in sentences(recommended(steady(0.1, weights="synthetic")))


def test_a_memory_limit_counts_what_is_unknown() -> None:
    def of_size(batch: int, size_b: int | None) -> Row:
        return make_row(batch_size=batch, timed_s=[1 / batch], gpu_memory_used_peak_b=size_b, foreign_gpu_processes=0)

    rows = [of_size(64, 20 * GIB), of_size(16, 7 * GIB), of_size(4, None)]
    advice = recommended(rows, Constraints(memory_limit_b=8 * GIB))
    assert advice.best.unit.row.batch_size == 16
    assert "1 setting is left out because its memory use is unknown" in sentences(advice)


def test_memory_of_others_is_not_counted_as_the_settings_own() -> None:
    busy = {"gpu_memory_used_peak_b": 20 * GIB, "foreign_gpu_processes": 1}
    rows = steady(1.0, gpu_memory_reserved_peak_b=3 * GIB, **busy)
    advice = recommended(rows, Constraints(memory_limit_b=8 * GIB))
    assert advice.best.memory is not None
    assert advice.best.memory.size_b == 3 * GIB
    assert sentences(recommended(steady(1.0, **busy)))[-1] == (
        "20.0 GiB of memory were in use on the GPU, other processes included; what the setting takes itself is unknown"
    )


def test_the_longest_clip_comes_first_then_images() -> None:
    rows = [make_row(), make_row(input="multi-face"), make_row(input="long")]
    inputs = [advice.input for advice in recommendation.recommend(units.gather(rows))]
    assert inputs == ["long", "short", "multi-face"]


def test_a_short_clip_has_the_speed_on_the_longest_clip_as_well() -> None:
    rows = [*steady(0.5), *steady(6.0, input="long", batch_size=4), *steady(4.0, input="multi-face")]
    long, short, images = recommendation.recommend(units.gather(rows))
    assert short.best.sustained_hz == pytest.approx(472 / 6, rel=1e-3)
    assert short.best.sustained_basis == "long (472 frames)"
    assert (long.best.sustained_hz, long.best.sustained_basis) == (long.best.frames_per_s, "long (472 frames)")
    assert (images.best.sustained_hz, images.best.sustained_basis) == (None, None)
    (alone,) = recommendation.recommend(units.gather(rows), Constraints(input="short"))
    assert alone.best.sustained_basis == "long (472 frames)"


def test_the_longest_clip_of_another_context_tells_nothing() -> None:
    rows = [*steady(0.5), *steady(6.0, input="long", torch="2.5.1", run_id="before")]
    _, short = recommendation.recommend(units.gather(rows))
    assert short.best.longest_clip is None


def test_a_sustained_run_gives_the_speed_and_its_decay() -> None:
    rows = [*steady(0.5, sustained_hz=[144.0, 120.0, 110.0, 108.0]), *steady(2.0, input="long")]
    _, short = recommendation.recommend(units.gather(rows))
    assert short.best.sustained_basis == "sustained run"
    assert short.best.frames_per_s == pytest.approx(110)
    assert short.best.speed.decay == pytest.approx(1 - 108 / 144, abs=1e-6)  # the last window counts


def test_another_detector_on_a_longer_clip_has_a_caution() -> None:
    rows = [
        *(row for clip, median_s in (("short", 0.5), ("long", 9.0)) for row in steady(median_s, input=clip)),
        *(
            row
            for clip, median_s in (("short", 0.7), ("long", 3.0))
            for row in steady(median_s, input=clip, detector="mpdetector")
        ),
    ]
    long, short = recommendation.recommend(units.gather(rows))
    assert (long.best.unit.row.detector, sentences(long)) == ("mpdetector", [])
    assert sentences(short) == ["for a longer clip, long (472 frames), mpdetector on RTX 3090 of box is recommended"]


def test_two_variants_of_one_name_are_never_mixed() -> None:
    old, new = (
        make_row(cell_id=name, asked=json.dumps({"n": name}), timed_s=[s]) for name, s in (("a", 0.5), ("b", 1.0))
    )
    advice = recommended([old, new])
    assert advice.best.unit.row.cell_id == "a"
    assert advice.best.frames_per_s == pytest.approx(72 / 0.5)
    assert [setting.unit.row.cell_id for setting in advice.runners_up] == ["b"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "nothing was measured yet. Submit a sweep first: `featray submit quickstart`"),
        ([make_row(status="oom")], "no setting has a speed (oom). `featray report` says why"),
        ([make_row(delay_s_per_frame=0.01)], "no setting has a speed (no times). `featray report` says why"),
    ],
)
def test_a_store_without_a_speed_says_what_to_do(rows: list[Row], message: str) -> None:
    with pytest.raises(NothingMatches) as wrong:
        recommended(rows)
    assert str(wrong.value) == message


def test_constraints_that_leave_only_failures_say_so() -> None:
    with pytest.raises(NothingMatches, match="no setting has a speed"):
        recommended([*steady(1.0), make_row(detector="img2pose", status="oom")], Constraints(detector="img2pose"))


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [*steady(1.0), *steady(1.01, batch_size=4), *steady(2.0, detector="img2pose")]
    rows += steady(0.2, torch="2.5.1", run_id="before", started_at=STARTED - datetime.timedelta(days=1))
    for ordered in (rows, rows[::-1]):
        advice = recommended(ordered)
        assert advice.best.unit.row.batch_size == 4
        assert [setting.unit.row.detector for setting in advice.runners_up] == ["img2pose"]
        assert [candidate.unit.row.run_id for candidate in advice.older] == ["before"]


def test_processes_side_by_side_are_recommended_where_they_do_more_together() -> None:
    advice = recommended([*steady(1.0), *make_joint_rows([0.6, 0.606, 0.594, 0.6, 0.6])])
    assert advice.best.unit.processes == 2
    assert advice.best.frames_per_s == pytest.approx(72 / 0.6, rel=0.01)


def test_one_process_is_recommended_where_two_do_no_more() -> None:
    advice = recommended([*steady(1.0), *make_joint_rows([1.0, 1.01, 0.99, 1.0, 1.0])])
    assert advice.best.unit.processes == 1
    assert [pair.candidate.processes for pair in advice.best.equals] + [advice.best.fastest.processes] != []


def test_a_setting_that_failed_on_all_gpus_at_the_same_time_is_named() -> None:
    together = failing(make_whole_rows([1.0] * 5), "oom", 5)
    (failed,) = recommended([*steady(1.0), *together]).failed
    assert failed.unit.gpus == 2
    assert recommended([*steady(1.0, **CPU), *together]).failed == ()
