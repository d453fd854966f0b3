"""Device ratios: one device of a host against another."""

import datetime
from collections.abc import Sequence
from typing import Any

from featray.analysis.diagnosis import Finding, FindingKind
from featray.core.row import Row
from tests.support import apple_reports
from tests.support.builders import BLACKWELL, CPU, RTX3090, SHELF, STARTED
from tests.support.findings import (
    find,
    make_case,
    make_curve,
    make_unit_rows,
)

CASES = [
    make_case(
        FindingKind.DEVICES,
        [*make_unit_rows(1.0), *make_unit_rows(4.0, **CPU)],
        [*make_unit_rows(1.0), *make_unit_rows(4.0, **{**SHELF, "device": "cpu", "target_id": "cpu@id-shelf"})],
        "On box, RTX 3090 is 4.0x as fast as CPU, each at its best batch (retinaface 4.0x).",
    ),
]


def the(rows: Sequence[Row]) -> Finding:
    (finding,) = find(FindingKind.DEVICES, rows)
    return finding


def test_each_detector_has_its_range_over_the_inputs() -> None:
    times = {("retinaface", "short"): 14.0, ("retinaface", "long"): 12.0, ("img2pose", "short"): 3.5}
    rows = [
        row
        for (detector, clip), slow in times.items()
        for row in (
            *make_unit_rows(1.0, detector=detector, input=clip),
            *make_unit_rows(slow, detector=detector, input=clip, **CPU),
        )
    ]
    finding = the(rows)
    assert (
        "RTX 3090 is 3.5x to 14x as fast as CPU, each at its best batch (img2pose 3.5x, retinaface 12x to 14x)"
        in finding.text
    )
    assert finding.figures["pairs"] == 3


def test_each_device_is_taken_at_its_own_best_batch() -> None:
    finding = the([*make_curve(4.0, 2.0, 1.0), *make_curve(8.0, 16.0, 32.0, **CPU)])
    assert "is 8.0x as fast" in finding.text
    assert finding.text.endswith("With equal settings it is faster in all 3 cells.")


def test_cells_in_which_the_faster_device_is_slower_are_named() -> None:
    finding = the([*make_curve(4.0, 2.0, 1.0), *make_curve(3.0, 16.0, 32.0, **CPU)])
    slower = "is slower in 1 (retinaface, short (72 frames), b=1, RTX 3090)"
    assert finding.text.endswith(f"With equal settings it is faster in 2 of 3 cells and {slower}.")


def test_the_faster_device_comes_first_whatever_its_kind() -> None:
    assert "CPU is 2.0x as fast as RTX 3090" in the([*make_unit_rows(2.0), *make_unit_rows(1.0, **CPU)]).text


def test_two_models_of_gpu_are_two_devices() -> None:
    finding = the([*make_unit_rows(2.0), *make_unit_rows(1.0, **BLACKWELL)])
    assert "RTX PRO 6000 Blackwell is 2.0x as fast as RTX 3090" in finding.text


def test_two_gpus_of_one_model_are_one_device() -> None:
    twin = {**RTX3090, "target_id": "GPU-twin", "gpu_uuid": "GPU-twin"}
    finding = the([*make_unit_rows(1.0), *make_unit_rows(1.1, **twin), *make_unit_rows(4.4, **CPU)])
    assert "is 4.0x to 4.4x as fast as CPU" in finding.text


def test_measurements_of_a_report_are_shown_as_not_decided() -> None:
    finding = the(apple_reports.make_rows(apple_reports.M5_MAX))
    assert finding.text == (
        "On mac, Apple M5 Max (mps) measured 5.2x to 55x the speed of CPU, each at its best batch (img2pose 5.2x to "
        "6.0x, retinaface 13x to 14x, Detectorv2 multitask 35x to 55x); not decided (imported from reports). "
        "With equal settings it took less time in all 24 cells."
    )


def test_undecided_pairs_are_left_out_of_the_range() -> None:
    rows = [
        *make_unit_rows(1.0),
        *make_unit_rows(4.0, **CPU),
        *make_unit_rows(1.0, input="long"),
        *make_unit_rows(9.0, (1.0, 1.0), input="long", **CPU),
    ]
    finding = the(rows)
    assert "is 4.0x as fast as CPU" in finding.text
    assert "Not decided: 1 of 2 best settings (fewer than 3 invocations)." in finding.text


def test_other_work_on_the_other_device_has_no_ratio() -> None:
    faces: dict[str, Any] = {"faces": 70, "fex_rows": 70}
    assert find(FindingKind.DEVICES, [*make_unit_rows(1.0), *make_unit_rows(4.0, **CPU, **faces)]) == []


def test_a_device_whose_cells_were_all_measured_again_under_another_name_of_its_gpu() -> None:
    before: dict[str, Any] = {"run_id": "demo-0", "started_at": STARTED - datetime.timedelta(days=1)}
    unnamed = [*make_unit_rows(0.5, gpu_name="", **before), *make_unit_rows(4.0, **CPU, **before)]
    finding = the([*unnamed, *make_unit_rows(1.0)])
    assert "as fast as CPU" in finding.text
