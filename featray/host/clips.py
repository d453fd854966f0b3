"""Clips: what a media file holds, and shorter copies of it. The only module that imports PyAV.

Flow: the driver calls `probe` for a user's clip while it reads the sweep; `input_files` calls `cut` on the host.
"""

import contextlib
import dataclasses
import secrets
from collections.abc import Iterable
from pathlib import Path

from featray.core.files import hash_file
from featray.errors import BadInput


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clip:
    """Facts of one media file: frame count, frame rate in Hz (None for an image), and SHA-256."""

    frames: int
    fps: float | None
    sha256: str


def probe(path: Path) -> Clip:
    """Decode a video or image once and return its facts: a container's own frame count may be wrong.

    Raises:
        BadInput: the file is missing, unreadable, or holds no video or image.
    """
    import av

    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise BadInput(f"{path}: holds no video stream or image")
            stream = container.streams.video[0]
            frames = sum(1 for _ in container.decode(stream))
            rate = stream.average_rate
    except (av.FFmpegError, OSError, ValueError) as wrong:
        raise BadInput(f"{path}: cannot be read as a video or image ({wrong})") from wrong
    if frames == 0:
        raise BadInput(f"{path}: holds no frame that can be decoded")
    return Clip(frames=frames, fps=float(rate) if rate and frames > 1 else None, sha256=hash_file(path))


def hash_files(paths: Iterable[str]) -> dict[str, str]:
    """Hash the files that this host has and may read: path -> SHA-256."""
    digests: dict[str, str] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            digests[path] = hash_file(Path(path))
    return digests


def cut(path: Path, frames: int, cache: Path) -> Path:
    """Copy the first frames of a clip: re-encoded once, then kept in the cache.

    The copy has the same bytes on hosts with few and with many processors. Its name is `SHA256-FRAMES.mp4`, with the
    full digest of the source. The measuring child names the work by that digest, since another FFmpeg may write other
    bytes.

    Args:
        path: The source clip.
        frames: How many frames to keep, from the start.
        cache: featray's cache folder.

    Returns:
        Path of an H.264 MP4 of at most that many frames at the source's frame rate and size.

    Raises:
        OSError: the clip cannot be read or re-encoded.
    """
    import av

    final = cache / "clips" / f"{hash_file(path)}-{frames}.mp4"
    if final.exists():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{secrets.token_hex(8)}-{final.name}")
    try:
        _encode(path, frames, temporary)
    except av.FFmpegError as wrong:
        temporary.unlink(missing_ok=True)
        raise OSError(f"{path}: cannot be cut to {frames} frames ({wrong})") from wrong
    temporary.replace(final)  # two processes may do this at once: both wrote the same frames
    return final


def _encode(path: Path, frames: int, target: Path) -> None:
    import av

    with av.open(str(path)) as source, av.open(str(target), "w") as sink:
        video_in = source.streams.video[0]
        video_out = sink.add_stream("libx264", rate=video_in.average_rate)
        is_odd = video_in.width % 2 or video_in.height % 2
        pixels = "yuv444p" if is_odd else "yuv420p"  # halved colour planes need even sides
        video_out.width, video_out.height, video_out.pix_fmt = video_in.width, video_in.height, pixels
        video_out.options = {"crf": "12"}  # visually lossless, so detectors see what they would have seen
        video_out.codec_context.thread_count = 1  # x264 decides differently with other numbers of threads
        for index, frame in enumerate(source.decode(video_in)):
            if index == frames:
                break
            frame.pts = index
            frame.time_base = 1 / video_in.average_rate
            sink.mux(video_out.encode(frame.reformat(format=pixels)))
        sink.mux(video_out.encode(None))
