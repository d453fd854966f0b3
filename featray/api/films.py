"""Films: the files to estimate, from a folder, a CSV table or one film.

Flow: path -> `read` -> `analysis.estimate.Footage`. A film of which the table has no length is opened, but not decoded.
"""

import csv
import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

from featray.analysis.estimate import footage
from featray.analysis.estimate.footage import Film, Footage
from featray.core import inputs
from featray.errors import BadInput
from featray.host import clips

COLUMNS = ("path", "frames", "seconds", "fps", "faces_per_frame")
"""Of a table; only `path` must be there."""


def read(path: Path, *, fps: float | None = None, faces_per_frame: float | None = None) -> Footage:
    """Read the films of a folder (its subfolders too), of a CSV table, or one film.

    Args:
        path: As given.
        fps: Frame rate of films whose own is unknown, in Hz.
        faces_per_frame: Of all films; the table's mean where it is None.

    Raises:
        BadInput: there is no film, one cannot be read, or a line of the table is wrong.
    """
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in inputs.VIDEO_SUFFIXES]
        return _of(path, [_probe(file, fps) for file in files if file.is_file()], faces_per_frame)
    if not path.is_file():
        raise BadInput(f"{path}: no such file or folder")
    if path.suffix.lower() != ".csv":
        return _of(path, [_probe(path, fps)], faces_per_frame)
    lines = list(_lines(path))
    films = [_film(path, number, line, fps) for number, line in lines]
    made = _of(path, films, faces_per_frame)
    return made if faces_per_frame is not None else _with_faces(path, lines, made)


def _of(path: Path, films: list[Film], faces_per_frame: float | None) -> Footage:
    if not films:
        raise BadInput(f"{path}: holds no films; expected files that end in {', '.join(inputs.VIDEO_SUFFIXES)}")
    return Footage(films=tuple(films), faces_per_frame=faces_per_frame)


def _probe(file: Path, fps: float | None) -> Film:
    length = clips.read_length(file)
    rate = length.fps or fps
    if rate is None:
        raise BadInput(f"{file}: its frame rate is unknown; give it with --fps")
    return Film(path=str(file.absolute()), frames=length.frames, duration_s=length.frames / rate)


def _lines(path: Path) -> Iterable[tuple[int, Mapping[str, str]]]:
    """Read the lines of a table with their numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            if "path" not in (table.fieldnames or ()):
                raise BadInput(f"{path}:1: no column 'path'; expected a table with the columns {', '.join(COLUMNS)}")
            yield from ((table.line_num, {key: value or "" for key, value in line.items() if key}) for line in table)
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise BadInput(f"{path}: cannot be read as a table ({wrong})") from wrong


def _film(path: Path, number: int, line: Mapping[str, str], fps: float | None) -> Film:
    """Make a film of a line: its frames, or seconds and frame rate, or else what the file itself says."""
    name = line["path"].strip()
    if not name:
        raise BadInput(f"{path}:{number}: no path; expected the path of a film")
    frames, seconds = (_number(path, number, line, column) for column in ("frames", "seconds"))
    rate = _number(path, number, line, "fps") or fps
    file = Path(name) if Path(name).is_absolute() else path.parent / name
    if frames is None and seconds is None:
        return _probe(file, rate)
    if rate is None and (frames is None or seconds is None):
        raise BadInput(f"{path}:{number}: no frame rate; expected a column fps, frames and seconds, or --fps")
    seconds = seconds if seconds is not None else (frames or 0) / (rate or 1)
    frames = frames if frames is not None else seconds * (rate or 0)
    footage.check_positive(max(1.0, frames), f"{path}:{number}: frames of the film")
    return Film(path=str(file.absolute()), frames=max(1, round(frames)), duration_s=seconds)


def _number(
    path: Path, number: int, line: Mapping[str, str], column: str, *, least: float | None = None
) -> float | None:
    text = line.get(column, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise BadInput(f"{path}:{number}: {column}: {text[:40]!r} is not a number") from None
    if least is None:
        footage.check_positive(value, f"{path}:{number}: {column}")
    elif not least <= value <= footage.MOST:
        raise BadInput(
            f"{path}:{number}: {column}: {value:g} cannot be; expected a number from {least:g} to {footage.MOST:g}"
        )
    return value


def _with_faces(path: Path, lines: list[tuple[int, Mapping[str, str]]], made: Footage) -> Footage:
    """Add the mean over all frames of the films whose faces are known."""
    faces = [_number(path, number, line, "faces_per_frame", least=0.0) for number, line in lines]
    known = [(value, film.frames) for value, film in zip(faces, made.films, strict=True) if value is not None]
    if not known:
        return made
    mean = sum(value * frames for value, frames in known) / sum(frames for _, frames in known)
    return dataclasses.replace(made, faces_per_frame=mean, films_without_faces=len(faces) - len(known))
