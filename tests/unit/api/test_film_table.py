"""The films of a table."""

from pathlib import Path

import pytest

from featray.api import films
from featray.errors import BadInput


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
        (("path,seconds,fps", "a.mp4,1e9,1e5"), "films.csv:2: frames of the film: 1e\\+14 cannot be"),
        (("path,seconds,fps", "a.mp4,10,1e-9"), "films.csv:2: fps: 1e-09 cannot be"),
        (("path,frames,seconds", "a.mp4,1,1e9"), "films.csv:2: frames / seconds: 1e-09 cannot be"),
        (("path,frames,seconds,fps", "a.mp4,100,600,25"), "films.csv:2: frames 100, but seconds 600 x fps 25 = 15000"),
        (("path,seconds", "a.mp4,10"), "films.csv:2: seconds, but no frame rate; add a column fps or frames, or"),
        (("path,frames", "a.mp4,10"), "films.csv:2: frames, but no frame rate; add a column fps or seconds, or"),
        (("path,frames,frames", "a.mp4,10,20"), "films.csv:1: the column 'frames' occurs twice"),
        (("path,seconds,fps", "a,b.mp4,10,25"), "films.csv:2: 4 fields, but 3 columns"),
        (("path;seconds;fps", "a.mp4;10;25"), "films.csv:1: the columns are separated by semicolons; expected commas"),
        (("path\tseconds", "a.mp4\t10"), "films.csv:1: the columns are separated by tabs; expected commas"),
        (("Path,seconds,fps", "a.mp4,10,25"), "films.csv:1: column 'Path'; expected 'path', in small letters"),
        (("path,Frames,fps", "a.mp4,10,25"), "films.csv:1: column 'Frames'; expected 'frames'"),
        (("path", "gone.mp4"), r"films.csv:2: .*gone\.mp4: no such file"),
        (("path,seconds,fps", ",10,25"), "films.csv:2: no path"),
        (("path,seconds,fps,faces_per_frame", "a.mp4,10,25,-1"), "faces_per_frame: -1 cannot be"),
        (("path",), "films.csv: has a header, but no films; expected a line for each film under it"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        films.read(table(tmp_path, *lines))


def test_faces_that_cannot_be_are_refused_also_where_others_are_given(tmp_path: Path) -> None:
    path = table(tmp_path, "path,seconds,fps,faces_per_frame", "a.mp4,10,25,-1")
    with pytest.raises(BadInput, match="faces_per_frame: -1 cannot be"):
        films.read(path, faces_per_frame=1.0)


def test_a_column_of_faces_that_is_not_used_is_named(tmp_path: Path) -> None:
    path = table(tmp_path, "path,seconds,fps,faces_per_frame", "a.mp4,10,25,3")
    (tmp_path / "a.mp4").touch()
    (remark,) = films.read(path, faces_per_frame=1.0).remarks
    assert remark.endswith("its column faces_per_frame is not used, since 1 was given for all films")
    assert films.read(path).remarks == ()


def test_a_film_that_is_listed_twice_counts_twice_and_is_named(tmp_path: Path) -> None:
    path = table(tmp_path, "path,seconds,fps", "a.mp4,10,25", "b.mp4,10,25", f"{tmp_path}/a.mp4,10,25")
    for name in "ab":
        (tmp_path / f"{name}.mp4").touch()
    made = films.read(path)
    assert len(made.films) == 3
    (remark,) = made.remarks
    assert remark.endswith("films.csv: a.mp4 is listed 2 times (lines 2, 4); each line counts as a film")


def test_rounded_seconds_blank_lines_spaces_and_trailing_commas_do_no_harm(tmp_path: Path) -> None:
    path = table(tmp_path, "path, frames, seconds, fps,", "a.mp4, 23976, 1000, 24,", ",,,,", "b.mp4,72,2,30,,")
    assert [film.frames for film in films.read(path).films] == [23976, 72]


def test_films_that_are_not_on_this_machine_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    path = table(tmp_path, "path,seconds,fps", "a.mp4,10,25", "gone/b.mp4,10,25", "c.mp4,10,25")
    (tmp_path / "a.mp4").touch()
    made = films.read(path)
    assert len(made.films) == 3
    (remark,) = made.remarks
    assert remark == (
        f"{path}: 2 of 3 films are not on this machine, the first is {tmp_path}/gone/b.mp4 (line 3). Check the paths, "
        "unless they are those of another machine"
    )


def test_a_line_without_a_length_whose_film_cannot_be_read_is_left_out_and_named(tmp_path: Path) -> None:
    path = table(tmp_path, "path,seconds,fps,faces_per_frame", "a.mp4,10,25,1", "torn.mp4,,,9", "gone.mp4,,,9")
    (tmp_path / "a.mp4").touch()
    (tmp_path / "torn.mp4").write_text("text")
    made = films.read(path)
    assert [film.frames for film in made.films] == [250]
    assert (made.faces_per_frame, made.films_without_faces) == (1.0, 0)
    (remark,) = made.remarks
    assert remark.startswith(
        f"{path}: 2 of 3 films cannot be read and are left out: {path}:3: {tmp_path}/torn.mp4: cannot"
    )
    assert f"; {path}:4: {tmp_path}/gone.mp4: no such file; correct the path" in remark


def test_a_film_without_a_frame_rate_is_refused_rather_than_left_out(tmp_path: Path) -> None:
    path = table(tmp_path, "path,frames", "a.mp4,10")
    with pytest.raises(BadInput, match="no frame rate"):
        films.read(path)
