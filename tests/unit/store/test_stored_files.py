"""Stored files: listings while others add and delete, and files that appear whole."""

import errno
import os
import time
from pathlib import Path

import pytest

from featray import store
from featray.errors import NothingMatches, StoreError
from featray.store import stored_files
from featray.store.location import Location, locate
from featray.store.stored_files import StoredFile
from tests.support.builders import make_row
from tests.support.filesystems import make_failing


def write_file(folder: Path, name: str) -> StoredFile:
    path = folder / "rows" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12")
    return StoredFile(name, 2)


GONE = (
    FileNotFoundError(errno.ENOENT, "Cannot list directory"),  # what Arrow raises for a folder that was just made
    OSError(errno.ESTALE, "Stale file handle"),
)


@pytest.mark.parametrize("error", GONE)
def test_a_folder_that_appears_or_vanishes_during_a_listing_is_listed_again(tmp_path: Path, error: OSError) -> None:
    file = write_file(tmp_path, "a.parquet")
    location = make_failing(locate(tmp_path), "get_file_info", error, error)
    assert stored_files.list_files(location) == ([file], [])


def test_a_folder_that_can_never_be_listed_is_a_store_error(tmp_path: Path) -> None:
    location = make_failing(locate(tmp_path), "get_file_info", *[FileNotFoundError()] * stored_files.LISTINGS)
    with pytest.raises(StoreError, match=f"cannot list {tmp_path}/rows"):
        stored_files.list_files(location)


def test_a_folder_without_permission_is_a_store_error_that_says_what_to_do(tmp_path: Path) -> None:
    location = make_failing(locate(tmp_path), "get_file_info", PermissionError(errno.EACCES, "Permission denied"))
    with pytest.raises(StoreError, match="Permission denied; get permission for it, or name another place with"):
        stored_files.list_files(location)


def test_a_listing_names_files_in_folders_and_reports_what_is_no_parquet_file(tmp_path: Path) -> None:
    files = [write_file(tmp_path, name) for name in ("a.parquet", "sub/b.parquet")]
    for name in ("notes.txt", ".hidden.parquet", "_sub/c.parquet"):
        write_file(tmp_path, name)
    listed, problems = stored_files.list_files(locate(tmp_path))
    assert listed == files
    assert [str(problem) for problem in problems] == ["notes.txt: not a parquet file; move it out of the store"]


def test_a_link_to_what_is_not_there_is_named_and_one_to_a_file_is_listed(tmp_path: Path) -> None:
    write_file(tmp_path, "sub/a.parquet")
    rows, disk = tmp_path / "rows", tmp_path / "disk"
    for name in ("b.parquet", "sub/c.parquet", "folder", ".hidden.parquet", "_removed"):
        (rows / name).symlink_to(disk)
    (rows / "d.parquet").symlink_to(rows / "sub" / "a.parquet")
    listed, problems = stored_files.list_files(locate(tmp_path))
    assert [file.name for file in listed] == ["d.parquet", "sub/a.parquet"]
    reason = f"a link to {disk}, which is not there; mount its disk, or delete the link"
    assert [str(problem) for problem in problems] == [
        f"{name}: {reason}" for name in ("b.parquet", "folder", "sub/c.parquet")
    ]


@pytest.mark.parametrize("part", ["rows", "rows/", "outputs/demo-1", "reports", "logs", "rows/a.parquet"])
def test_a_part_of_a_store_is_not_taken_for_a_store(tmp_path: Path, part: str) -> None:
    write_file(tmp_path, "a.parquet")
    for name in ("outputs/demo-1", "reports", "logs"):
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(NothingMatches) as raised:
        stored_files.check_there(f"{tmp_path}/{part}")
    assert str(raised.value) == f"{tmp_path}/{part}: is a part of the store {tmp_path}; use results='{tmp_path}'"
    stored_files.check_there(tmp_path)


