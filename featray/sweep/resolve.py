"""Names, paths and variants of a sweep file -> detectors and inputs in full.

Flow: `schema.DetectorEntry` -> `detectors` -> `Detector`; `schema.InputEntry` -> `media` -> `Input`.
Every fault is a ValueError whose text says what was expected; `sweep.load` adds file, line and path.
"""

import dataclasses
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from featray import errors
from featray.core import cell_fields, inputs
from featray.core import detectors as catalogue
from featray.core.detectors import Detector, Keyword
from featray.core.inputs import Input
from featray.sweep.schema import DetectorEntry, InputEntry
from featray.yamlfile.messages import show


class ProbedClip(Protocol):
    """What has to be known of a media file."""

    @property
    def frames(self) -> int:
        """Count of frames that decode."""

    @property
    def fps(self) -> float | None:
        """Frame rate in Hz; None for an image."""

    @property
    def sha256(self) -> str:
        """Digest of the file's bytes."""


Probe = Callable[[Path], ProbedClip]
"""Opens a media file; raises BadInput when it cannot be read."""

Keywords = Callable[[str], Mapping[str, Sequence[object]] | None]
"""Lists the keywords of a class of py-feat and the values each may have, none where anything may be; or cannot tell."""

SETTINGS = {
    "device": "axes.device",
    "batch_size": "axes.batch_size",
    "num_workers": "axes.num_workers",
    "skip_frames": "the input's skip_frames",
    "output_size": "the input's output_size",
}
"""Keywords of py-feat that a sweep says elsewhere."""


def detectors(entry: DetectorEntry, keywords_of: Keywords | None = None) -> list[Detector]:
    """Resolve one entry; a keyword with a list of values gives one detector per value.

    Args:
        entry: As in the file.
        keywords_of: What to check the keywords of py-feat's classes against; None checks nothing.

    Raises:
        ValueError: an unknown detector or class, or a keyword that cannot be.
    """
    origin = _origin(entry)
    names = list(entry.keywords)
    varied = [name for name in names if isinstance(entry.keywords[name], tuple)]
    choices = [_choices(name, entry.keywords[name]) for name in names]
    known = keywords_of(origin.class_name) if keywords_of and names and origin.is_pyfeat else None
    if known is not None:
        _check_keywords(origin.class_name, dict(zip(names, choices, strict=True)), known)
    made = []
    for values in itertools.product(*choices):
        chosen = dict(zip(names, values, strict=True))
        marked = varied if entry.name is not None else names if entry.like is not None else varied
        suffix = ",".join(f"{name}={_plain(chosen[name])}" for name in names if name in marked)
        name = (entry.name or origin.name) + (f"[{suffix}]" if suffix else "")
        same = name == origin.name and not chosen
        made.append(
            Detector(
                name=name,
                class_name=origin.class_name,
                keywords=dict(origin.keywords) | chosen,
                heading=origin.heading if same else name,
            )
        )
    return made


def _origin(entry: DetectorEntry) -> Detector:
    if entry.like is not None:
        if entry.like not in catalogue.CATALOGUE:
            raise ValueError(f"unknown detector '{entry.like}'{errors.suggest(entry.like, catalogue.CATALOGUE)}")
        return catalogue.CATALOGUE[entry.like]
    class_name = entry.class_name or ""
    if not cell_fields.is_class(class_name):
        known = errors.suggest(class_name, (*catalogue.PYFEAT_CLASSES, "package.module:Class"))
        raise ValueError(f"unknown class '{class_name}'{known}")
    name = class_name.rpartition(":")[2]
    return Detector(name=name, class_name=class_name, heading=name)


def _choices(name: str, value: object) -> Sequence[Keyword]:
    if name in SETTINGS:
        raise ValueError(f"keyword {name} is set by {SETTINGS[name]}; leave it out here")
    values = value if isinstance(value, tuple) else (value,)
    if not values:
        raise ValueError(f"keyword {name}: expected at least one value, got none")
    for index, each in enumerate(values):
        if each is not None and not isinstance(each, str | int | float | bool):
            raise ValueError(f"keyword {name}: expected text, a number, true, false or null, got {show(each)}")
        if any(_plain(each) == _plain(other) for other in values[:index]):
            raise ValueError(f"keyword {name}: {show(each)} stands twice; expected distinct values")
    return values


