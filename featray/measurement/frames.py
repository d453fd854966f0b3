"""Frames: what py-feat's own loaders give of an input, before any detector sees it.

Flow: `bench` -> `check_copy`, before the first call of a cell whose video was cut or looped; `detector.prepare` ->
`decode_all`, for calls without decoding.
"""

import atexit
import shutil
import tempfile
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


def place_to_save() -> str:
    """Make a folder that is removed when this process ends, and name the CSV file there that `detect()` writes."""
    folder = tempfile.mkdtemp(prefix="featray-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(Path(folder) / "faces.csv")
