"""Cuts: shorter copies of videos, with the frames that py-feat would see first.

Flow: `input_files` -> `cut`, `loops` -> `cut_to` -> path of the copy; the measuring child compares its frames with the
source's.
A copy holds the stored packets of the source, unchanged: it takes as long to decode, and its pixels, size and rotation
are the source's.
"""

import mmap
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from featray.core.files import hash_file
from featray.host import media, mp4_edits

MP4, MATROSKA = ".mp4", ".mkv"

REORDERED = ("h264", "hevc", "mpeg4", "mpeg2video")
"""Codecs that store a frame before frames that are shown earlier, if they are decoded from it: only MP4 can hide it."""


def cut(path: Path, frames: int, cache: Path) -> Path:
    """Copy the first frames of a video, once; then keep the copy in the cache.

    Args:
        path: The source.
        frames: How many frames to keep, from the start.
        cache: featray's cache folder.

    Returns:
        Path of `SHA256-firstN.mp4` or `.mkv`, with the full digest of the source; the source itself if it is no longer.

    Raises:
        OSError: the video cannot be read, or cannot be cut there.
    """
    import av

    stem = cache / "clips" / f"{hash_file(path)}-first{frames}"
    if (kept := find_kept(stem)) is not None:
        return kept
    try:
        return cut_to(path, frames, stem)
    except (av.FFmpegError, ValueError) as wrong:
        raise OSError(
            f"{path}: cannot be cut to {frames} frames ({wrong}); use another frame_limit, or leave it out"
        ) from wrong


def find_kept(stem: Path) -> Path | None:
    """Return the copy that was made before, in whichever container; `stem` is its path without suffix."""
    finals = (stem.with_name(stem.name + suffix) for suffix in (MP4, MATROSKA))
    return next((final for final in finals if final.exists()), None)


def cut_to(path: Path, frames: int, final: Path) -> Path:
    """Copy the first frames of a video to a path without suffix; return the copy, or the video if it has no more.

    Raises:
        ValueError: it cannot be cut there.
        av.FFmpegError: it cannot be read.
    """
    video = media.read_video(path)
    if video is None or len(video.frames) <= frames:
        return path
    shown, rest = video.frames[:frames], video.frames[frames:]
    packets = 1 + max(frame.position for frame in shown)
    hidden = [frame for frame in rest if frame.position < packets]
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{secrets.token_hex(8)}")
    try:
        suffix = _copy(path, packets, temporary, span=rest[0].time - shown[0].time if hidden else None)
        copied = media.read_video(temporary)
        if copied is None or len(copied.frames) != frames:
            found = "later frames are stored among these" if hidden else "a copy of the stored packets has others"
            raise ValueError(found)
        final = final.with_name(final.name + suffix)
        temporary.replace(final)  # two processes may do this at once: both wrote the same packets
    finally:
        temporary.unlink(missing_ok=True)
    return final


def _copy(path: Path, count: int, target: Path, span: int | None) -> str:
    """Copy the first packets of a video's best stream.

    Args:
        path: The source.
        count: How many packets.
        target: The copy.
        span: Time from the first frame to the first that is to be hidden, in the stream's unit; None hides none.

    Returns:
        The suffix of the copy's format.
    """
    import av

    with av.open(str(path)) as source:
        stream = source.streams.best("video")
        packets = [packet for position, packet in media.list_packets(source, stream) if position < count]
        unit = stream.time_base
        suffix = MP4 if stream.codec_context.codec.canonical_name in REORDERED else MATROSKA
        write(stream, with_decoding_times(packets), target, suffix)
    if span is not None and suffix == MP4:
        with target.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
            mp4_edits.end_at(content, span * unit.numerator)
    return suffix


def write(stream: Any, packets: Iterable[Any], target: Path, suffix: str) -> None:
    """Write packets of a stream as a video of their own, unchanged."""
    import av

    form, options = (
        ("mp4", {"movie_timescale": str(stream.time_base.denominator)}) if suffix == MP4 else ("matroska", {})
    )
    with av.open(str(target), "w", format=form, options=options) as sink:
        copy = sink.add_stream_from_template(stream, opaque=True)  # without an encoder
        for packet in packets:
            packet.stream = copy
            sink.mux(packet)


def with_decoding_times(packets: Sequence[Any]) -> Sequence[Any]:
    """Give every packet a time of decoding, which Matroska does not store: in order, and no later than its frame."""
    if any(packet.dts is None for packet in packets):
        times = sorted(packet.pts for packet in packets)
        lead = max(time - packet.pts for time, packet in zip(times, packets, strict=True))
        for time, packet in zip(times, packets, strict=True):
            packet.dts = time - lead
    return packets
