"""The films of a folder, and where a table is read."""

from pathlib import Path

import pytest

from featray.api import films
from featray.errors import BadInput
from tests.support import odd_clips


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


def test_films_that_cannot_be_read_are_left_out_and_named(tmp_path: Path) -> None:
    whole = odd_clips.portrait(tmp_path / "whole.mp4")
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.mp4").write_bytes(whole.read_bytes()[:500])
    made = films.read(tmp_path)
    assert [film.path for film in made.films] == [str(whole)]
    (remark,) = made.remarks
    assert remark.startswith(
        f"{tmp_path}: 4 of 5 films cannot be read and are left out: {tmp_path}/a.mp4: cannot be read"
    )
    assert "; and 1 more. Repair or remove what is left out, and estimate again" in remark


def test_one_film_that_cannot_be_read_leaves_nothing_to_estimate(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("text")
    with pytest.raises(BadInput, match=r"a\.mp4: cannot be read as a film"):
        films.read(tmp_path / "a.mp4")
