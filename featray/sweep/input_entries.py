"""Input entries: what a sweep file says of inputs -> inputs in full.

Flow: `schema.InputEntry` -> `resolve_inputs` -> `core.inputs.Input`, one for each length.
Lists folders of images; the function that the caller passes opens media files. Every fault is a ValueError whose text
says what was expected; `sweep.load` adds file, line and path.
"""

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from featray import errors
from featray.core import label_files
from featray.core.files import expand_home, find_stand_in, hash_file, is_text
from featray.core.inputs import CATALOGUE, IMAGE_SUFFIXES, IMAGES, VIDEO, VIDEO_SUFFIXES, Input
from featray.sweep.schema import InputEntry

SUGGESTED_FROM = 20  # names in a folder among which a message suggests one
KINDS = {"skip_frames": VIDEO, "frame_limit": VIDEO, "frames": VIDEO, "copies": IMAGES}
"""Setting -> the only kind of input that has it."""


class ProbedClip(Protocol):
    """What a sweep needs to know of a media file."""

    @property
    def frames(self) -> int:
        """Number of frames that decode."""

    @property
    def fps(self) -> float | None:
        """Frame rate in Hz; None for an image."""

    @property
    def sha256(self) -> str:
        """Digest of the file's bytes."""


Probe = Callable[[Path], ProbedClip]
"""Opens a media file; raises BadInput when it cannot be read."""


def resolve_inputs(entry: InputEntry, folder: Path, probe: Probe) -> list[Input]:
    """Resolve one entry: to one input, or to one for each of its lengths.

    Args:
        entry: As in the file.
        folder: What relative paths start from.
        probe: Opens the media files of entries by path.

    Raises:
        ValueError: an unknown input, a setting that its kind does not have, or files that do not go together.
        BadInput: a media file cannot be read.
    """
    origin = _by_path(entry.path, folder, probe) if entry.path is not None else _by_name(entry.like or "")
    for setting, kind in KINDS.items():
        if getattr(entry, setting) is not None and origin.kind != kind:
            remedy = " (copies makes a list of images longer)" if setting == "frames" else ""
            raise ValueError(f"{setting} is for {'videos' if kind == VIDEO else 'images'}; leave it out{remedy}")
    labelled = _resolve_one(entry, origin)
    if entry.labels is not None:
        labelled = _with_labels(
            labelled, folder / expand_home(entry.labels), max([origin.source_frames, *(entry.frames or ())])
        )
    return [labelled] if entry.frames is None else [_of_length(labelled, entry, count) for count in entry.frames]


def _resolve_one(entry: InputEntry, origin: Input) -> Input:
    """Apply the settings of an entry, except for its lengths."""
    limit = entry.frame_limit if (entry.frame_limit or origin.source_frames) < origin.source_frames else None
    skip = entry.skip_frames if entry.skip_frames != 1 else None
    suffixes = [
        f"-skip{skip}" if skip else "",
        f"-first{limit}" if limit else "",
        f"-x{entry.copies}" if entry.copies else "",
        f"-{entry.output_size}px" if entry.output_size else "",
    ]
    return dataclasses.replace(
        origin,
        name=entry.name or origin.name + "".join(suffixes),
        copies=entry.copies or origin.copies,
        faces=_faces(entry, origin),
        skip_frames=skip,
        frame_limit=limit,
        output_size=entry.output_size,
    )


def _of_length(clip: Input, entry: InputEntry, frames: int) -> Input:
    """Give a clip a length: cut short where it has more frames, looped where it has fewer.

    The clip's own length is the clip itself, so that what was measured of it counts.
    """
    if frames == clip.source_frames:
        has_own_name = entry.name is not None and len(entry.frames or ()) > 1
        return dataclasses.replace(clip, name=f"{clip.name}-{frames}") if has_own_name else clip
    is_longer = frames > clip.source_frames
    if entry.name is None:
        name = f"{clip.name}-{'loop' if is_longer else 'first'}{frames}"
    else:
        name = clip.name if len(entry.frames or ()) == 1 else f"{clip.name}-{frames}"
    limit, looped = (None, frames) if is_longer else (frames, None)
    return dataclasses.replace(clip, name=name, frame_limit=limit, looped_frames=looped)


