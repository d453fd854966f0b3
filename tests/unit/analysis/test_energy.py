"""Joules per frame and per face."""

import dataclasses

import pytest

from featray.analysis import energy, units
from featray.analysis.unit import Unit
from tests.support.builders import CPU, make_row, make_rows


def of(**columns: object) -> Unit:
    (unit,) = units.gather([make_row(**columns)])
    return unit


def test_the_energy_of_all_timed_calls_is_divided_by_their_frames() -> None:
    unit = of(timed_s=[1.0] * 5, energy_j=720.0)  # 5 calls of 72 frames
    assert energy.frame_j(unit) == pytest.approx(2.0)


def test_a_repeat_of_several_calls_counts_each_of_them() -> None:
    unit = of(timed_s=[1.0] * 5, energy_j=7200.0, calls_per_repeat=10)
    assert energy.frame_j(unit) == pytest.approx(2.0)


def test_faces_share_the_energy_of_their_frames() -> None:
    unit = of(timed_s=[1.0], energy_j=144.0, faces=144)
    assert energy.frame_j(unit) == pytest.approx(2.0)
    assert energy.face_j(unit) == pytest.approx(1.0)


def test_the_median_over_invocations_is_taken() -> None:
    rows = make_rows([1.0, 1.0, 1.0])
    rows = [dataclasses.replace(row, energy_j=360 * each) for row, each in zip(rows, (1.0, 2.0, 9.0), strict=True)]
    (unit,) = units.gather(rows)
    assert energy.frame_j(unit) == pytest.approx(2.0)


def test_energy_that_was_not_measured_is_unknown() -> None:
    assert energy.frame_j(of()) is None
    assert energy.face_j(of(energy_j=5.0, faces=0)) is None


def test_1000_hours_of_film_take_a_kwh_for_each_joule_per_frame_and_frame_per_second() -> None:
    unit = of(timed_s=[1.0], energy_j=144.0)  # 2 J per frame, 25 frames per second, whatever the clip has
    assert energy.film_kwh(unit) == pytest.approx(50.0)
    assert energy.kwh(7.2e6) == 2.0


def test_images_have_no_hours() -> None:
    assert energy.film_kwh(of(input="multi-face", timed_s=[1.0], energy_j=144.0)) is None


def test_the_idle_power_of_the_timed_seconds_is_subtracted() -> None:
    unit = of(timed_s=[1.0] * 5, energy_j=720.0, idle_power_w=36.0)  # 5 s at 36 W are 180 J of the 720
    assert energy.frame_j(unit) == pytest.approx(2.0)
    assert energy.above_idle_j(unit) == pytest.approx(1.5)
    assert energy.idle_w(unit) == 36.0


def test_every_call_of_a_repeat_takes_its_idle_time() -> None:
    unit = of(timed_s=[0.5] * 5, energy_j=3600.0, idle_power_w=36.0, calls_per_repeat=10)  # 25 s: 900 J
    assert energy.frame_j(unit) == pytest.approx(1.0)
    assert energy.above_idle_j(unit) == pytest.approx(0.75)


def test_without_the_idle_power_only_the_whole_energy_is_known() -> None:
    unit = of(timed_s=[1.0] * 5, energy_j=720.0)
    assert (energy.above_idle_j(unit), energy.idle_w(unit)) == (None, None)


def test_a_cpu_has_the_energy_of_its_processors() -> None:
    unit = of(timed_s=[1.0] * 5, cpu_energy_j=360.0, cpu_idle_power_w=18.0, energy_j=9.0, **CPU)
    assert energy.frame_j(unit) == pytest.approx(1.0)
    assert energy.above_idle_j(unit) == pytest.approx(0.75)
    gpu = of(timed_s=[1.0] * 5, cpu_energy_j=360.0)
    assert energy.frame_j(gpu) is None
