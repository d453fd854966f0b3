"""Recommendation: the smallest of the equally fast settings, with cautions."""

import json

import pytest

from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.analysis.advice.recommendation import Constraints, Recommendation
from featray.analysis.comparison import CALIBRATION, Calibration
from featray.core.row import Row
from featray.errors import NothingMatches
from tests.support.builders import BLACKWELL, CPU, RTX3090, SHELF, make_row, make_rows

GIB = 2**30


def recommended(rows: list[Row], constraints: Constraints | None = None) -> Recommendation:
    (only,) = recommendation.recommend(units.gather(rows), constraints or Constraints())
    return only


def sentences(recommendation: Recommendation) -> list[str]:
    return [caution.sentence for caution in recommendation.cautions]


def test_of_equally_fast_batches_the_smallest_is_recommended() -> None:
    rows = [make_row(batch_size=16, timed_s=[0.72]), make_row(batch_size=4, timed_s=[0.73])]
    rows.append(make_row(batch_size=1, timed_s=[1.5]))
    advice = recommended(rows)
    assert advice.best.unit.row.batch_size == 4
    assert advice.best.tied == (4, 16)
    assert advice.best.frames_per_s == pytest.approx(72 / 0.73)


def test_a_batch_beyond_the_margin_is_not_equally_fast() -> None:
    advice = recommended([make_row(batch_size=16, timed_s=[0.72]), make_row(batch_size=4, timed_s=[0.75])])
    assert advice.best.unit.row.batch_size == 16
    assert advice.best.tied == (16,)


def test_other_detectors_and_places_are_runners_up() -> None:
    rows = [
        make_row(timed_s=[0.8]),
        make_row(detector="img2pose", timed_s=[2.0]),
        make_row(**BLACKWELL, timed_s=[0.5]),
    ]
    advice = recommended(rows)
    assert advice.best.unit.row.gpu_name == BLACKWELL["gpu_name"]
    assert [setting.unit.row.detector for setting in advice.runners_up] == ["retinaface", "img2pose"]


def test_constraints_narrow_the_choice() -> None:
    rows = [make_row(timed_s=[0.1]), make_row(**{**SHELF, **CPU}, timed_s=[9.0])]
    assert recommended(rows, Constraints(host="shelf")).best.unit.row.device == "cpu"
    assert recommended(rows, Constraints(device="cpu")).best.unit.row.hostname == "shelf"
    assert recommended(rows, Constraints(detector="retinaface")).best.unit.row.device == "cuda"


def test_a_constraint_that_nothing_meets_is_named_with_what_was_measured() -> None:
    with pytest.raises(NothingMatches, match=r"detector 'retinafac'; expected retinaface.*Did you mean 'retinaface'"):
        recommended([make_row()], Constraints(detector="retinafac"))
    with pytest.raises(NothingMatches, match="nothing was measured yet"):
        recommendation.recommend([])


def test_a_memory_limit_leaves_out_larger_settings_and_counts_unknown_ones() -> None:
    rows = [
        make_row(batch_size=64, timed_s=[0.5], gpu_memory_used_peak_b=20 * GIB),
        make_row(batch_size=16, timed_s=[0.7], gpu_memory_used_peak_b=7 * GIB),
        make_row(batch_size=4, timed_s=[0.6]),
    ]
    advice = recommended(rows, Constraints(memory_limit_b=8 * GIB))
    assert advice.best.unit.row.batch_size == 16
    assert "1 setting is left out because its memory use is unknown" in sentences(advice)
    with pytest.raises(NothingMatches, match=r"fits into 1\.0 GiB; the smallest needs 7\.0 GiB"):
        recommended(rows, Constraints(memory_limit_b=GIB))


def test_synthetic_weights_count_only_if_nothing_else_was_measured() -> None:
    synthetic = make_row(weights="synthetic", timed_s=[0.1])
    assert recommended([synthetic, make_row(timed_s=[0.7])]).best.unit.row.weights == "pretrained"
    assert "synthetic weights: times are indicative" in sentences(recommended([synthetic]))