@pytest.mark.parametrize("name", ["rows", "."])
def test_a_part_of_a_store_that_is_named_from_within_is_told_the_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write_file(tmp_path, "a.parquet")
    monkeypatch.chdir(tmp_path if name == "rows" else tmp_path / "rows")
    with pytest.raises(NothingMatches, match=f"is a part of the store {tmp_path}; "):
        stored_files.check_there(name)


def test_a_folder_of_parquet_files_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"")
    with pytest.raises(NothingMatches, match=f"holds parquet files, but no folder `rows`; move .* to {tmp_path}/rows"):
        stored_files.check_there(tmp_path)
    (tmp_path / "rows").mkdir()
    stored_files.check_there(tmp_path)


def test_a_folder_without_parquet_files_is_an_empty_store(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "results").mkdir()
    stored_files.check_there(tmp_path / "results")


def test_a_file_in_place_of_a_store_is_a_store_error(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("x")
    for look in (stored_files.check_there, lambda path: stored_files.list_files(locate(path))):
        with pytest.raises(StoreError, match=f"cannot list {file}/rows: .*; a file lies where the store's folder"):
            look(file)


@pytest.mark.parametrize("name", ["results", "results/rows"])
def test_a_store_behind_a_link_to_what_is_not_there_is_not_empty(tmp_path: Path, name: str) -> None:
    link, disk = tmp_path / name, tmp_path / "disk"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(disk)
    with pytest.raises(StoreError, match=f"{link} is a link to {disk}, which is not there; mount its disk, or"):
        stored_files.list_files(locate(tmp_path / "results"))


def test_what_is_named_like_a_file_and_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows" / "folder.parquet").mkdir(parents=True)
    (tmp_path / "rows" / "empty").mkdir()
    os.mkfifo(tmp_path / "rows" / "pipe.parquet")
    file = write_file(tmp_path, "partitioned.parquet/part-0.parquet")
    listed, problems = stored_files.list_files(locate(tmp_path))
    assert listed == [file]
    assert [problem.file for problem in problems] == ["folder.parquet", "pipe.parquet"]


class CompactingFilesystem:
    """Lists a store before, and then after, a compaction put all rows into a new file."""

    def __init__(self, location: Location, before: list[str], after: list[str]) -> None:
        self.listings = [before, after, after]
        self.location = location

    def get_file_info(self, _: object) -> object:
        folder = Path(self.location.folder)
        names = self.listings.pop(0)
        return self.location.filesystem.get_file_info([str(folder / name) for name in names])


def test_a_listing_during_a_compaction_is_made_again(tmp_path: Path) -> None:
    write_file(tmp_path, "b.parquet")
    compacted = write_file(tmp_path, "compacted-1.parquet")
    real = locate(tmp_path)
    filesystem = CompactingFilesystem(real, ["b.parquet"], ["compacted-1.parquet"])
    location = Location(filesystem, real.folder, real.name)
    assert stored_files.list_files(location) == ([compacted], [])
    assert filesystem.listings == []


def test_names_of_new_files_never_repeat() -> None:
    assert len({stored_files.make_name("rows") for _ in range(1000)}) == 1000


def test_a_deletion_says_whether_the_file_was_still_there(tmp_path: Path) -> None:
    write_file(tmp_path, "a.parquet")
    location = locate(tmp_path)
    assert [stored_files.delete(location, "a.parquet") for _ in range(2)] == [True, False]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreError, match="No space left on device; free some space, or name another place"):
        stored_files.publish(locate(tmp_path), "a.parquet", fail)
    assert list((tmp_path / "rows").iterdir()) == []


def test_files_of_killed_writers_are_named_and_deleted_after_a_day(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    fresh, old = (tmp_path / "rows" / f".rows-{name}.parquet.77.tmp" for name in ("fresh", "old"))
    for file in (fresh, old):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    assert store.check(tmp_path).unfinished == (fresh.name, old.name)
    store.compact(tmp_path)
    assert store.check(tmp_path).unfinished == (fresh.name,)
