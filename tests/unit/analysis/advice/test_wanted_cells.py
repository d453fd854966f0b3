"""Wanted cells: what a finding asks for, written in full."""

import json
from typing import Any

import pytest

from featray.analysis.advice import wanted_cells
from featray.analysis.diagnosis import WantedCells
from featray.core.cell import Cell
from featray.core.detectors import Keyword
from tests.support.builders import make_row
from tests.support.followups import gather_one


def resolve(columns: dict[str, Any], **changes: Any) -> list[Cell]:
    return wanted_cells.resolve(WantedCells(unit=gather_one(make_row(**columns)), reason="r", **changes))


def test_settings_are_varied_as_a_grid() -> None:
    cells = resolve({}, settings={"batch_size": (4, 16), "num_workers": (0, 2)})
    assert [(cell.batch_size, cell.num_workers) for cell in cells] == [(4, 0), (4, 2), (16, 0), (16, 2)]


def test_a_changed_input_has_a_name_of_its_own() -> None:
    (cell,) = resolve({"input": "multi-face"}, settings={"copies": (64,)})
    assert (cell.input.copies, cell.input.name) == (64, "multi-face-copies-64")


def test_requirements_make_an_environment() -> None:
    (cell,) = resolve({}, requirements=("torch==2.11.0",))
    assert cell.requirements == ("torch==2.11.0",)
    assert (cell.environment or "").startswith("torch-2.11.0-")


@pytest.mark.parametrize(
    ("variables", "env"),
    [
        (None, {"OMP_NUM_THREADS": "4", "X": "1"}),
        ({}, {"OMP_NUM_THREADS": "4"}),
        ({"X": "0"}, {"OMP_NUM_THREADS": "4", "X": "0"}),
    ],
)
def test_variables_replace_the_units_own_but_keep_its_threads(
    variables: dict[str, str] | None, env: dict[str, str]
) -> None:
    asked = json.loads(make_row().asked or "")
    asked["env"] = {"OMP_NUM_THREADS": "4", "X": "1"}
    (cell,) = resolve({"asked": json.dumps(asked)}, variables=variables)
    assert dict(cell.env) == env


@pytest.mark.parametrize(
    ("wanted", "call", "name"),
    [
        ({"pin_memory": False, "save": True}, {"call_threshold": 0.7, "save": True}, "retinaface[save=True]"),
        ({"pin_memory": False, "save": None}, {"call_threshold": 0.7}, "retinaface[usual call]"),
        ({"pin_memory": True}, {"call_threshold": 0.7, "pin_memory": True}, "retinaface"),  # as the unit has it
    ],
)
def test_settings_of_detect_replace_the_units_own_and_are_in_the_name(
    wanted: dict[str, Keyword], call: dict[str, Keyword], name: str
) -> None:
    asked = json.loads(make_row().asked or "")
    asked["detector"]["call"] = {"call_threshold": 0.7, "pin_memory": True}
    (cell,) = resolve({"asked": json.dumps(asked)}, call=wanted)
    assert (dict(cell.detector.call), cell.detector.name) == (call, name)


def test_a_class_that_the_pinned_release_lacks_is_left_out() -> None:
    release = {"asked": None, "work": None, "source_file": "a.md", "pyfeat": "0.7.0", "pyfeat_commit": None}
    assert resolve({"detector": "retinaface", **release}) == []
    assert [cell.detector.class_name for cell in resolve({"detector": "mpdetector", **release})] == ["MPDetector"]


@pytest.mark.parametrize("settings", [{"colour": ("red",)}, {"input": ("nowhere",)}, {"detector": ("nobody",)}])
def test_unknown_settings_give_no_cell(settings: dict[str, tuple[str, ...]]) -> None:
    assert resolve({}, settings=settings) == []


def test_a_unit_without_a_known_cell_gives_no_cell() -> None:
    assert resolve({"detector": "their own", "asked": None}) == []


@pytest.mark.parametrize(("frames", "expected"), [(36, (36, None)), (576, (None, 576))])
def test_a_length_is_cut_or_looped(frames: int, expected: tuple[int | None, int | None]) -> None:
    (cell,) = resolve({}, settings={"frame_limit": (frames,)})
    assert (cell.input.frame_limit, cell.input.looped_frames) == expected
    assert cell.input.frames == frames
