"""Rows of real GPUs, kept: what was built on made readings holds for them too. It needs no GPU.

An H100 and an H200 on 2026-11-27, synthetic weights; one process for each unit, so that nothing of speed is decided.
"""

import json
import shutil
from pathlib import Path

import pytest

from featray import compare, recommend, report, store
from featray.core.row import Row
from featray.measurement import telemetry
from tests.gpu import summary

FOLDER = Path(__file__).with_name("recorded")
RECORDED = FOLDER / "h100-2026-11-27.parquet"
SPEED = "gpu-speed-20261127-101727-e2e4"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("h100")
    (folder / "rows").mkdir()
    shutil.copy(RECORDED, folder / "rows")
    return folder


@pytest.fixture(scope="module")
def rows(results: Path) -> list[Row]:
    return list(store.read(results).rows)


def test_every_row_is_of_the_gpu_that_was_asked_for_and_says_that_its_weights_are_synthetic(rows: list[Row]) -> None:
    assert sorted(row.status for row in rows) == ["ok"] * 14 + ["oom"] + ["skipped"] * 2
    assert {row.weights for row in rows} == {"synthetic"}
    assert {(row.gpu_name, row.gpu_uuid == row.target_id) for row in rows} == {("NVIDIA H100 80GB HBM3", True)}


def test_the_energy_counter_agrees_with_power_over_time(rows: list[Row]) -> None:
    lines = {line.what: line for line in summary.lines(rows)}
    assert lines["energy / (power x time)"].verdict is True
    assert lines["time in no stage"].verdict is True
    assert lines["throttling"].verdict is True


def test_a_gpu_that_waits_keeps_its_clock_so_that_nothing_counts_as_throttled(rows: list[Row]) -> None:
    measured = [row for row in rows if row.status == "ok"]
    assert min(row.gpu_utilization_median or 1.0 for row in measured) < 0.2
    assert {row.sm_clock_median_hz for row in measured} == {row.sm_clock_max_hz for row in measured} == {1.98e9}
    assert not telemetry.THROTTLING_REASONS.intersection(*(row.throttle_reasons or () for row in measured))


def test_the_network_of_detectorv2_ran_in_bfloat16_unless_it_was_asked_not_to(rows: list[Row]) -> None:
    precisions = {row.detector: (row.work or {})["precision"] for row in rows if row.status == "ok"}
    assert precisions == {
        "img2pose": '"float32"',
        "detectorv2": '"float32, multitask bfloat16"',
        "detectorv2[amp=true]": '"float32, multitask bfloat16"',
        "detectorv2[amp=false]": '"float32"',
    }


def test_the_report_says_that_the_gpu_waits_for_the_host(results: Path) -> None:
    text = str(report(SPEED, results=str(results)).text)
    assert "The GPU is busy less than half of the time and waits for the host: img2pose" in text
    assert "synthetic weights" in text


def test_four_processes_that_share_the_gpu_are_recommended(results: Path) -> None:
    (best,) = recommend(detector="detectorv2", results=str(results)).to_frame().to_dict("records")
    assert (best["batch_size"], best["processes"], best["mps_daemon"]) == (16, 4, True)


def test_one_process_on_each_side_decides_nothing(results: Path) -> None:
    pairs = compare("mps-20261127-102252-ea18", over="processes", results=str(results)).to_frame()
    assert set(pairs["verdict"]) == {"INCONCLUSIVE"}
    assert sorted(pairs["ratio"].round(2)) == [0.36, 0.6]


@pytest.fixture(scope="module")
def later_rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    folder = tmp_path_factory.mktemp("h200")
    (folder / "rows").mkdir()
    shutil.copy(FOLDER / "h200-2026-11-27.parquet", folder / "rows")
    return list(store.read(folder).rows)


def test_four_detectors_leave_little_time_outside_their_stages(later_rows: list[Row]) -> None:
    profiled = [row for row in later_rows if row.stages_s]
    assert {row.detector for row in profiled} == {"detectorv2", "img2pose", "mpdetector", "retinaface"}
    lines = {line.what: line for line in summary.lines(later_rows)}
    assert lines["time in no stage"].verdict is True
    assert lines["NVML's peak - torch's, a process"].verdict is True
    assert lines["UUID asked = seen"].verdict is True


def test_a_compiled_detector_starts_later(later_rows: list[Row]) -> None:
    first = {row.detector: row.first_call_s or 0.0 for row in later_rows if row.sweep == "gpu-compiled"}
    assert first["detectorv2[amp=false,compile=true]"] > 10 * first["detectorv2[amp=false]"]


def test_an_average_of_the_driver_is_of_the_call_once_its_span_has_passed() -> None:
    trace = json.loads((FOLDER / "h200-telemetry.json").read_text(encoding="utf-8"))["readings"]
    begun_s = next(reading["at_s"] for reading in trace if reading["utilization"] > 0)
    early = [reading for reading in trace if 0 <= reading["at_s"] - begun_s < telemetry.UTILIZATION_SPAN_S]
    assert min(reading["utilization"] for reading in early) < 0.1
    assert min(reading["power_w"] for reading in early) < 100
    ages = [(reading["at_s"] - begun_s, reading) for reading in trace]
    assert min(reading["utilization"] for age_s, reading in ages if age_s >= telemetry.UTILIZATION_SPAN_S) >= 0.9
    assert min(reading["power_w"] for age_s, reading in ages if age_s >= telemetry.POWER_SPAN_S) > 680
    halfway_w = [reading["power_w"] for age_s, reading in ages if 0.3 <= age_s <= 0.5]
    assert max(halfway_w) < 450  # the GPU draws 690 W all the time
