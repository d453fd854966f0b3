"""Loops: longer copies of videos, which play again and again what py-feat would see.

Flow: `input_files` -> `loop` -> path of the copy; the measuring child compares its frames with the source's.
A copy holds the stored packets of the source, unchanged and repeated with later times: nothing is encoded again, so its
pictures are the source's to the bit, and each takes as long to decode.
"""

import math
import secrets
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from featray.core.files import hash_file
from featray.host import cuts, media
from featray.host.cuts import MATROSKA, MP4, REORDERED
from featray.host.media import Video


def loop(path: Path, frames: int, cache: Path) -> Path:
    """Repeat a video until it has so many frames, once; then keep the copy in the cache.

    Args:
        path: The source, which has fewer frames.
        frames: How many frames the copy has.
        cache: featray's cache folder.

    Returns:
        Path of `SHA256-loopN.mp4` or `.mkv`, with the full digest of the source.

    Raises:
        OSError: the video cannot be read, or cannot be repeated unchanged.
    """
    import av

    stem = cache / "clips" / f"{hash_file(path)}-loop{frames}"
    if (kept := cuts.find_kept(stem)) is not None:
        return kept
    try:
        return _loop(path, frames, stem)
    except (av.FFmpegError, ValueError) as wrong:
        raise OSError(
            f"{path}: cannot be looped to {frames} frames ({wrong}); leave out `frames`, or name a film of this length"
        ) from wrong


def _loop(path: Path, frames: int, final: Path) -> Path:
    video = media.read_video(path)
    if video is None or not video.frames:
        raise ValueError("it holds no frame")
    copies = math.ceil(frames / len(video.frames))
    final.parent.mkdir(parents=True, exist_ok=True)
    whole = final.with_name(f".{secrets.token_hex(8)}")
    try:
        suffix = _repeat(path, video, copies, whole)
        repeated = media.read_video(whole)
        if repeated is None or len(repeated.frames) != copies * len(video.frames):
            raise ValueError("the repeated packets do not show every frame again")
        looped = cuts.cut_to(whole, frames, final)  # the last time round may be a part of the clip
        if looped == whole:
            looped = final.with_name(final.name + suffix)
            whole.replace(looped)
    finally:
        whole.unlink(missing_ok=True)
    return looped


def _repeat(path: Path, video: Video, copies: int, target: Path) -> str:
    """Copy all packets of a video's best stream so many times; return the suffix of the copy's format."""
    import av

    with av.open(str(path)) as source:
        stream = source.streams.best("video")
        suffix = MP4 if stream.codec_context.codec.canonical_name in REORDERED else MATROSKA
        span = _span(video, stream.time_base)
        cuts.write(stream, _repeated(path, video, span, copies), target, suffix)
    return suffix


def _repeated(path: Path, video: Video, span: int, copies: int) -> Iterator[Any]:
    """List the packets of all copies; each copy begins where the one before ends.

    Raises:
        ValueError: the file holds frames that it hides; in the middle of a loop they would be seen.
    """
    import av

    for number in range(copies):
        with av.open(str(path)) as source:  # anew: muxing changes the times of a packet
            packets = [packet for _, packet in media.list_packets(source, source.streams.best("video"))]
            if len(packets) != len(video.frames):
                raise ValueError(f"it hides {len(packets) - len(video.frames)} of its stored frames")
            for packet in cuts.with_decoding_times(packets):
                packet.pts, packet.dts = packet.pts + number * span, packet.dts + number * span
                yield packet


def _span(video: Video, unit_s: Fraction) -> int:
    """Give the time that one copy takes, in the stream's unit: to the end of the last frame."""
    first, last = video.frames[0], video.frames[-1]
    if last.duration:
        return last.time + last.duration - first.time
    if video.rate_hz is None:
        raise ValueError("it has a single frame, and does not say how long")
    return last.time - first.time + max(1, round(1 / (video.rate_hz * unit_s)))
