"""Frames as py-feat loads them: whether a cut is what its source shows."""

import dataclasses
import itertools
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featray.core import inputs
from featray.core.status import Status
from featray.measurement import frames
from featray.measurement.frames import check_copy
from featray.measurement.outcome import Refused

torch = pytest.importorskip("torch")

SOURCE, COPY = Path("/clips/a.mp4"), Path("/cache/a-first2.mp4")


def frame(value: int, height: int = 4, width: int = 6) -> dict[str, Any]:
    return {"Image": np.full((3, height, width), value)}


def check(copy: Sequence[dict[str, Any]]) -> None:
    videos = {str(SOURCE): [frame(value) for value in range(5)], str(COPY): copy}
    check_copy(COPY, SOURCE, 2, videos.__getitem__)


def test_a_cut_with_the_frames_of_its_source_passes() -> None:
    check([frame(0), frame(1)])


@pytest.mark.parametrize(
    ("copy", "difference"),
    [
        ([frame(0)], "has 1 frames"),
        ([frame(0, 6, 4), frame(1, 6, 4)], "shows frame 1 as 4x6 pixels, the video as 6x4"),
        ([frame(0), frame(2)], "shows other pixels in frame 2 than the video"),
    ],
)
def test_any_other_cut_is_refused_with_the_difference(copy: Sequence[dict[str, Any]], difference: str) -> None:
    with pytest.raises(Refused) as caught:
        check(copy)
    assert str(caught.value) == (
        f"/clips/a.mp4: the cut to 2 frames {difference}; use another frame_limit, or leave it out"
    )
    assert caught.value.status is Status.UNSUPPORTED


LOOP = Path("/cache/a-loop12.mp4")


def check_loop(values: Sequence[int]) -> None:
    videos = {str(SOURCE): [frame(value) for value in range(5)], str(LOOP): [frame(value) for value in values]}
    check_copy(LOOP, SOURCE, 12, videos.__getitem__, is_loop=True)


def test_a_loop_is_compared_on_both_sides_of_its_joints() -> None:
    check_loop([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1])
    for index in (0, 4, 5, 9, 10, 11):
        values = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]
        values[index] = 9
        with pytest.raises(Refused, match=rf"the loop of 12 frames shows other pixels in frame {index + 1} than"):
            check_loop(values)


def test_of_many_joints_some_are_compared_in_all_parts_of_the_loop() -> None:
    compared = frames._compared(100_000, 72)
    assert len(compared) <= 2 * frames.JOINTS_MAX + 2
    assert max(late - early for early, late in itertools.pairwise(compared)) <= 100_000 / 15
    assert frames._compared(5, 72) == [0, 4]


def test_a_loop_that_repeats_too_little_is_refused() -> None:
    with pytest.raises(Refused, match="the loop of 12 frames has 11 frames; use another value of frames, or leave"):
        check_loop([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0])


def test_a_cut_that_cannot_be_decoded_is_refused() -> None:
    def fail(_: str) -> Any:
        raise RuntimeError("no more frames are left to decode")

    with pytest.raises(Refused, match=r"the cut to 2 frames cannot be decoded \(RuntimeError: no more frames are left"):
        check_copy(COPY, SOURCE, 2, fail)


class Loaders:
    """py-feat's loaders: each frame of a video holds its number, each image the length of its name."""

    @staticmethod
    def VideoDataset(_: str, skip_frames: int | None) -> list[dict[str, Any]]:  # noqa: N802 - py-feat's name
        return [{"Image": torch.full((3, 4, 6), number)} for number in range(0, 6, skip_frames or 1)]

    @staticmethod
    def ImageDataset(paths: Sequence[str]) -> list[dict[str, Any]]:  # noqa: N802 - py-feat's name
        return [{"Image": torch.zeros(3, 4, len(path))} for path in paths]


def test_the_frames_of_a_video_are_decoded_as_often_as_they_are_analysed() -> None:
    clip = dataclasses.replace(inputs.CATALOGUE["short"], skip_frames=2)
    decoded = frames.decode_all(clip, "a.mp4", Loaders)
    assert tuple(decoded.shape) == (3, 3, 4, 6)
    assert decoded[:, 0, 0, 0].tolist() == [0, 2, 4]


