"""Films: the files to estimate, from a folder, a CSV table or one film.

Flow: path -> `read` -> `analysis.estimate.Footage`. A film of which the table has no length is opened, but not decoded.
`film_table` reads the table.
"""

from collections.abc import Iterator
from pathlib import Path

from featray.analysis.estimate.footage import Film, Footage
from featray.api import film_table, left_out_films
from featray.core import inputs
from featray.core.argument_names import argument
from featray.errors import BadInput, UnreadableFilm
from featray.host import clips


def read(path: Path, *, fps: float | None = None, faces_per_frame: float | None = None) -> Footage:
    """Read the films of a folder (its subfolders too), of a CSV table, or one film.

    Args:
        path: As given.
        fps: Frame rate of films whose own is unknown, in Hz.
        faces_per_frame: Of all films; the table's mean where it is None.

    Raises:
        BadInput: there is no film, none can be read, or a line of the table is wrong.
    """
    if path.is_dir():
        return _of_folder(path, fps, faces_per_frame)
    if not path.exists():
        raise BadInput(f"{path}: no such file or folder")
    if path.suffix.lower() != ".csv":
        return Footage(films=(_open(path, fps),), faces_per_frame=faces_per_frame)
    return film_table.read(path, _open, fps=fps, faces_per_frame=faces_per_frame)


def _of_folder(folder: Path, fps: float | None, faces_per_frame: float | None) -> Footage:
    """Open the films of a folder; those that cannot be read are left out and named."""
    opened: list[Film] = []
    unreadable: list[str] = []
    for file in _films(folder):
        try:
            opened.append(_open(file, fps))
        except UnreadableFilm as wrong:
            unreadable.append(str(wrong))
    if not opened and not unreadable:
        raise BadInput(f"{folder}: holds no films; expected files that end in {', '.join(inputs.VIDEO_SUFFIXES)}")
    films = len(opened) + len(unreadable)
    remarks = (left_out_films.remark(folder, unreadable, films),) if unreadable else ()
    return Footage(films=tuple(opened), faces_per_frame=faces_per_frame, remarks=remarks)


def _films(folder: Path) -> Iterator[Path]:
    files = (file for file in sorted(folder.rglob("*")) if file.suffix.lower() in inputs.VIDEO_SUFFIXES)
    return (file for file in files if file.is_file())


def _open(file: Path, fps: float | None) -> Film:
    length = clips.read_length(file)
    rate = length.fps or fps
    if rate is None:
        raise BadInput(f"{file}: its frame rate is unknown; give it with {argument('fps')}")
    return Film(path=str(file.absolute()), frames=length.frames, duration_s=length.frames / rate)
