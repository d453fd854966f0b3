"""Odd clips, made when a test asks: rotated, with several streams, with a rate that varies, with hidden frames.

Each frame shows a gradient, a bar that moves and some noise, so that a decoder that takes another frame, stream or
orientation gives other pixels.
"""

import fractions
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np

FRAMES = 12
RATE = 30


def pictures(width: int, height: int, frames: int = FRAMES, seed: int = 0) -> Iterator[Any]:
    """Make frames of shape (height, width, 3), in RGB."""
    random = np.random.default_rng(seed)
    across, down = np.meshgrid(np.linspace(0, 150, width), np.linspace(0, 100, height))
    for index in range(frames):
        picture = np.stack([across, down, across / 2 + down / 2], axis=2)
        picture[:, (index * width) // frames :][:, : max(2, width // 12)] += 100
        yield (picture + random.integers(0, 5, picture.shape)).clip(0, 255).astype(np.uint8)


def add_video(
    sink: Any, width: int, height: int, *, codec: str = "libx264", pixels: str = "yuv420p", **more: Any
) -> Any:
    """Add a stream of so many pixels to an output file."""
    stream = sink.add_stream(codec, rate=more.pop("rate", RATE))
    stream.width, stream.height, stream.pix_fmt = width, height, pixels
    stream.options = more.pop("options", {"bf": "2", "b_strategy": "0"} if codec == "libx264" else {})
    return stream


def encode(sink: Any, stream: Any, frames: Sequence[Any], times: Sequence[int] | None = None, unit: Any = None) -> None:
    """Encode frames; `times` are their presentation times in `unit` seconds."""
    for index, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=stream.pix_fmt)
        frame.pts = index if times is None else times[index]
        frame.time_base = fractions.Fraction(1, RATE) if unit is None else unit
        sink.mux(stream.encode(frame))
    sink.mux(stream.encode(None))


def portrait(path: Path) -> Path:
    """Make a phone's clip: stored lying, shown standing."""
    with av.open(str(path), "w") as sink:
        stream = add_video(sink, 96, 64)
        stream.set_display_rotation(90.0)
        encode(sink, stream, list(pictures(96, 64)))
    return path


def two_streams(path: Path) -> Path:
    """Make a file whose first video stream is a small preview."""
    with av.open(str(path), "w") as sink:
        preview, whole = add_video(sink, 32, 16, options={"crf": "51"}), add_video(sink, 96, 64)
        whole.disposition = av.stream.Disposition.default
        encode(sink, preview, list(pictures(32, 16, 4, seed=1)), range(0, FRAMES, 3))
        encode(sink, whole, list(pictures(96, 64)))
    return path


def cover_first(path: Path) -> Path:
    """Make a film whose first video stream is one picture."""
    with av.open(str(path), "w") as sink:
        cover, film = add_video(sink, 48, 48, codec="mjpeg", pixels="yuvj420p", rate=1), add_video(sink, 96, 64)
        encode(sink, cover, list(pictures(48, 48, 1, seed=1)))
        encode(sink, film, list(pictures(96, 64)))
    return path


def _uneven(frames: int = FRAMES) -> list[int]:
    """Give milliseconds of frames that last 20 and 80 ms in turn."""
    return [sum(80 if index % 2 else 20 for index in range(count)) for count in range(frames)]


def variable_rate(path: Path) -> Path:
    """Make a clip whose frames last 20 ms and 80 ms in turn, so 20 a second."""
    unit = fractions.Fraction(1, 1000)
    with av.open(str(path), "w") as sink:
        stream = add_video(sink, 96, 64)
        stream.time_base = stream.codec_context.time_base = unit
        encode(sink, stream, list(pictures(96, 64)), _uneven(), unit)
    return path


def recorder(path: Path) -> Path:
    """Make what a browser records: VP9 in WebM, uneven times, and no rate in the header."""
    unit = fractions.Fraction(1, 1000)
    with av.open(str(path), "w", options={"live": "1"}) as sink:
        stream = add_video(sink, 96, 64, codec="libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"})
        stream.time_base = stream.codec_context.time_base = unit
        stream.codec_context.framerate = 0
        encode(sink, stream, list(pictures(96, 64)), _uneven(), unit)
    return path


HIDDEN = 2  # frames before the start of the edit list


def edit_list(path: Path) -> Path:
    """Make a clip trimmed as editors do it: its first frames are stored and never shown."""
    with av.open(str(path), "w") as sink:
        stream = add_video(sink, 96, 64, options={"bf": "0"})
        encode(sink, stream, list(pictures(96, 64)))
    data = bytearray(path.read_bytes())
    entry = data.index(b"elst") + 12
    _, first = struct.unpack_from(">Ii", data, entry)
    step = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0] // RATE
    struct.pack_into(">Ii", data, entry, (FRAMES - HIDDEN) * 1000 // RATE, first + HIDDEN * step)
    path.write_bytes(data)
    return path


def odd_size(path: Path) -> Path:
    """Make a clip with odd sides."""
    with av.open(str(path), "w") as sink:
        encode(sink, stream := add_video(sink, 63, 47, pixels="yuv444p"), list(pictures(63, 47)))
        assert (stream.width, stream.height) == (63, 47)
    return path


def ten_bits(path: Path) -> Path:
    """Make an HEVC clip of 10 bits per value, as phones record."""
    with av.open(str(path), "w") as sink:
        options = {"x265-params": "log-level=none:bframes=2"}
        stream = add_video(sink, 96, 64, codec="libx265", pixels="yuv420p10le", options=options)
        encode(sink, stream, list(pictures(96, 64)))
    return path


def still_pictures(path: Path) -> Path:
    """Make a clip in which every frame is a picture of its own, as older cameras do."""
    with av.open(str(path), "w") as sink:
        encode(sink, add_video(sink, 96, 64, codec="mjpeg", pixels="yuvj420p"), list(pictures(96, 64)))
    return path


MAKERS: Mapping[str, Callable[[Path], Path]] = {
    "portrait.mp4": portrait,
    "two-streams.mp4": two_streams,
    "cover-first.mkv": cover_first,
    "variable-rate.mp4": variable_rate,
    "variable-rate.mkv": variable_rate,
    "recorder.webm": recorder,
    "edit-list.mp4": edit_list,
    "odd-size.mkv": odd_size,
    "ten-bits.mov": ten_bits,
    "still-pictures.avi": still_pictures,
}
"""File name -> what makes it. All have `FRAMES` frames, but `edit-list.mp4`, which hides `HIDDEN` of them."""


def make(name: str, folder: Path) -> Path:
    """Make an odd clip in a folder."""
    return MAKERS[name](folder / name)
