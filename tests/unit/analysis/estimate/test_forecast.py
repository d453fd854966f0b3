"""What one worker will do with some footage."""

import dataclasses
import datetime
import json
import math
from typing import Any

import pytest

from featray.analysis import units
from featray.analysis.advice.constraints import NO_CONSTRAINTS
from featray.analysis.estimate import footage, forecast
from featray.analysis.estimate.footage import Footage
from featray.analysis.estimate.forecast import Forecast
from featray.core import cell, identity, inputs
from featray.core.row import Row
from tests.support import clip_lengths
from tests.support.builders import make_cell, make_rows
from tests.support.clip_lengths import make_rows_of_lengths

SHORT = footage.of_hours(0.001, clip_minutes=1, fps=20, faces_per_frame=1.0)  # 72 frames, as the clip of the rows


def of(rows: list[Row], films: Footage = SHORT) -> Forecast:
    return forecast.make(units.gather(rows), NO_CONSTRAINTS, films, confidence=0.95)


def rows(**columns: Any) -> list[Row]:
    """Five equal processes: 72 frames a second, one face in each frame."""
    return make_rows([1.0] * 5, faces_mean=1.0, **columns)


def assumptions(made: Forecast) -> str:
    return "; ".join(found.assumption for found in made.extrapolations)


def test_equal_footage_takes_the_measured_time_and_sessions_make_the_interval() -> None:
    made = of(rows())
    assert made.hz == pytest.approx(72.0)
    assert made.log_high == pytest.approx(2.1788 * 0.03 * math.sqrt(2), rel=1e-3)
    assert made.log_low == -made.log_high


def test_earlier_runs_of_the_same_cell_count_as_well_as_the_latest() -> None:
    """Of an H100: 206, then 235 frames per second, one process each; five films then went at 199."""
    runs = [
        make_rows(
            [72 / hz],
            run_id=f"run-{day}",
            started_at=datetime.datetime(2026, 11, day, tzinfo=datetime.UTC),
            faces_mean=1.0,
        )
        for day, hz in ((26, 206.0), (27, 235.0))
    ]
    both, latest = of([row for run in runs for row in run]), of(runs[1])
    assert latest.hz == pytest.approx(235.0)
    assert both.hz == pytest.approx(math.sqrt(206.0 * 235.0))
    assert both.hz * math.exp(-both.log_high) < 199.0
    other_work = [dataclasses.replace(row, work_id="other") for row in runs[0]]
    assert of([*other_work, *runs[1]]).hz == pytest.approx(235.0)


def test_an_interval_of_few_processes_is_said_to_go_by_an_assumed_spread() -> None:
    (caution,) = [said for said in of(make_rows([1.0], faces_mean=1.0)).cautions if "invocation" in said]
    assert caution == (
        "Only 1 invocation, so the interval goes by an assumed spread of 4% between processes. Measure at least 3 "
        "invocations."
    )
    runs = [make_rows([1.0], run_id=f"run-{number}", faces_mean=1.0) for number in range(3)]
    assert not [said for said in of([row for run in runs for row in run]).cautions if "invocation" in said]


def test_another_setting_that_has_too_few_invocations_is_still_named() -> None:
    larger = make_rows([0.5] * 2, batch_size=32, faces_mean=1.0)
    cautions = of([*rows(), *larger]).cautions
    assert [said for said in cautions if said.startswith("Batch 32 may be faster, but has fewer than 3 invocations")]


def test_a_film_pays_the_start_up_of_a_call_once_however_long_it_is() -> None:
    measured = make_rows_of_lengths(startup_s=2.0, frame_s=0.01, noise=0.0, faces_mean=1.0)
    long = footage.of_hours(1, clip_minutes=10, fps=25, faces_per_frame=1.0)  # 6 films of 15000 frames
    assert of(measured, long).frame_s == pytest.approx(0.01 + 2.0 / 15000, rel=0.03)
    assert of(measured, SHORT).frame_s == pytest.approx(0.01 + 2.0 / 72, rel=0.05)
    assert not of(measured, long).grows


def test_a_frame_that_takes_longer_needs_more_energy_at_the_same_power() -> None:
    crowd = dataclasses.replace(SHORT, faces_per_frame=4.0)
    usual, crowded = of(rows(energy_j=360.0)), of(rows(energy_j=360.0), crowd)
    assert usual.frame_j == pytest.approx(360 / 5 / 72)
    assert crowded.frame_j == pytest.approx(2 * 360 / 5 / 72)


def test_a_faster_setting_of_a_shorter_clip_is_named() -> None:
    """Batch 16 was measured on the clip of 72 frames alone, and is twice as fast there as batch 4 on the longer one."""
    longer = [clip_lengths.of_length(row, 288) for row in make_rows([8.0] * 5, batch_size=4, faces_mean=1.0)]
    made = of([*rows(), *longer])
    assert made.setting.unit.row.batch_size == 4
    assert "batch 16 did 72.0 fps on short (72 frames) and was not measured on" in assumptions(made)
    both = [*longer, *(clip_lengths.of_length(row, 288) for row in make_rows([9.0] * 5, faces_mean=1.0))]
    assert "was not measured on" not in assumptions(of([*rows(), *both]))


def test_the_start_is_import_load_and_what_the_first_call_takes_longer() -> None:
    assert of(rows(import_s=8.0, load_s=2.0, first_call_s=4.0)).start_s == pytest.approx(13.0)


def test_a_start_that_was_not_measured_is_said_to_count_as_nothing() -> None:
    made = of(rows(import_s=None, load_s=None, first_call_s=None))
    assert made.start_s is None
    assert "the time of the start is unknown and counts as 0" in assumptions(made)


