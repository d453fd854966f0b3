"""Inputs: frames of one call, and headings as in py-feat's reports."""

import dataclasses

import pytest

from featray.core import inputs
from featray.core.inputs import Input

SHORT, FACES = inputs.CATALOGUE["short"], inputs.CATALOGUE["multi-face"]


@pytest.mark.parametrize(
    ("changes", "frames"),
    [
        ({}, 72),
        ({"skip_frames": 18}, 4),
        ({"skip_frames": 17}, 5),  # frames 0, 17, 34, 51 and 68
        ({"frame_limit": 10}, 10),
        ({"frame_limit": 100}, 72),
        ({"frame_limit": 10, "skip_frames": 4}, 3),  # frames 0, 4 and 8
        ({"copies": 3}, 72),  # a video is not repeated
    ],
)
def test_a_clip_gives_the_frames_that_limit_and_skip_leave(changes: dict[str, int], frames: int) -> None:
    assert dataclasses.replace(SHORT, **changes).frames == frames  # type: ignore[arg-type]  # numbers all


def test_images_are_repeated() -> None:
    assert FACES.frames == 16
    assert dataclasses.replace(FACES, source_frames=3, copies=4).frames == 12


def test_a_section_is_headed_as_in_py_feats_reports() -> None:
    assert SHORT.section_label == "short (72 frames)"
    assert FACES.section_label == "16 x multi_face.jpg = 80 faces"
    one = Input(name="mine", kind=inputs.IMAGES, paths=("/data/a.jpg",), source_frames=1, copies=2)
    assert one.section_label == "2 x a.jpg = 2 faces"
    two = dataclasses.replace(one, paths=("/data/a.jpg", "/data/b.jpg"), source_frames=2, faces=3)
    assert two.section_label == "4 x mine = 12 faces"