def test_a_single_measurement_has_a_caution() -> None:
    assert sentences(recommended([make_row()])) == ["only 1 invocation, so there is no interval"]


def test_overlapping_intervals_have_a_caution() -> None:
    rows = make_rows([0.70, 0.72, 0.74]) + make_rows([0.71, 0.73, 0.75], detector="img2pose")
    assert sentences(recommended(rows)) == ["1 other setting may be as fast: its interval overlaps with this one's"]
    rows += make_rows([0.71, 0.73, 0.75], detector="mpdetector")
    assert sentences(recommended(rows)) == ["2 other settings may be as fast: their intervals overlap with this one's"]
    apart = make_rows([0.70, 0.72, 0.74]) + make_rows([7.1, 7.3, 7.5], detector="img2pose")
    assert recommended(apart).cautions == ()


def test_measured_settings_come_before_imported_ones() -> None:
    imported = make_row(
        asked=None,
        source_file="old.md",
        work=None,
        timed_s=[0.5],
        run_id="old",
        target_id="cuda:X@other",
        hostname="other",
    )
    measured = make_rows([0.70, 0.71, 0.72])
    advice = recommended([imported, *measured])
    assert advice.best.unit.row.hostname == "box"
    assert [setting.unit.row.hostname for setting in advice.runners_up] == ["other"]
    assert sentences(advice) == ["1 imported setting is faster according to a report"]
    assert recommended([imported]).best.unit.row.hostname == "other"


def test_a_noise_floor_widens_what_is_equally_fast() -> None:
    target = str(RTX3090["target_id"])
    floor = Calibration(
        target_id=target, sd=0.05, half_width=0.1, invocations=5, cells=1, measured_at="2026-05-01", pairs=()
    )
    gathered = units.gather([make_row(batch_size=16, timed_s=[0.72]), make_row(batch_size=4, timed_s=[0.77])])
    (advice,) = recommendation.recommend(gathered, calibrations={target: floor})
    assert advice.best.tied == (4, 16)
    (advice,) = recommendation.recommend(gathered)
    assert advice.best.tied == (16,)


def test_a_calibration_among_the_units_gives_their_noise_floor() -> None:
    shaky = make_rows([0.9, 1.1] * 5, sweep=CALIBRATION, run_id="calibrate-1", input="long")
    rows = [make_row(batch_size=16, timed_s=[0.72]), make_row(batch_size=4, timed_s=[0.75])]
    by_input = {each.input: each for each in recommendation.recommend(units.gather([*shaky, *rows]))}
    assert by_input["short"].best.tied == (4, 16)


def test_of_two_runs_of_a_cell_the_later_counts() -> None:
    rows = [
        make_row(run_id="old", timed_s=[0.1], started_at="2026-01-01T00:00:00.000+00:00"),
        make_row(run_id="new", timed_s=[0.7], started_at="2026-02-01T00:00:00.000+00:00"),
        make_row(run_id="failed", status="oom", timed_s=None, started_at="2026-03-01T00:00:00.000+00:00"),
    ]
    assert recommended(rows).best.unit.row.run_id == "new"


def test_each_input_has_a_recommendation_of_its_own() -> None:
    rows = [make_row(), make_row(input="long"), make_row(input="multi-face")]
    assert [each.input for each in recommendation.recommend(units.gather(rows))] == ["short", "long", "multi-face"]


def test_two_variants_of_one_name_are_never_mixed() -> None:
    old, new = (
        make_row(cell_id=name, asked=json.dumps({"n": name}), timed_s=[s]) for name, s in (("a", 0.5), ("b", 1.0))
    )
    advice = recommended([old, new])
    assert advice.best.unit.row.cell_id == "a"
    assert advice.best.frames_per_s == pytest.approx(72 / 0.5)
    assert [setting.unit.row.cell_id for setting in advice.runners_up] == ["b"]


def test_times_with_an_injected_delay_are_not_recommended() -> None:
    with pytest.raises(NothingMatches, match="nothing was measured"):
        recommended([make_row(delay_s_per_frame=0.01)])
