"""Film table: the films that a CSV table lists.

Flow: CSV -> `read` -> `analysis.estimate.Footage` -> `films`. What contradicts itself is refused with its line.
"""

import collections
import csv
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from featray.analysis.estimate import footage
from featray.analysis.estimate.footage import Film, Footage
from featray.api import left_out_films
from featray.core import wording
from featray.core.argument_names import argument
from featray.core.files import check_regular
from featray.errors import BadInput, UnreadableFilm

COLUMNS = ("path", "frames", "seconds", "fps", "faces_per_frame")
"""Of a table; only `path` must be there."""

SEPARATORS = {";": "semicolons", "\t": "tabs"}
"""What some programs write instead of commas -> its name."""

FRAMES_OFF = 5  # by which frames may differ from seconds x fps, at least: all three may be rounded
SHARE_OFF = 0.02  # of the frames, by which they may differ in a long film: 23.976 Hz are often called 24

OpenFilm = Callable[[Path, float | None], Film]
"""Opens a film; its frame rate, where the file does not say it, is the second argument."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Line:
    """One line of a table, and where it stands, such as `films.csv:2`."""

    where: str
    number: int
    values: Mapping[str, str]


def read(path: Path, open_film: OpenFilm, *, fps: float | None = None, faces_per_frame: float | None = None) -> Footage:
    """Read the films of a table.

    Args:
        path: The CSV file.
        open_film: Opens a film of which the table has no length.
        fps: Frame rate of films whose own is unknown, in Hz.
        faces_per_frame: Of all films; the table's mean where it is None.

    Raises:
        BadInput: the table has no films, a line cannot be, or no film can be read; the message says where.
    """
    listed = list(_lines(path))
    if not listed:
        raise BadInput(f"{path}: has a header, but no films; expected a line for each film under it")
    read_films, unreadable = _read_lines(path.parent, listed, open_film, fps)
    lines, found = list(read_films), tuple(read_films.values())
    faces = [_faces(line) for line in lines]
    remarks = [left_out_films.remark(path, unreadable, len(listed))] if unreadable else []
    remarks += [*_absent(path, read_films), *_remarks(path, lines, found)]
    made = Footage(films=found, faces_per_frame=faces_per_frame, remarks=tuple(remarks))
    if faces_per_frame is None:
        return _with_faces(made, faces)
    if all(value is None for value in faces):
        return made
    ignored = f"{path}: its column faces_per_frame is not used, since {faces_per_frame:g} was given for all films"
    return dataclasses.replace(made, remarks=(*made.remarks, ignored))


def _lines(path: Path) -> Iterator[_Line]:
    try:
        check_regular(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.reader(file)
            names = [name.strip() for name in next(table, [])]
            _check_header(path, names)
            for texts in table:
                if any(text.strip() for text in texts):
                    yield _line(f"{path}:{table.line_num}", table.line_num, names, texts)
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise BadInput(f"{path}: cannot be read as a table ({wrong})") from wrong


def _check_header(path: Path, names: Sequence[str]) -> None:
    if "path" not in names:
        header = ",".join(names)
        separator = next((name for mark, name in SEPARATORS.items() if mark in header), None)
        if separator is not None:
            raise BadInput(f"{path}:1: the columns are separated by {separator}; expected commas")
    for name in names:
        if name not in COLUMNS and name.lower() in COLUMNS:
            raise BadInput(f"{path}:1: column {name!r}; expected {name.lower()!r}, in small letters")
    if "path" not in names:
        raise BadInput(f"{path}:1: no column 'path'; expected a table with the columns {', '.join(COLUMNS)}")
    twice = [name for name, count in collections.Counter(names).items() if count > 1 and name in COLUMNS]
    if twice:
        raise BadInput(f"{path}:1: the column {twice[0]!r} occurs twice; leave one out")


def _line(where: str, number: int, names: Sequence[str], texts: Sequence[str]) -> _Line:
    surplus = [text for text in texts[len(names) :] if text.strip()]
    if surplus:
        raise BadInput(
            f"{where}: {len(texts)} fields, but {len(names)} columns; put a path that holds a comma between double "
            "quotes, and write numbers with a point"
        )
    return _Line(where, number, {name: text.strip() for name, text in zip(names, texts, strict=False)})


def _read_lines(
    folder: Path, lines: Sequence[_Line], open_film: OpenFilm, fps: float | None
) -> tuple[dict[_Line, Film], list[str]]:
    """Make a film of each line; of those that have no length and cannot be read, say where and why."""
    films: dict[_Line, Film] = {}
    unreadable: list[str] = []
    for line in lines:
        try:
            films[line] = _film(folder, line, open_film, fps)
        except UnreadableFilm as wrong:
            unreadable.append(str(wrong))
    return films, unreadable


def _film(folder: Path, line: _Line, open_film: OpenFilm, fps: float | None) -> Film:
    """Make a film of a line: its frames, or seconds and frame rate, or else what the file itself says."""
    name = line.values.get("path", "")
    if not name:
        raise BadInput(f"{line.where}: no path; expected the path of a film")
    frames, seconds, rate = (_number(line, column) for column in ("frames", "seconds", "fps"))
    footage.check_rate(rate, f"{line.where}: fps")
    file = Path(name) if Path(name).is_absolute() else folder / name
    if frames is None and seconds is None:
        return _probed(line, file, open_film, rate or fps)
    frames, seconds = _complete(line, frames, seconds, rate, fps)
    footage.check_positive(max(1.0, frames), f"{line.where}: frames of the film")
    return Film(path=str(file.absolute()), frames=max(1, round(frames)), duration_s=seconds)


def _probed(line: _Line, file: Path, open_film: OpenFilm, rate: float | None) -> Film:
    """Open a film of which the table has no length.

    Raises:
        UnreadableFilm: it is not there, or cannot be read.
        BadInput: its frame rate is unknown.
    """
    if not _is_there(file):
        raise UnreadableFilm(
            f"{line.where}: {file}: no such file; correct the path, or give its frames or seconds, and fps"
        )
    try:
        return open_film(file, rate)
    except UnreadableFilm as wrong:
        raise UnreadableFilm(f"{line.where}: {wrong}") from wrong
    except BadInput as wrong:
        raise BadInput(f"{line.where}: {wrong}") from wrong


def _is_there(file: Path) -> bool:
    """Return True if a file is there and may be looked at."""
    try:
        return file.exists()
    except OSError:
        return False


def _complete(
    line: _Line, frames: float | None, seconds: float | None, rate: float | None, fps: float | None
) -> tuple[float, float]:
    """Give frames and seconds, of which one at least is known; refuse those that contradict each other."""
    if frames is not None and seconds is not None:
        footage.check_rate(frames / seconds, f"{line.where}: frames / seconds")
        if rate is not None and not _agree(frames, seconds, rate):
            raise BadInput(
                f"{line.where}: frames {frames:g}, but seconds {seconds:g} x fps {rate:g} = {seconds * rate:g} frames; "
                "correct one of the three, or leave it out"
            )
        return frames, seconds
    rate = rate or fps
    if rate is None:
        known, lacking = ("frames", "seconds") if seconds is None else ("seconds", "frames")
        raise BadInput(
            f"{line.where}: {known}, but no frame rate; add a column fps or {lacking}, or give {argument('fps')}"
        )
    return (frames, frames / rate) if frames is not None else ((seconds or 0.0) * rate, seconds or 0.0)


def _agree(frames: float, seconds: float, rate: float) -> bool:
    """Return True if frames, seconds and frame rate go together; whole seconds may be rounded by up to one."""
    off = rate if seconds == round(seconds) else FRAMES_OFF
    return abs(frames - seconds * rate) <= max(FRAMES_OFF, off, SHARE_OFF * frames)


def _number(line: _Line, column: str) -> float | None:
    value = _float(line, column)
    footage.check_positive(value, f"{line.where}: {column}")
    return value


def _faces(line: _Line) -> float | None:
    value = _float(line, "faces_per_frame")
    if value is not None and not 0 <= value <= footage.MOST:
        raise BadInput(
            f"{line.where}: faces_per_frame: {value:g} cannot be; expected a number from 0 to {footage.MOST:g}"
        )
    return value


def _float(line: _Line, column: str) -> float | None:
    text = line.values.get(column)
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"{line.where}: {column}: {text[:40]!r} is not a number, such as 1.5") from None


def _with_faces(made: Footage, faces: Sequence[float | None]) -> Footage:
    """Add the mean over all frames of the films whose faces are known."""
    known = [(value, film.frames) for value, film in zip(faces, made.films, strict=True) if value is not None]
    if not known:
        return made
    mean = sum(value * frames for value, frames in known) / sum(frames for _, frames in known)
    return dataclasses.replace(made, faces_per_frame=mean, films_without_faces=len(faces) - len(known))


def _absent(path: Path, films: Mapping[_Line, Film]) -> Iterator[str]:
    """Name the films that are not on this machine: their length is known, but their path may be wrong."""
    absent = [(line, film) for line, film in films.items() if not _is_there(Path(str(film.path)))]
    if absent:
        are, (line, film) = "is" if len(absent) == 1 else "are", absent[0]
        yield (
            f"{path}: {wording.share(len(absent), len(films), 'film')} {are} not on this machine, the first is "
            f"{film.path} (line {line.number}). Check the paths, unless they are those of another machine"
        )


def _remarks(path: Path, lines: Sequence[_Line], found: Sequence[Film]) -> Iterator[str]:
    """Name the films that are listed more than once."""
    by_path: dict[str | None, list[int]] = {}
    for line, film in zip(lines, found, strict=True):
        by_path.setdefault(film.path, []).append(line.number)
    repeated = {name: numbers for name, numbers in by_path.items() if len(numbers) > 1}
    if repeated:
        name, numbers = next(iter(repeated.items()))
        others = f", and {wording.count(len(repeated) - 1, 'other film')} too" if len(repeated) > 1 else ""
        yield (
            f"{path}: {Path(str(name)).name} is listed {len(numbers)} times (lines {wording.listed(numbers)}){others}; "
            "each line counts as a film"
        )
