"""Cell fields: what each may hold, and how a wrong value is named."""

from typing import Any

import pytest

from featray.core import cell, cell_fields
from tests.support.builders import make_cell

ASKED = cell.to_asked(make_cell())


@pytest.mark.parametrize("part", ["", "detector", "input"])
def test_a_cell_as_it_was_written_has_no_fault(part: str) -> None:
    assert cell_fields.find_fault(part, ASKED if part == "" else ASKED[part]) is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"batch_size": True}, "batch_size: expected a whole number from 1 to 1000000, got true"),
        ({"batch_size": 1_000_001}, "batch_size: expected a whole number from 1 to 1000000, got 1000001"),
        ({"num_workers": -1}, "num_workers: expected a whole number from 0 to 1024, got -1"),
        ({"threads": 0}, "threads: expected a whole number from 1 to 1024 or null, got 0"),
        ({"weights": "own"}, 'weights: expected pretrained, synthetic, got "own"'),
        ({"environment": 3}, "environment: expected text or null, got 3"),
        ({"requirements": "torch"}, 'requirements: expected a list of texts, got "torch"'),
        ({"env": {"A": 1}}, 'env: expected names with texts, got {"A": 1}'),
        ({"delay_s_per_frame": 61}, "delay_s_per_frame: expected a number from 0 to 60, got 61"),
        ({"delay_s_per_frame": float("nan")}, "delay_s_per_frame: expected a number from 0 to 60, got NaN"),
    ],
)
def test_a_setting_out_of_bounds_is_named(change: dict[str, Any], fault: str) -> None:
    assert cell_fields.find_fault("", ASKED | change) == fault


@pytest.mark.parametrize(
    ("part", "change", "fault"),
    [
        (
            "detector",
            {"class_name": "Detector v3"},
            'detector.class_name: expected Detectorv1, MPDetector, Detectorv2, package.module:Class, got "Detector v3"',
        ),
        ("detector", {"keywords": {"a": [1]}}, 'detector.keywords: expected names with plain values, got {"a": [1]}'),
        ("input", {"fps": 0}, "input.fps: expected a number above 0 or null, got 0"),
        ("input", {"kind": "audio"}, 'input.kind: expected video, images, got "audio"'),
        ("input", {"paths": ["/a.mp4"]}, "input: expected either 'packaged' or 'paths', and not both"),
        ("input", {"packaged": None}, "input: expected either 'packaged' or 'paths', and not both"),
    ],
)
def test_a_wrong_field_of_a_part_is_named_with_its_part(part: str, change: dict[str, Any], fault: str) -> None:
    assert cell_fields.find_fault(part, ASKED[part] | change) == fault


def test_a_part_that_is_no_mapping_is_named() -> None:
    assert cell_fields.find_fault("input", []) == "input: expected a mapping, got []"


def test_a_long_value_is_cut() -> None:
    assert cell_fields.shown("x" * 100) == '"' + "x" * 56 + "..."
    assert len(cell_fields.shown("x" * 100)) == cell_fields.SHOWN_LENGTH


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Detectorv1", True), ("lab.fast:Detector", True), ("Detectorv3", False), ("lab.fast", False), (3, False)],
)
def test_a_class_is_py_feats_or_has_its_package(name: object, expected: bool) -> None:
    assert cell_fields.is_class(name) is expected
