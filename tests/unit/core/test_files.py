"""Writing whole files and hashing them."""

import os
import stat
from pathlib import Path

import pytest

from featray.core import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("durable", [False, True])
def test_text_and_bytes_are_written_with_their_folders_and_leave_nothing_else(tmp_path: Path, durable: bool) -> None:
    files.write_whole(tmp_path / "new" / "text", "ä\n", durable=durable)
    files.write_whole(tmp_path / "new" / "bytes", b"\r\n", durable=durable)
    assert (tmp_path / "new" / "text").read_bytes() == b"\xc3\xa4\n"
    assert (tmp_path / "new" / "bytes").read_bytes() == b"\r\n"
    assert names(tmp_path / "new") == ["bytes", "text"]


def test_a_file_with_the_longest_possible_name_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    files.write_whole(path, "old")
    files.write_whole(path, "new")
    assert path.read_text() == "new"


def test_permissions_hold_from_the_first_moment(tmp_path: Path) -> None:
    files.write_whole(tmp_path / "secret", "s", mode=0o600)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_what_cannot_be_written_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    files.write_whole(tmp_path / "kept", "old")
    with pytest.raises(UnicodeEncodeError):
        files.write_whole(tmp_path / "kept", "half a character \ud800")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        files.write_whole(tmp_path / "folder", "text")
    assert (tmp_path / "kept").read_text() == "old"
    assert names(tmp_path) == ["folder", "kept"]


def test_a_finished_file_is_renamed_over_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "finished").write_text("new")
    (tmp_path / "final").write_text("old")
    files.put_in_place(tmp_path / "finished", tmp_path / "final", durable=True)
    assert (tmp_path / "final").read_text() == "new"
    assert names(tmp_path) == ["final"]


def test_a_hash_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert files.hash_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_yaml_files_are_known_by_their_name() -> None:
    assert files.is_yaml("sweeps/a.yaml")
    assert files.is_yaml("lab.yml")
    assert not files.is_yaml("demo-20260514-231532-a1b2")
    assert not files.is_yaml(None)


def test_the_home_of_a_user_who_is_not_there_is_left_as_it_is_written() -> None:
    assert files.expand_home("~no-such-user/clip.mp4") == Path("~no-such-user/clip.mp4")
    assert files.expand_home("~/clip.mp4") == Path.home() / "clip.mp4"


def test_only_a_regular_file_is_read_and_a_pipe_only_where_it_has_a_writer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    files.check_regular(tmp_path / "file")
    for path, kind in ((tmp_path, "a folder"), (tmp_path / "pipe", "a named pipe"), (Path("/dev/null"), "a device")):
        with pytest.raises(OSError, match=f"{kind}, not a file"):
            files.check_regular(path, or_open_pipe=True)
    with pytest.raises(FileNotFoundError):
        files.check_regular(tmp_path / "none")
    read, write = os.pipe()
    open_pipe = Path(f"/dev/fd/{read}")
    files.check_regular(open_pipe, or_open_pipe=True)
    with pytest.raises(OSError, match="a named pipe"):
        files.check_regular(open_pipe)
    os.close(read)
    os.close(write)
