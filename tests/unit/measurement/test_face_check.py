"""Whether each call finds the frames and faces that it is to find."""

import dataclasses
from typing import Any

import pytest

from featray.core import inputs
from featray.measurement import outputs
from featray.measurement.face_check import FaceCheck
from featray.measurement.outcome import WrongWork
from featray.measurement.outputs import Output

CLIP = inputs.Input(
    name="own", kind=inputs.VIDEO, paths=("/a.mp4",), faces=None, source_frames=7, skip_frames=2, fps=30.0
)
"""Four frames: 0, 2, 4 and 6."""


def call(*faces: int, step: int = 2) -> Output:
    """Make the output of a call as py-feat does: a frame without a face has a row without a score."""
    rows: list[dict[str, Any]] = []
    for index, count in enumerate(faces):
        rows += [{"frame": index * step, "FaceScore": score} for score in [0.9] * count or [0.0]]
    return outputs.inspect(rows)


def checked(*calls: Output, clip: inputs.Input = CLIP, names_every_frame: bool = True) -> FaceCheck:
    check = FaceCheck(clip, names_every_frame=names_every_frame)
    for output in calls:
        check.check(output)
    return check


def test_the_first_call_fixes_the_faces_of_every_frame() -> None:
    assert checked(call(1, 2, 0, 1), call(1, 2, 0, 1)).columns([0.4, 0.8, 0.6]) == {
        "faces_min": 0,
        "faces_mean": 1.0,
        "faces_max": 2,
        "face_counts": [1, 1, 2, 1, 0, 1, 1, 1],
        "face_s": pytest.approx(0.15),  # 0.6 s for four faces
    }


def test_a_later_call_with_other_faces_is_wrong_work_also_where_the_sum_is_the_same() -> None:
    with pytest.raises(WrongWork) as caught:
        checked(call(1, 2, 0, 1), call(1, 0, 2, 1))
    assert str(caught.value) == (
        "found other numbers of faces than the first call in 2 of 4 frames, such as 0 instead of 2 in frame 2"
    )


def test_other_frames_than_planned_are_wrong_work() -> None:
    with pytest.raises(WrongWork, match="found 3 frames, planned were 4"):
        checked(call(1, 1, 1))
    with pytest.raises(WrongWork, match="found 4 frames, planned were 4"):
        checked(call(1, 1, 1, 1, step=3))


def test_a_detector_that_leaves_out_frames_without_a_face_finds_none_there() -> None:
    own = outputs.inspect([{"frame": 2, "FaceScore": 1.0}])
    assert checked(own, names_every_frame=False).columns([1.0])["face_counts"] == [0, 1, 1, 1, 0, 2]
    assert checked(outputs.inspect([]), names_every_frame=False).columns([1.0]) == {
        "faces_min": 0, "faces_mean": 0.0, "faces_max": 0, "face_counts": [0, 4], "face_s": None,
    }  # fmt: skip


def test_frames_may_be_numbered_from_0_to_the_last() -> None:
    assert checked(call(1, 0, 0, 1, step=1)).columns([1.0])["face_counts"] == [1, 1, 0, 2, 1, 1]


def test_a_result_that_names_no_frames_has_no_counts() -> None:
    own = outputs.inspect([{"FaceScore": 1.0}])
    assert checked(own, own, names_every_frame=False).columns([1.0]) == {}


def test_a_declared_number_of_faces_is_checked_in_every_call() -> None:
    declared = dataclasses.replace(CLIP, faces=1)
    assert checked(call(1, 1, 1, 1), clip=declared).columns([1.0])["faces_mean"] == 1.0
    with pytest.raises(WrongWork, match="found 3 faces in 4 frames, planned were 4 faces in 4 frames"):
        checked(call(1, 1, 1, 1), call(1, 1, 0, 1), clip=declared)


def test_frames_that_are_numbered_from_0_get_the_numbers_that_they_have_in_the_clip() -> None:
    assert checked(call(1, 1, 1, 1)).frame_factor == 1
    assert checked(call(1, 1, 1, 1, step=1)).frame_factor == 2
    declared = dataclasses.replace(CLIP, faces=1)
    assert checked(call(1, 1, 1, 1, step=1), clip=declared).frame_factor == 2
    whole = dataclasses.replace(CLIP, skip_frames=None, source_frames=4)
    assert checked(call(1, 1, 1, 1, step=1), clip=whole).frame_factor == 1
