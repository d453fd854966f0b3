"""github-action-benchmark: entries with a time, its range, and a name that says what was measured where."""

import dataclasses
import json
from typing import Any

import pytest

from featray.core import cell as cells
from featray.core import identity
from featray.core.row import Row
from featray.interchange import github_action, pyfeat_markdown
from tests.support import pyfeat_reports
from tests.support.builders import RTX3090, make_cell, make_row, make_rows


def entries(rows: list[Row]) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = json.loads(github_action.write(rows))
    return written


def names(rows: list[Row]) -> list[str]:
    return [entry["name"] for entry in entries(rows)]


def variant(**keywords: Any) -> Row:
    """Make a row of retinaface with keywords that a sweep has changed."""
    one = make_cell()
    detector = dataclasses.replace(one.detector, keywords={**one.detector.keywords, **keywords})
    changed = dataclasses.replace(one, detector=detector)
    asked = identity.canonical(cells.to_asked(changed))
    return dataclasses.replace(make_row(), cell_id=cells.cell_id(changed), asked=asked)


def test_an_entry_is_the_geometric_mean_of_the_invocations_and_its_interval_in_ms_per_frame() -> None:
    # 72 frames in 0.72, 1.44 and 1.44 s: 10, 20 and 20 ms/frame, geometric mean 4000^(1/3) = 15.874. Logs: sd
    # ln(2)/sqrt(3) = 0.4002, times t(2 df, 95%) 4.3027 over sqrt(3): 0.99413; 15.874 * sinh(0.99413) = 18.52.
    rows = make_rows([0.72, 1.44, 1.44])
    (entry,) = json.loads(github_action.write(rows, {rows[0].key()[:3]: "FASTER 1.20x"}))
    assert entry == {
        "name": "box NVIDIA GeForce RTX 3090 short retinaface cuda b=16",
        "unit": "ms/frame",
        "value": 15.874011,
        "range": "\u00b1 18.5",
        "extra": f"FASTER 1.20x\nrun demo-1\ninvocations 3\ntarget {RTX3090['target_id']}",
    }


def test_a_range_is_an_interval_or_left_out() -> None:
    assert "range" not in entries(make_rows([0.72, 1.44]))[0]
    assert "range" not in entries(make_rows([0.72]))[0]
    imported = pyfeat_markdown.parse(pyfeat_reports.markdown(), "run", "run.md").rows
    assert not any("range" in entry for entry in entries(list(imported)))


def test_a_unit_without_a_timing_is_left_out() -> None:
    assert entries([make_row(status="oom")]) == []


def test_an_attempt_that_a_later_one_replaced_is_left_out() -> None:
    (entry,) = entries([make_row(timed_s=[7.2]), make_row(timed_s=[0.72], attempt=2)])
    assert entry["value"] == pytest.approx(10.0)


def test_threads_and_environments_are_in_the_name() -> None:
    entry_names = names(
        [make_row(threads=1), make_row(threads=4), make_row(environment="old", requirements=["torch==2.5"])]
    )
    short = "box NVIDIA GeForce RTX 3090 short retinaface cuda b=16"
    assert entry_names == [f"{short} old", f"{short} t=1", f"{short} t=4"]


def test_changed_keywords_of_a_detector_are_in_the_name_also_where_no_other_entry_shares_it() -> None:
    start = "box NVIDIA GeForce RTX 3090 short retinaface"
    assert names([variant(au_model="svm")]) == [f"{start} au_model=svm cuda b=16"]
    assert names([variant(au_model="svm", gaze_model=None), make_row()]) == [
        f"{start} au_model=svm gaze_model=null cuda b=16",
        f"{start} cuda b=16",
    ]


def test_two_equal_gpus_of_one_host_have_their_ids_in_the_name() -> None:
    other = {**RTX3090, "target_id": "GPU-other", "gpu_uuid": "GPU-other"}
    short = "box NVIDIA GeForce RTX 3090 short retinaface cuda b=16"
    assert names([make_row(), make_row(**other)]) == [
        f"{short} target=GPU-a3090000-0000-4000-8000-000000000086",
        f"{short} target=GPU-other",
    ]


def test_runs_are_entries_of_their_own() -> None:
    run_entries = entries([make_row(run_id="r1", timed_s=[0.72]), make_row(run_id="r2", timed_s=[1.44])])
    assert [(entry["name"].rpartition(" ")[2], entry["value"]) for entry in run_entries] == [
        ("run=r1", pytest.approx(10.0)),
        ("run=r2", pytest.approx(20.0)),
    ]


def test_settings_that_differ_between_cells_of_one_name_are_in_the_name() -> None:
    entry_names = names([make_row(), make_row(delay_s_per_frame=0.01)])
    assert [name.rpartition(" ")[2] for name in entry_names] == ["delay_s_per_frame=0.0", "delay_s_per_frame=0.01"]