def _check_keywords(
    class_name: str, given: Mapping[str, Sequence[Keyword]], known: Mapping[str, Sequence[object]]
) -> None:
    for name, values in given.items():
        if name not in known:
            own = [each for each in known if each not in SETTINGS]
            raise ValueError(f"keyword {name}: {class_name} has none of this name{errors.suggest(name, own)}")
        for value in values:
            if known[name] and value not in known[name]:
                options = [show(each) if each is None else str(each) for each in known[name]]
                raise ValueError(f"keyword {name}: unknown value {show(value)}{errors.suggest(str(value), options)}")


def _plain(value: Keyword) -> str:
    return show(value) if value is None or isinstance(value, bool) else str(value)


def media(entry: InputEntry, folder: Path, probe: Probe) -> Input:
    """Resolve one entry.

    Args:
        entry: As in the file.
        folder: What relative paths start from.
        probe: Opens the media files of entries by path.

    Raises:
        ValueError: an unknown input, a setting that its kind does not have, or files that do not go together.
        BadInput: a media file cannot be read.
    """
    origin = _by_path(entry.path, folder, probe) if entry.path is not None else _by_name(entry.like or "")
    for setting, kind in (("skip_frames", inputs.VIDEO), ("frame_limit", inputs.VIDEO), ("copies", inputs.IMAGES)):
        if getattr(entry, setting) is not None and origin.kind != kind:
            raise ValueError(f"{setting} is for {'videos' if kind == inputs.VIDEO else 'images'}; leave it out")
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
        faces=origin.faces if entry.faces is None else entry.faces,
        skip_frames=skip,
        frame_limit=limit,
        output_size=entry.output_size,
    )


def _by_name(name: str) -> Input:
    if name not in inputs.CATALOGUE:
        known = errors.suggest(name, inputs.CATALOGUE)
        raise ValueError(f"unknown input '{name}'{known}. A file of your own is named by its path, such as ./clip.mp4")
    return inputs.CATALOGUE[name]


def _by_path(given: Sequence[str], folder: Path, probe: Probe) -> Input:
    files = [file for each in given for file in _files(folder / Path(each).expanduser())]
    kind = inputs.VIDEO if files[0].suffix.lower() in inputs.VIDEO_SUFFIXES else inputs.IMAGES
    if kind == inputs.VIDEO and len(files) > 1:
        raise ValueError(f"{files[0].name} is a video among several files; expected one entry per video")
    odd = [file.name for file in files if _is_video(file) != (kind == inputs.VIDEO)]
    if odd:
        raise ValueError(f"{odd[0]} is a video among images; expected one entry per video")
    clips = [probe(file) for file in files]
    return Input(
        name=Path(given[0]).stem or folder.name,
        kind=kind,
        paths=tuple(str(file) for file in files),
        sha256=tuple(clip.sha256 for clip in clips),
        source_frames=clips[0].frames if kind == inputs.VIDEO else len(files),
        fps=clips[0].fps if kind == inputs.VIDEO else None,
    )


def _files(path: Path) -> list[Path]:
    """List one media file, or the images of a folder by name."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would name the target of a link
    if path.is_dir():
        images = sorted(each for each in path.iterdir() if each.suffix.lower() in inputs.IMAGE_SUFFIXES)
        if not images:
            raise ValueError(f"{path}: no image in this folder; expected files ending in {_NAMES_OF_IMAGES}")
        return images
    if not path.exists():
        near = sorted(each.name for each in path.parent.glob("*") if _is_media(each)) if path.parent.is_dir() else []
        raise ValueError(f"{path}: no such file or folder{errors.suggest(path.name, near[:20]) if near else ''}")
    if not _is_media(path):
        expected = ", ".join((*inputs.VIDEO_SUFFIXES, *inputs.IMAGE_SUFFIXES))
        raise ValueError(f"{path}: not known as a video or an image; expected a name ending in {expected}")
    return [path]


_NAMES_OF_IMAGES = ", ".join(inputs.IMAGE_SUFFIXES)


def _is_media(path: Path) -> bool:
    return path.suffix.lower() in (*inputs.VIDEO_SUFFIXES, *inputs.IMAGE_SUFFIXES)


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in inputs.VIDEO_SUFFIXES
