"""Frames: what py-feat's own loaders give of an input, before any detector sees it.

Flow: `bench` -> `check_copy`, before the first call of a cell whose video was cut or looped; `detector.prepare` ->
`decode_all`, for calls without decoding; `find_fault`, after a call that failed.
"""

import atexit
import functools
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from featray.core import inputs
from featray.core.inputs import Input
from featray.core.status import Status
from featray.measurement import outcome
from featray.measurement.outcome import Failure, Refused

OpenVideo = Callable[[str], Any]
"""py-feat's `VideoDataset`: a sequence of mappings whose `Image` is a frame of shape (3, height, width)."""


JOINTS_MAX = 20
"""Joints of a loop whose frames are compared. All joints are made alike; this many, spread over the whole loop, show
one that is not, and take a second or two."""


def check_copy(copy: Path, source: Path, frames: int, open_video: OpenVideo, *, is_loop: bool = False) -> None:
    """Compare frames of a shorter or longer copy, as py-feat decodes them, with those of its source.

    Of a cut these are the first and the last one; of a loop also those on both sides of its joints.

    Args:
        copy: The cut or the loop.
        source: The video that it was made from.
        frames: How many frames the copy is to have.
        open_video: Opens a video as py-feat does.
        is_loop: The copy plays its source again and again.

    Raises:
        Refused: they differ in number, size or pixels, or one of the videos cannot be decoded.
    """
    compared = outcome.attempt(lambda: _find_difference(copy, source, frames, open_video))
    difference = f"cannot be decoded ({compared.reason})" if isinstance(compared, Failure) else compared
    if difference is not None:
        what = f"the {'loop of' if is_loop else 'cut to'} {frames} frames"
        advice = f"use another {'value of frames' if is_loop else 'frame_limit'}, or leave it out"
        raise Refused(Status.UNSUPPORTED, f"{source}: {what} {difference}; {advice}")


def _find_difference(copy: Path, source: Path, frames: int, open_video: OpenVideo) -> str | None:
    short, whole = open_video(str(copy)), open_video(str(source))
    if len(short) != frames:
        return f"has {len(short)} frames"
    for index in _compared(frames, len(whole)):
        cut, real = short[index]["Image"], whole[index % len(whole)]["Image"]
        if tuple(cut.shape) != tuple(real.shape):
            return f"shows frame {index + 1} as {_size(cut.shape)} pixels, the video as {_size(real.shape)}"
        if not bool((cut == real).all()):
            return f"shows other pixels in frame {index + 1} than the video"
    return None


def _compared(frames: int, length: int) -> list[int]:
    """List the frames to compare: the ends, and both sides of up to `JOINTS_MAX` joints of a loop."""
    joints = range(length, frames, length)
    chosen = joints[:: max(1, -(-len(joints) // JOINTS_MAX))]
    return sorted({0, frames - 1, *(index for joint in chosen for index in (joint - 1, joint))})


def _size(shape: Sequence[int]) -> str:
    return f"{shape[-1]}x{shape[-2]}"


def decode_all(clip: Input, given: str | Sequence[str], module: Any) -> Any:
    """Decode all frames of a call with py-feat's own loaders.

    Args:
        clip: The input.
        given: The path of a video, or those of images.
        module: The detector's module, which holds the loaders.

    Returns:
        A tensor of shape (frames, 3, height, width), 8 bits per value.

    Raises:
        Refused: the frames have unlike sizes, or are to be rescaled, which py-feat does only while it decodes.
    """
    import torch

    if clip.output_size is not None:
        raise Refused(Status.UNSUPPORTED, "data_type tensor: py-feat rescales no tensor; leave out output_size")
    if clip.kind == inputs.VIDEO:
        loader = module.VideoDataset(given, skip_frames=clip.skip_frames)
    else:
        loader = module.ImageDataset(given)
    decoded = [loader[index]["Image"] for index in range(len(loader))]
    if len({tuple(frame.shape) for frame in decoded}) > 1:
        raise Refused(Status.UNSUPPORTED, "data_type tensor: the images have unlike sizes; leave out data_type")
    return torch.stack(decoded)


LOOK_S = 30.0  # for the frame at fault, after a call has failed: a decoder passes some thousand frames in that time


def find_fault(
    clip: Input, files: Sequence[Path], batch_size: int, module: Any, clock: Callable[[], float] = time.monotonic
) -> str | None:
    """Say which frame of an input py-feat's own loader cannot give, and what to do; None where it finds no fault.

    Args:
        clip: The input.
        files: The video, or the images.
        batch_size: Frames of one batch must have one size.
        module: The detector's module, which holds the loaders.
        clock: Seconds from any origin; the search ends after `LOOK_S`.
    """
    is_video = clip.kind == inputs.VIDEO
    loader = outcome.attempt(lambda: _open(clip, files, module))
    if isinstance(loader, Failure):
        return f"{files[0]}: py-feat cannot open it ({loader.reason}); {CONVERT}"
    ends, first = clock() + LOOK_S, None
    for index in range(len(loader)):
        frame = outcome.attempt(functools.partial(_read_shape, loader, index))
        name = f"frame {index + 1} of {len(loader)}" if is_video else "this image"
        path = files[0] if is_video else files[index]
        if isinstance(frame, Failure):
            return f"{path}: py-feat cannot decode {name} ({frame.reason}); {CONVERT if is_video else LEAVE_OUT}"
        first = first or frame
        if frame != first and batch_size > 1:
            return f"{path}: {name} has {_describe(frame)}, the first {_describe(first)}; {ALIKE}"
        if clock() > ends:
            return None
    return None


CONVERT = "convert it, such as with `ffmpeg -i OLD -c:v libx264 -pix_fmt yuv420p NEW.mp4`"
LEAVE_OUT = "convert it, or leave it out"
ALIKE = "py-feat puts only pictures of one size and kind into a batch: make them alike, or use batch_size 1"


def _open(clip: Input, files: Sequence[Path], module: Any) -> Any:
    if clip.kind == inputs.VIDEO:
        return module.VideoDataset(str(files[0]), skip_frames=clip.skip_frames, output_size=clip.output_size)
    return module.ImageDataset([str(file) for file in files], output_size=clip.output_size)


def _read_shape(loader: Any, index: int) -> tuple[int, ...]:
    return tuple(loader[index]["Image"].shape)


def _describe(shape: Sequence[int]) -> str:
    return f"{_size(shape)} pixels in {shape[0]} {'channel' if shape[0] == 1 else 'channels'}"


def place_to_save() -> str:
    """Make a folder that is removed when this process ends, and name the CSV file there that `detect()` writes."""
    folder = tempfile.mkdtemp(prefix="featray-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(Path(folder) / "faces.csv")