def test_images_are_decoded_to_one_tensor_unless_their_sizes_differ() -> None:
    clip = inputs.CATALOGUE["multi-face"]
    assert tuple(frames.decode_all(clip, ["a.jpg", "b.jpg"], Loaders).shape) == (2, 3, 4, 5)
    with pytest.raises(Refused, match="data_type tensor: the images have unlike sizes; leave out data_type"):
        frames.decode_all(clip, ["a.jpg", "bb.jpg"], Loaders)


def test_a_tensor_is_not_rescaled() -> None:
    clip = dataclasses.replace(inputs.CATALOGUE["short"], output_size=256)
    with pytest.raises(Refused, match="py-feat rescales no tensor; leave out output_size"):
        frames.decode_all(clip, "a.mp4", Loaders)


def test_each_call_saves_to_a_place_of_its_own() -> None:
    first, second = Path(frames.place_to_save()), Path(frames.place_to_save())
    assert first != second
    assert first.parent.is_dir()
    assert not first.exists()


class Loader:
    """A loader as py-feat's: an item may be a frame of a size, or an error."""

    def __init__(self, *items: tuple[int, ...] | Exception) -> None:
        self._items = items
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        self.asked.append(index)
        item = self._items[index]
        if isinstance(item, Exception):
            raise item
        return {"Image": np.zeros(item)}


WIDE, SMALL, GREY = (3, 4, 6), (3, 2, 3), (1, 4, 6)
VIDEO_CLIP = dataclasses.replace(inputs.CATALOGUE["short"], paths=("/clips/a.mp4",), packaged=None)
PICTURES = dataclasses.replace(inputs.CATALOGUE["multi-face"], paths=("/p/a.jpg", "/p/b.png"), packaged=None)


def find_fault(loader: Loader | Exception, *, clip: inputs.Input = VIDEO_CLIP, batch_size: int = 4) -> str | None:
    def open_it(*_: object, **__: object) -> Loader:
        if isinstance(loader, Exception):
            raise loader
        return loader

    module = types.SimpleNamespace(VideoDataset=open_it, ImageDataset=open_it)
    return frames.find_fault(clip, [Path(path) for path in clip.paths], batch_size, module)


@pytest.mark.parametrize(
    ("loader", "fault"),
    [
        (Loader(WIDE, RuntimeError("no more frames")), "cannot decode frame 2 of 2 (RuntimeError: no more frames)"),
        (Loader(WIDE, SMALL), "frame 2 of 2 has 3x2 pixels in 3 channels, the first 6x4 pixels in 3 channels"),
        (ValueError("no stream"), "/clips/a.mp4: py-feat cannot open it (ValueError: no stream); convert it, such as"),
    ],
)
def test_a_frame_that_py_feat_cannot_load_is_named_with_what_to_do(loader: Loader | Exception, fault: str) -> None:
    found = find_fault(loader)
    assert found is not None
    assert found.startswith("/clips/a.mp4: ")
    assert fault in found


def test_an_image_at_fault_is_named_by_its_file() -> None:
    broken = find_fault(Loader(WIDE, OSError("image file is truncated")), clip=PICTURES)
    assert broken == (
        "/p/b.png: py-feat cannot decode this image (OSError: image file is truncated); convert it, or leave it out"
    )
    grey = find_fault(Loader(WIDE, GREY), clip=PICTURES)
    assert grey is not None
    assert grey.startswith("/p/b.png: this image has 6x4 pixels in 1 channel, the first 6x4 pixels in 3 channels")


def test_frames_one_by_one_may_have_any_size_and_sound_ones_explain_nothing() -> None:
    assert find_fault(Loader(WIDE, SMALL), batch_size=1) is None
    assert find_fault(Loader(WIDE, WIDE)) is None


def test_nobody_waits_for_a_long_film_to_be_searched() -> None:
    loader = Loader(*[WIDE] * 5, RuntimeError("late"))
    module = types.SimpleNamespace(VideoDataset=lambda *_, **__: loader)
    times = iter([0.0, 10.0, frames.LOOK_S + 1])
    assert frames.find_fault(VIDEO_CLIP, [Path("/clips/a.mp4")], 4, module, lambda: next(times)) is None
    assert loader.asked == [0, 1]
