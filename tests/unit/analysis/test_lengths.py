"""Clips that were measured at several lengths."""

import dataclasses

import pytest

from featray.analysis import lengths, units
from featray.analysis.lengths import LengthSeries
from featray.core.row import Row
from tests.support.builders import CPU, make_row
from tests.support.clip_lengths import MIB, make_rows_of_lengths, of_length


def gather(rows: list[Row]) -> list[LengthSeries]:
    return lengths.gather(units.gather(rows))


def test_the_lengths_of_a_clip_are_one_series_the_shortest_first() -> None:
    (series,) = gather(make_rows_of_lengths(lengths=(1152, 72, 36)))
    assert series.frames == (36, 72, 1152)
    assert series.clip == "single_face.mp4"


def test_what_differs_in_more_than_the_length_is_another_series() -> None:
    rows = make_rows_of_lengths(lengths=(72, 288)) + make_rows_of_lengths(lengths=(72, 288), batch_size=4)
    assert [series.first.row.batch_size for series in gather(rows)] == [16, 4]
    assert not gather([make_row(), make_row(input="long"), make_row(input="multi-face")])


def test_imports_and_replays_have_no_lengths() -> None:
    rows = make_rows_of_lengths()
    assert not gather([dataclasses.replace(row, replayed="store") for row in rows])
    assert not gather([dataclasses.replace(row, asked=None, source_file="a.md") for row in rows])


def test_start_up_rate_and_curvature_are_recovered() -> None:
    (series,) = gather(make_rows_of_lengths(curvature_s=4e-6))
    calls = series.calls
    assert calls
    assert calls.curvature_s
    assert calls.processes == 5
    for figure, truth in ((calls.startup_s, 0.8), (calls.frame_s, 0.012), (calls.curvature_s, 4e-6)):
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low < truth < figure.high


def bent(**changes: object) -> list[Row]:
    """Rows of two lengths on a curve: a straight line through them starts below 0."""
    return make_rows_of_lengths(startup_s=0.05, curvature_s=1e-5, lengths=(288, 1152), **changes)  # type: ignore[arg-type]


def test_a_start_up_below_zero_cannot_be_and_is_no_fit() -> None:
    (series,) = gather(bent())
    assert series.calls is None
    assert series.reason == "the lengths do not lie on a line, which would start below 0; measure three lengths or more"


def test_a_curve_that_starts_below_zero_is_no_fit_either() -> None:
    rows = make_rows_of_lengths(startup_s=-0.5)
    (series,) = gather(rows)
    assert series.calls is None
    assert series.reason == "the lengths do not lie on a curve, which would start below 0"


def test_a_length_without_a_number_is_named() -> None:
    failed = [of_length(make_row(status="oom", timed_s=None, invocation=number), 1152) for number in range(1, 6)]
    (series,) = gather([*make_rows_of_lengths(lengths=(72, 288)), *failed])
    assert (series.frames, series.without_number) == ((72, 288), (1152,))
    assert gather(failed) == []


def test_lengths_of_different_processes_are_not_fitted() -> None:
    rows = [dataclasses.replace(row, process=f"{row.process} {row.frames}") for row in make_rows_of_lengths()]
    (series,) = gather(rows)
    assert series.calls is None
    assert series.reason == "no process measured every length"


def test_memory_of_the_process_and_of_the_gpu_are_fitted_apart() -> None:
    (series,) = gather(make_rows_of_lengths(frame_b=0.02 * MIB))
    assert series.memory
    assert series.gpu_memory
    assert series.gpu_memory.frame_b.value == pytest.approx(0.02 * MIB, rel=1e-3)
    assert series.memory.frame_b.low is not None
    assert series.memory.frame_b.high is not None
    assert series.memory.frame_b.low < 0.02 * MIB < series.memory.frame_b.high


def test_a_cpu_has_no_memory_of_a_gpu() -> None:
    (series,) = gather(make_rows_of_lengths(**CPU))
    assert series.memory
    assert series.gpu_memory is None


def test_the_best_piece_pays_start_up_and_curvature_alike() -> None:
    (series,) = gather(make_rows_of_lengths(startup_s=0.9, curvature_s=1e-5, noise=0.0))
    assert series.calls
    assert lengths.best_piece(series.calls) == 300  # sqrt(0.9 / 1e-5)
    (straight,) = gather(make_rows_of_lengths())
    assert straight.calls
    assert lengths.best_piece(straight.calls) is None


def test_a_looped_clip_is_as_much_film_as_it_plays() -> None:
    (unit,) = units.gather([of_length(make_row(timed_s=[2.4]), 288)])  # 9.6 s at 30 Hz
    assert unit.realtime == pytest.approx(4.0)
