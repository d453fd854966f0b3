"""Rows that wait in the spool: their order, and files that are damaged or disappear meanwhile."""

import os
import time
from pathlib import Path

import pytest

from featray.core.stored_unit import BegunUnit
from featray.errors import BackendError
from featray.host import spool
from tests.support import fake_outputs
from tests.support.builders import make_row


def test_waiting_rows_are_read_oldest_first_and_dropped_when_stored(tmp_path: Path) -> None:
    first, second = make_row(invocation=2), make_row(invocation=1)
    os.utime(spool.write(tmp_path, first), (1, 1))
    os.utime(spool.write(tmp_path, second), (2, 2))
    assert spool.pending(tmp_path) == [first, second]
    spool.forget(tmp_path, [first])
    assert spool.pending(tmp_path) == [second]
    spool.forget(tmp_path, [first, second])
    assert spool.pending(tmp_path) == []


def test_a_row_written_again_replaces_itself(tmp_path: Path) -> None:
    spool.write(tmp_path, make_row(reason="first"))
    spool.write(tmp_path, make_row(reason="second"))
    assert [row.reason for row in spool.pending(tmp_path)] == ["second"]


def test_a_row_that_is_dropped_while_the_spool_is_read_is_left_out(tmp_path: Path) -> None:
    spool.write(tmp_path, make_row())
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")  # listed, but not there when it is opened
    assert spool.pending(tmp_path) == [make_row()]


def test_a_damaged_file_stays_and_the_other_rows_are_read(tmp_path: Path) -> None:
    spool.write(tmp_path, make_row())
    damaged = tmp_path / "damaged.json"
    damaged.write_text('{"sweep": ', encoding="utf-8")
    assert spool.pending(tmp_path) == [make_row()]
    assert damaged.exists()


def test_a_row_that_cannot_be_read_or_dropped_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_row(invocation=1), make_row(invocation=2)
    os.utime(spool.write(tmp_path, first), (1, 1))
    spool.write(tmp_path, second)
    (tmp_path / "another users.json").mkdir()
    assert spool.pending(tmp_path) == [first, second]

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        spool.forget(tmp_path, [first])
    assert spool.pending(tmp_path) == [first, second]


def test_a_half_written_row_of_a_killed_writer_is_removed_once_it_is_old(tmp_path: Path) -> None:
    spool.write(tmp_path, make_row())
    old, young = tmp_path / ".17-0a1b2c3d.tmp", tmp_path / ".18-0a1b2c3d.tmp"
    for half, age_s in ((old, spool.ABANDONED_S + 60), (young, spool.ABANDONED_S - 60)):
        half.write_text('{"sweep": ', encoding="utf-8")
        os.utime(half, (time.time() - age_s,) * 2)
    assert spool.pending(tmp_path) == [make_row()]
    assert not old.exists()
    assert young.exists()


def test_spools_of_different_stores_are_different_folders(tmp_path: Path) -> None:
    assert spool.folder(tmp_path, "/a") != spool.folder(tmp_path, "/b")
    assert spool.pending(tmp_path / "never written") == []


def test_a_folder_that_cannot_be_written_is_refused_with_the_remedy(tmp_path: Path) -> None:
    spool.check_folder(tmp_path / "new" / "cache")
    assert not (tmp_path / "new").exists()  # a check makes nothing
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(
        BackendError, match=r"cannot be written \(Not a directory\): name another folder in FEATRAY_CACHE"
    ):
        spool.check_folder(tmp_path / "file" / "cache")


def test_an_output_waits_with_its_row(tmp_path: Path) -> None:
    plain = fake_outputs.make_table().to_plain()
    spool.write(tmp_path, make_row(), plain)
    spool.write(tmp_path, make_row(invocation=2))
    rows = spool.pending(tmp_path)
    assert sorted(row.invocation for row in rows) == [1, 2]
    ((row, output),) = spool.pending_outputs(tmp_path, rows)
    assert (row, output) == (make_row(), plain)
    spool.forget(tmp_path, rows)
    assert spool.pending_outputs(tmp_path, rows) == []


def make_begun(cell_id: str, at: str = "2026-05-14T00:00:00.000+00:00") -> BegunUnit:
    return BegunUnit(run_id="demo-1", cell_id=cell_id, target_id="cpu@here", invocation=1, begun_at=at)


def test_a_mark_is_what_began_last_until_it_is_removed(tmp_path: Path) -> None:
    place = tmp_path / "spool"
    assert spool.begun(place) == []
    marks = [spool.Mark(place), spool.Mark(place)]
    assert spool.begun(place) == []
    marks[0].write([make_begun("a"), make_begun("b")])
    marks[1].write([make_begun("a")])
    marks[0].write([make_begun("b")])
    marks[0].sync()
    assert sorted(spool.begun(place), key=repr) == [make_begun("a"), make_begun("b")]
    assert not spool.pending(place)
    for mark in (*marks, *marks):
        mark.remove()
    assert list(place.iterdir()) == []


def test_a_mark_that_is_damaged_or_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    spool.Mark(tmp_path).write([make_begun("a")])
    for number, text in enumerate(['{"run_id": ', "[[]]", '[{"run_id": "demo-1"}]', "3", "\n"]):
        (tmp_path / f"{number}.begun").write_text(text)
    (tmp_path / "folder.begun").mkdir()
    assert spool.begun(tmp_path) == [make_begun("a")]
    (tmp_path / "file").touch()
    mark = spool.Mark(tmp_path / "file")
    mark.write([make_begun("a")])
    mark.sync()
    mark.remove()


def test_a_mark_of_last_month_is_removed(tmp_path: Path) -> None:
    spool.Mark(tmp_path).write([make_begun("a")])
    (file,) = tmp_path.iterdir()
    os.utime(file, (1, 1))
    assert not spool.begun(tmp_path)
    assert not list(tmp_path.iterdir())
