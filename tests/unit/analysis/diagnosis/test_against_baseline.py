"""Against the baseline: the headline and the pairs."""

import dataclasses
import functools

import pytest

from featray.core import inputs
from tests.support.findings import BEFORE, IMAGES, IMPORTED, diagnose_rows, make_unit_rows


def test_a_ratio_of_five_invocations_each_is_faster() -> None:
    diagnosis = diagnose_rows(make_unit_rows(0.8), make_unit_rows(1.0, **BEFORE))
    assert [str(pair.verdict) for pair in diagnosis.pairs] == ["FASTER"]
    assert diagnosis.headline is not None
    assert diagnosis.headline.text.startswith("1.25x as fast as before for 1 best setting (1 FASTER). ")


def test_realtime_is_measured_by_the_clips_own_frame_rate() -> None:
    headline = diagnose_rows(make_unit_rows(1.2)).headline
    assert headline is not None
    assert headline.text.startswith("Highest throughput: 60.0 fps, 2.0x realtime at 30.00 fps")


def test_realtime_counts_skipped_frames_too() -> None:
    every_18th = dataclasses.replace(inputs.CATALOGUE["short"], name="short-skip18", skip_frames=18)
    headline = diagnose_rows(
        make_unit_rows(9.6, input=every_18th, section_label="short-skip18 (4 frames)", input_fps=None)
    ).headline
    assert headline is not None
    assert "0.42 fps, 0.25x realtime at 30.00 fps" in headline.text  # 72 frames at 30 Hz are 2.4 s, analysed in 9.6 s
    assert headline.figures["realtime"] == pytest.approx(0.25, rel=1e-4)


def test_realtime_is_unknown_if_the_number_of_skipped_frames_is_unknown() -> None:
    headline = diagnose_rows(
        make_unit_rows(1.75, **IMPORTED, frames=4, section_label="short-skip18 (4 frames)")
    ).headline
    assert headline is not None
    assert "realtime" not in headline.text


def test_the_highest_throughput_is_of_any_unit_although_a_smaller_batch_is_best() -> None:
    headline = diagnose_rows([*make_unit_rows(0.73, batch_size=4), *make_unit_rows(0.72, batch_size=16)]).headline
    assert headline is not None
    assert headline.text.startswith("Highest throughput: 100.0 fps, ")
    assert "b=16" in headline.text


def test_the_headline_counts_pairs_without_a_ratio_separately() -> None:
    svm, xgb = (
        functools.partial(make_unit_rows, 1.0, work={"au_model": f'"{name}"'}, input="long") for name in ("svm", "xgb")
    )
    headline = diagnose_rows([*make_unit_rows(1.0), *xgb()], [*make_unit_rows(1.25, **BEFORE), *svm(**BEFORE)]).headline
    assert headline is not None
    assert headline.text.startswith("1.25x as fast as before for 1 best setting (1 FASTER), 1 NOT COMPARABLE. ")
    alone = diagnose_rows(xgb(), svm(**BEFORE)).headline
    assert alone is not None
    assert alone.text.startswith("No ratio to before: 1 NOT COMPARABLE. Highest throughput: ")


def test_images_have_no_realtime() -> None:
    headline = diagnose_rows(make_unit_rows(1.6, **IMAGES)).headline
    assert headline is not None
    assert headline.text.startswith("Highest throughput: 10.0 images/s (")
    assert "realtime" not in headline.figures
