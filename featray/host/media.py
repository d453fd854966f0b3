"""Media: which frames of a video py-feat will analyse, found without decoding them.

Flow: `clips.probe` (driver) and `cuts.cut` (host) -> `read_video`.
One road for both, and the rules are those of torchcodec, which py-feat decodes with: the best video stream rather than
the first, and one frame for each packet that the container does not mark as hidden, in order of presentation.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

RATE_TOLERANCE = 0.01  # a container that rounds times to 1 ms moves the rate of 5 frames at 25 Hz by 0.5%


@dataclasses.dataclass(frozen=True, kw_only=True)
class Frame:
    """One frame: its packet's position in the stream, from 0, and its time in units of the stream's time base."""

    position: int
    time: int
    duration: int  # 0 where the container does not say


@dataclasses.dataclass(frozen=True, kw_only=True)
class Video:
    """The frames of a file's best video stream, in order of presentation, and their mean rate in Hz."""

    frames: tuple[Frame, ...]
    rate_hz: float | None  # None for fewer than two frames


def read_video(path: Path) -> Video | None:
    """Read a file's packets; None where it has no video stream or image.

    Raises:
        av.FFmpegError: the file cannot be read.
    """
    import av

    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        if stream is None:
            return None
        frames = sorted(_frames(container, stream), key=lambda frame: frame.time)
        declared = getattr(stream, "average_rate", None)
        return Video(frames=tuple(frames), rate_hz=_rate(frames, declared, stream.time_base))


def list_packets(container: Any, stream: Any) -> Iterator[tuple[int, Any]]:
    """List a stream's packets in the order in which they are stored, each with its position from 0."""
    return enumerate(packet for packet in container.demux(stream) if packet.size)  # the last one only ends the stream


def _frames(container: Any, stream: Any) -> Iterator[Frame]:
    for position, packet in list_packets(container, stream):
        time = packet.dts if packet.pts is None else packet.pts
        if not packet.is_discard and time is not None:
            yield Frame(position=position, time=time, duration=packet.duration or 0)


def _rate(frames: Sequence[Frame], declared: Fraction | None, unit_s: Fraction) -> float | None:
    """Compute the mean rate; the declared one where it is true, since it is exact: 24000/1001 and not 23.976."""
    if len(frames) < 2:
        return None
    first, last = frames[0], frames[-1]
    steps = len(frames) if last.duration else len(frames) - 1
    lasted_s = (last.time + last.duration - first.time) * unit_s
    if lasted_s <= 0:
        return float(declared) if declared else None
    is_true = declared and abs(declared * lasted_s / steps - 1) <= RATE_TOLERANCE
    return float(declared if declared and is_true else steps / lasted_s)