def test_more_faces_lie_between_unchanged_and_proportional() -> None:
    crowd = dataclasses.replace(SHORT, faces_per_frame=4.0)
    made, usual = of(rows(), crowd), of(rows())
    assert made.frame_s == pytest.approx(2 * usual.frame_s)  # the geometric mean of 1 and 4
    assert made.frame_s * math.exp(made.log_low - usual.log_low) == pytest.approx(usual.frame_s)
    assert made.frame_s * math.exp(made.log_high - usual.log_high) == pytest.approx(4 * usual.frame_s)
    assert "the clip has 1.0 faces per frame and yours 4.0" in assumptions(made)


def test_a_frame_without_faces_takes_at_least_a_quarter_of_the_time_and_that_is_said() -> None:
    empty = dataclasses.replace(SHORT, faces_per_frame=0.0)
    made, usual = of(rows(), empty), of(rows())
    assert made.frame_s * math.exp(made.log_low - usual.log_low) == pytest.approx(0.25 * usual.frame_s)
    assert (
        "taken to lie between unchanged and proportional to the faces, but at least 0.25 times that of the clip, since "
        "every network runs also on a frame without a face"
    ) in assumptions(made)
    assert "at least 0.25" not in assumptions(of(rows(), dataclasses.replace(SHORT, faces_per_frame=0.5)))


def test_a_clip_without_faces_says_nothing_of_the_time_of_faces() -> None:
    made = of(make_rows([1.0] * 5, faces_mean=0.0), dataclasses.replace(SHORT, faces_per_frame=2.0))
    assert made.hz == pytest.approx(72.0)
    assert "has 0 faces per frame and yours 2.0; the time per frame is taken to stay the same" in assumptions(made)


def test_faces_that_nobody_named_are_said_to_be_unknown() -> None:
    made = of(rows(), dataclasses.replace(SHORT, faces_per_frame=None))
    assert made.hz == pytest.approx(72.0)
    assert (
        "how many faces a frame of your films has is not known; a frame of your films is taken to last as long as one "
        "of the measured clip with its 1.0 faces per frame"
    ) in assumptions(made)
    assert "name the faces per frame with `faces_per_frame=`" in "".join(e.remedy for e in made.extrapolations)


def test_a_clip_whose_faces_nobody_counted_is_said_to_stand_for_films_of_any() -> None:
    uncounted = make_rows([1.0] * 5, faces=None, faces_mean=None)
    assert (
        "how many faces a frame of the measured clip has is not known; a frame of your films with its 1.0 faces is "
        "taken to last as long as one of the clip"
    ) in assumptions(of(uncounted))
    unnamed = assumptions(of(uncounted, dataclasses.replace(SHORT, faces_per_frame=None)))
    assert "a frame of your films is taken to last as long as one of the measured clip" in unnamed
    assert "with its" not in unnamed


def test_films_without_faces_are_counted() -> None:
    made = of(rows(), dataclasses.replace(footage.of_hours(1, clip_minutes=6, fps=20), faces_per_frame=4.0))
    assert "of 10 films" not in assumptions(made)
    partly = dataclasses.replace(footage.of_hours(1, clip_minutes=6, fps=20), faces_per_frame=4.0)
    made = of(rows(), dataclasses.replace(partly, films_without_faces=3))
    assert (
        "the faces per frame of 3 of 10 films are unknown and taken to be the mean of the others, 4.0"
        in assumptions(made)
    )
    assert "the clip has 1.0 faces per frame and yours 4.0" in assumptions(made)


def test_a_longer_film_than_any_that_was_measured_is_an_extrapolation() -> None:
    long = footage.of_hours(1, clip_minutes=10, fps=25, faces_per_frame=1.0)
    assert "the longest measured call has 72 frames and your longest film 15000" in assumptions(of(rows(), long))
    assert "longest measured call" not in assumptions(of(rows()))


def test_a_sustained_run_gives_the_speed_and_leaves_nothing_to_assume() -> None:
    made = of(rows(sustained_hz=[72.0, 60.0, 60.0, 60.0]))
    assert made.hz == pytest.approx(60.0)
    assert made.extrapolations == ()


def test_repeated_calls_are_no_hours_of_work() -> None:
    (found,) = of(rows()).extrapolations
    assert "repeated calls on short (72 frames)" in found.assumption
    assert found.remedy == "measure with `sustained_s: 60`"


def test_frames_that_were_skipped_are_said_to_be_decoded() -> None:
    asked = {"input": {"skip_frames": 24, "faces": 1}}
    assert "only one frame in 24 was analysed" in assumptions(of(rows(asked=json.dumps(asked))))


def test_images_alone_are_said_to_stand_for_film() -> None:
    assert "only images were measured" in assumptions(of(rows(input="multi-face")))


def of_length(rows: list[Row]) -> str:
    """Give the advice for a film of 15,000 frames."""
    made = of(rows, footage.of_hours(1 / 6, clip_minutes=10, fps=25, faces_per_frame=1.0))
    return next(found.remedy for found in made.extrapolations if "longest measured call" in found.assumption)


def test_the_lengths_to_measure_count_frames_of_the_clip_before_any_are_skipped() -> None:
    assert "`frames: [72, 15000]`" in of_length(rows())
    clip = dataclasses.replace(inputs.CATALOGUE["short"], skip_frames=9)
    asked = identity.canonical(cell.to_asked(make_cell(input=clip)))
    skipping = [dataclasses.replace(row, asked=asked, frames=8) for row in rows()]
    assert of_length(skipping).endswith("`frames: [72, 135000]`, of which `skip_frames: 9` leaves 15000")


def test_a_list_of_images_gets_no_lengths_that_only_a_clip_can_have() -> None:
    assert of_length(rows(input="multi-face", frames=16)) == "measure a film as long as yours"
