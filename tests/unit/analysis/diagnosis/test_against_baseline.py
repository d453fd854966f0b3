"""Against the baseline: the headline and the pairs."""

import dataclasses
import functools

import pytest

from featray.analysis import units
from featray.analysis.comparison import Noise
from featray.analysis.diagnosis import Finding, against_baseline, diagnose
from featray.core import inputs
from featray.core.row import Row
from tests.support.builders import make_row
from tests.support.findings import BEFORE, IMAGES, IMPORTED, STEADY, diagnose_rows, make_unit_rows
from tests.support.sides import STILL


def test_a_ratio_of_five_invocations_each_is_faster() -> None:
    diagnosis = diagnose_rows(make_unit_rows(0.8), make_unit_rows(1.0, **BEFORE))
    assert [str(pair.verdict) for pair in diagnosis.pairs] == ["FASTER"]
    assert diagnosis.headline is not None
    assert diagnosis.headline.text.startswith("1 best setting against before: 1 faster, 1.25x as fast. ")


def make_sides(*factors: float, invocations: int = 5) -> tuple[list[Row], list[Row]]:
    """Make a best setting per factor, each on an input of its own, and the baseline's that take a second a call."""
    names = ("short", "long", "multi-face", "single-face")[: len(factors)]
    sides = [
        [
            row
            for name, seconds in zip(names, times, strict=True)
            for row in make_unit_rows(seconds, STEADY[:invocations], input=name, **changes)
        ]
        for times, changes in ((factors, {}), ([1.0] * len(factors), BEFORE))
    ]
    return sides[0], sides[1]


def headline_of(*sides: list[Row], noise: Noise = STILL) -> Finding:
    headline = diagnose_rows(*sides, noise=noise).headline
    assert headline is not None
    return headline


def test_the_range_is_that_of_the_decided_pairs_and_the_undecided_are_counted() -> None:
    headline = headline_of(*make_sides(0.8, 0.5, 1.0, 0.975))
    assert headline.text.startswith(
        "4 best settings against before: 2 faster, 1 equivalent, 1 undecided; where decided, 1.00x to 2.00x as fast. "
    )
    assert (headline.figures["pairs"], headline.figures["decided"]) == (4, 3)
    assert headline.figures["speedup_high"] == pytest.approx(2.0)


def test_a_measured_range_without_a_verdict_is_no_fact() -> None:
    headline = headline_of(*make_sides(0.8, 0.5, invocations=1))
    assert headline.text.startswith("2 best settings against before: measured 1.25x to 2.00x, none decided. ")
    assert "speedup_high" not in headline.figures
    assert headline.figures["measured_high"] == pytest.approx(2.0)


def test_a_difference_that_may_be_chance_counts_as_undecided() -> None:
    units_of = units.gather_sides(*make_sides(0.8, 0.5))
    pairs = [dataclasses.replace(pair, dagger=index == 0) for index, pair in enumerate(diagnose(*units_of).pairs)]
    headline = against_baseline.headline(units_of[0], pairs, units_of[1])
    assert headline is not None
    assert ": 1 faster, 1 undecided; where decided, " in headline.text


def test_the_throughput_is_that_of_the_longest_clip_although_another_is_faster() -> None:
    headline = headline_of([*make_unit_rows(0.36), *make_unit_rows(4.72, input="long")])
    assert headline.text.startswith("Setting to use on the longest clip: 100.0 fps, 4.2x realtime at 23.98 fps (")
    assert "long (472 frames)" in headline.text
    assert headline.figures["throughput_of"] == "longest clip"


def test_the_throughput_is_that_of_sustained_runs_where_they_were_measured() -> None:
    rates = [100.0, 92.0, 90.0, 90.0]
    headline = headline_of([*make_unit_rows(0.72, sustained_hz=rates), *make_unit_rows(4.0, input="long")])
    assert headline.text.startswith("Sustained throughput: 90.0 fps, 3.0x realtime at 30.00 fps (")
    assert "short (72 frames)" in headline.text
    assert headline.figures["frames_per_s"] == pytest.approx(90)
    assert headline.figures["throughput_of"] == "sustained runs"


def test_realtime_is_measured_by_the_clips_own_frame_rate() -> None:
    headline = diagnose_rows(make_unit_rows(1.2)).headline
    assert headline is not None
    assert headline.text.startswith("Setting to use on the longest clip: 60.0 fps, 2.0x realtime at 30.00 fps")


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


def test_the_headline_names_the_setting_to_use_although_a_larger_batch_is_as_fast() -> None:
    headline = diagnose_rows([*make_unit_rows(0.73, batch_size=4), *make_unit_rows(0.72, batch_size=16)]).headline
    assert headline is not None
    assert headline.text.startswith("Setting to use on the longest clip: 98.6 fps, ")
    assert "b=4" in headline.text


def test_what_ran_out_of_memory_is_not_named_although_it_is_the_fastest() -> None:
    fast = make_unit_rows(0.36, batch_size=16)
    failing = [
        row if row.invocation > 3 else make_row(batch_size=16, status="oom", invocation=row.invocation) for row in fast
    ]
    diagnosis = diagnose_rows([*make_unit_rows(0.72, batch_size=4), *failing])
    assert diagnosis.headline is not None
    assert "b=4" in diagnosis.headline.text
    assert [best.unit.row.batch_size for best in diagnosis.best] == [4]


def test_the_headline_counts_pairs_without_a_ratio_separately() -> None:
    svm, xgb = (
        functools.partial(make_unit_rows, 1.0, work={"au_model": f'"{name}"'}, input="long") for name in ("svm", "xgb")
    )
    headline = diagnose_rows([*make_unit_rows(1.0), *xgb()], [*make_unit_rows(1.25, **BEFORE), *svm(**BEFORE)]).headline
    assert headline is not None
    assert headline.text.startswith(
        "2 best settings against before: 1 faster, 1 not comparable; where decided, 1.25x as fast. "
    )
    alone = diagnose_rows(xgb(), svm(**BEFORE)).headline
    assert alone is not None
    assert alone.text.startswith("1 best setting against before: 1 not comparable. Setting to use ")


def test_images_have_no_realtime() -> None:
    headline = diagnose_rows(make_unit_rows(1.6, **IMAGES)).headline
    assert headline is not None
    assert headline.text.startswith("Setting to use on the most images: 10.0 images/s (")
    assert "realtime" not in headline.figures
