"""Clips: what a media file holds.

Flow: the driver calls `probe` for a user's clip while it reads the sweep. Only this module, `media` and `cuts` import
PyAV.
"""

import contextlib
import dataclasses
from collections.abc import Iterable
from pathlib import Path

from featray.core.files import check_regular, find_stand_in, hash_file
from featray.errors import BadInput, UnreadableFilm
from featray.host import installation, media


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clip:
    """Facts of one media file: frame count, frame rate in Hz (None for an image), and SHA-256."""

    frames: int
    fps: float | None
    sha256: str


def probe(path: Path) -> Clip:
    """Find which frames of a video or image py-feat will analyse, and decode the first of them.

    Counting takes a second for a film of an hour, since nothing else is decoded.

    Raises:
        BadInput: the file is missing, stands in for another, is unreadable, or holds no video or image.
    """
    installation.check_complete(["av"])
    import av

    try:
        if stand_in := find_stand_in(path):
            raise BadInput(f"{path}: {stand_in}")
        if not path.is_file():
            raise BadInput(f"{path}: no such file")
        video = media.read_video(path)
        if video is None:
            raise BadInput(f"{path}: holds no video stream or image")
        if not video.frames or not _decodes(path):
            raise BadInput(f"{path}: holds no frame that can be decoded")
        return Clip(frames=len(video.frames), fps=video.rate_hz, sha256=hash_file(path))
    except (av.FFmpegError, OSError, ValueError) as wrong:
        raise BadInput(f"{path}: cannot be read as a video or image ({wrong})") from wrong


def _decodes(path: Path) -> bool:
    import av

    with av.open(str(path)) as container:
        return any(True for _ in container.decode(container.streams.best("video")))


def hash_files(paths: Iterable[str]) -> dict[str, str]:
    """Hash the files that this host has and may read: path -> SHA-256."""
    digests: dict[str, str] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            digests[path] = hash_file(Path(path))
    return digests


@dataclasses.dataclass(frozen=True, kw_only=True)
class Length:
    """Frames of one film, and its frame rate in Hz; None if unknown."""

    frames: int
    fps: float | None


def read_length(path: Path) -> Length:
    """Find how many frames a film has; from its packets only where the container does not say.

    Raises:
        UnreadableFilm: the file cannot be read, or holds no film.
    """
    installation.check_complete(["av"])
    import av

    try:
        check_regular(path)
        with av.open(str(path)) as container:
            stream = container.streams.best("video")
            declared, rate = (stream.frames, stream.average_rate) if stream else (0, None)
        if declared > 0 and rate:
            return Length(frames=declared, fps=float(rate))
        video = media.read_video(path)
    except (av.FFmpegError, OSError, ValueError) as wrong:
        raise UnreadableFilm(f"{path}: cannot be read as a film ({wrong})") from wrong
    if video is None or not video.frames:
        raise UnreadableFilm(f"{path}: holds no frame of film")
    return Length(frames=len(video.frames), fps=video.rate_hz)
