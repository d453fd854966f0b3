"""Unit wording: what sentences call a unit, its speed and its status."""

import json
from typing import Any

import pytest

from featray.analysis import unit_wording, units
from featray.core.row import NO_TARGET
from tests.support.builders import RTX3090, SHELF, make_row
from tests.support.followups import gather_one


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({}, "retinaface, short (72 frames), b=16, RTX 3090"),
        ({"num_workers": 2, "threads": 4}, "retinaface, short (72 frames), b=16, w=2, t=4, RTX 3090"),
        ({"environment": "nightly"}, "retinaface, short (72 frames), b=16, nightly, RTX 3090"),
        ({"input": "multi-face"}, "retinaface, 16 x multi_face.jpg, b=16, RTX 3090"),
        ({"target_id": NO_TARGET, "status": "infeasible"}, "retinaface, short (72 frames), b=16"),
    ],
)
def test_a_unit_is_named_by_its_settings_and_target(columns: dict[str, Any], name: str) -> None:
    assert unit_wording.unit(gather_one(make_row(**columns))) == name


def test_a_unit_is_named_by_the_variables_that_its_sweep_set() -> None:
    asked = {**json.loads(make_row().asked or ""), "env": {"OMP_NUM_THREADS": "4", "NVIDIA_TF32_OVERRIDE": "0"}}
    unit = gather_one(make_row(asked=json.dumps(asked)))
    assert unit_wording.unit(unit) == "retinaface, short (72 frames), b=16, NVIDIA_TF32_OVERRIDE=0, RTX 3090"


def test_equal_gpus_of_two_hosts_are_named_with_their_host() -> None:
    other = {**SHELF, **RTX3090, "target_id": "GPU-b"}
    names = [unit_wording.unit(unit) for unit in units.gather([make_row(), make_row(**other)])]
    assert [name.rpartition(", ")[2] for name in names] == ["RTX 3090 of box", "RTX 3090 of shelf"]


def test_units_of_two_runs_on_one_target_are_named_with_their_run() -> None:
    elsewhere = make_row(run_id="b", **{**SHELF, **RTX3090, "target_id": "GPU-b"})
    gathered, _ = units.gather_sides([make_row(run_id="a"), make_row(run_id="b"), elsewhere], [make_row(run_id="c")])
    assert [unit_wording.unit(unit).rpartition(", ")[2] for unit in gathered] == [
        "RTX 3090 of box in run a",
        "RTX 3090 of box in run b",
        "RTX 3090 of shelf",
    ]


def test_a_clip_is_measured_in_frames_and_a_list_in_images() -> None:
    clip, images = (gather_one(make_row(timed_s=[1.0], input=name)) for name in ("short", "multi-face"))
    assert unit_wording.rate(clip) == "72.0 fps"
    assert unit_wording.rate(images) == "16.0 images/s"
    assert unit_wording.detector_speed(clip) == "retinaface 72.0 fps (b=16)"
    assert unit_wording.per_frame(images, images) == "62.5 against 62.5 ms/image"


def test_a_status_comes_with_its_reason_in_one_line() -> None:
    row = make_row(status="oom", reason="CUDA\nout of memory")
    assert unit_wording.status(row) == "oom: CUDA out of memory"
    assert unit_wording.status(make_row(status="lost")) == "lost"
    assert unit_wording.status(make_row(timed_s=None)) == "ok without a time"
    assert len(unit_wording.status(make_row(status="failed", reason="x" * 500), 40)) == 40
