"""The films of a folder or a table."""

from pathlib import Path

import pytest

from featray.api import films
from featray.errors import BadInput
from tests.support import odd_clips


def table(folder: Path, *lines: str) -> Path:
    path = folder / "films.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_table_gives_frames_seconds_and_faces(tmp_path: Path) -> None:
    path = table(tmp_path, "path,frames,seconds,fps,faces_per_frame", "a.mp4,300,,30,1", "/b.mp4,,30,10,3")
    made = films.read(path)
    assert [(film.path, film.frames, film.duration_s) for film in made.films] == [
        (str(tmp_path / "a.mp4"), 300, 10.0),
        ("/b.mp4", 300, 30.0),
    ]
    assert made.faces_per_frame == pytest.approx(2.0)


def test_faces_that_one_line_lacks_are_those_of_the_others(tmp_path: Path) -> None:
    path = table(tmp_path, "path,seconds,faces_per_frame", "a.mp4,10,1", "b.mp4,30,3", "c.mp4,99,")
    made = films.read(path, fps=25)
    assert (made.faces_per_frame, made.films_without_faces) == (2.5, 1)
    given = films.read(path, fps=25, faces_per_frame=1.5)
    assert (given.faces_per_frame, given.films_without_faces) == (1.5, 0)


def test_faces_that_no_line_has_are_unknown(tmp_path: Path) -> None:
    made = films.read(table(tmp_path, "path,seconds,faces_per_frame", "a.mp4,10,", "b.mp4,10,"), fps=25)
    assert (made.faces_per_frame, made.films_without_faces) == (None, 0)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("film", "a.mp4"), "no column 'path'"),
        (("path,seconds,fps", "a.mp4,ten,25"), "films.csv:2: seconds: 'ten' is not a number"),
        (("path,seconds,fps", "a.mp4,0,25"), "films.csv:2: seconds: 0 cannot be"),
        (("path,frames,fps", "a.mp4,1e308,25"), "films.csv:2: frames: 1e\\+308 cannot be"),
        (("path,seconds,fps", "a.mp4,1e9,1e9"), "films.csv:2: frames of the film: 1e\\+18 cannot be"),
        (("path,seconds", "a.mp4,10"), "films.csv:2: no frame rate"),
        (("path,seconds,fps", ",10,25"), "films.csv:2: no path"),
        (("path,seconds,fps,faces_per_frame", "a.mp4,10,25,-1"), "faces_per_frame: -1 cannot be"),
        (("path",), "holds no films"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        films.read(table(tmp_path, *lines))


def test_a_folder_gives_the_films_that_it_holds(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    odd_clips.portrait(tmp_path / "day" / "a.mp4")
    (tmp_path / "notes.txt").write_text("no film")
    (film,) = films.read(tmp_path).films
    assert (film.path, film.frames, film.duration_s) == (
        str(tmp_path / "day" / "a.mp4"),
        odd_clips.FRAMES,
        odd_clips.FRAMES / odd_clips.RATE,
    )


def test_a_folder_without_films_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no films; expected files that end in \.mp4"):
        films.read(tmp_path)
    (tmp_path / "a.mp4").write_text("text")
    with pytest.raises(BadInput, match=r"a\.mp4: cannot be read as a film"):
        films.read(tmp_path)
    with pytest.raises(BadInput, match="no such file or folder"):
        films.read(tmp_path / "absent")