def _with_labels(given: Input, file: Path, frames: int) -> Input:
    """Check a label file of an input of so many frames, and name it with its digest."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 - as for media files
    try:
        label_files.read(path, [Path(name).name for name in given.paths] if given.kind == IMAGES else (), frames)
    except OSError as wrong:
        raise ValueError(f"{path}: no label file that can be read ({wrong.strerror})") from wrong
    return dataclasses.replace(given, labels=str(path), labels_sha256=hash_file(path))


def _faces(entry: InputEntry, origin: Input) -> int | None:
    """Give the faces of every frame: as the entry says, as the catalogue says, and any number in a user's own file."""
    if entry.faces is None:
        return origin.faces
    return entry.faces if isinstance(entry.faces, int) else None


def _by_name(name: str) -> Input:
    if name not in CATALOGUE:
        suggestion = errors.suggest(name, CATALOGUE)
        end = "" if suggestion.endswith("?") else "."
        raise ValueError(
            f"unknown input '{name}'{suggestion}{end} Name a file of your own by its path, such as ./clip.mp4"
        )
    return CATALOGUE[name]


def _by_path(paths: Sequence[str], folder: Path, probe: Probe) -> Input:
    files = [file for path in paths for file in _files(folder / expand_home(path))]
    is_video = _is_video(files[0])
    if is_video and len(files) > 1:
        raise ValueError(f"{files[0].name} is a video among several files; expected one entry per video")
    videos = [] if is_video else [file.name for file in files if _is_video(file)]
    if videos:
        raise ValueError(f"{videos[0]} is a video among images; expected one entry per video")
    clips = [probe(file) for file in files]
    return Input(
        name=Path(paths[0]).stem or folder.name,
        kind=VIDEO if is_video else IMAGES,
        paths=tuple(map(str, files)),
        sha256=tuple(clip.sha256 for clip in clips),
        faces=None,
        source_frames=clips[0].frames if is_video else len(files),
        fps=clips[0].fps if is_video else None,
    )


def _files(path: Path) -> list[Path]:
    """List one media file, or the images of a folder by name; each with a name that a row can hold."""
    files = _media(Path(os.path.abspath(path)))  # noqa: PTH100 - resolve() would name the target of a link
    for file in files:
        if not is_text(str(file)):
            raise ValueError(f"{str(file)!r}: the path is not UTF-8, so no row can hold it; rename the file or folder")
    return files


def _media(path: Path) -> list[Path]:
    if path.is_dir():
        images = sorted(
            file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and not _is_hidden(file)
        )
        if not images:
            raise ValueError(f"{path}: no image in this folder; expected files ending in {', '.join(IMAGE_SUFFIXES)}")
        return images
    if stand_in := find_stand_in(path):
        raise ValueError(f"{path}: {stand_in}")
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder{_suggestion(path)}")
    if not _is_media(path):
        expected = ", ".join((*VIDEO_SUFFIXES, *IMAGE_SUFFIXES))
        raise ValueError(f"{path}: not known as a video or an image; expected a name ending in {expected}")
    return [path]


def _suggestion(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    files = (file for file in path.parent.glob("*") if _is_media(file) and not _is_hidden(file))
    names = sorted(file.name for file in files)[:SUGGESTED_FROM]
    return errors.suggest(path.name, names) if names else ""


def _is_hidden(path: Path) -> bool:
    """Return True for what systems leave beside images, such as `._a.jpg` of a Mac; it is no image."""
    return path.name.startswith(".")


def _is_media(path: Path) -> bool:
    return path.suffix.lower() in (*VIDEO_SUFFIXES, *IMAGE_SUFFIXES)


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES
