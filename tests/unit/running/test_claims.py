"""Claims: one submit at a time for a sweep and a store, and the names of who holds what."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from featray.errors import BackendError, BadInput, Busy, StoreError
from featray.running import claims
from featray.running.claims import claim, holder_name
from tests.support.replays import load_sweep


def test_a_sweep_is_claimed_by_one_submit_at_a_time(tmp_path: Path) -> None:
    with claim(str(tmp_path), "demo"):
        with pytest.raises(Busy, match=r"demo is being submitted to .* by .*process \d+"), claim(str(tmp_path), "demo"):
            pass
        with claim(str(tmp_path), "other"):
            pass
    with claim(str(tmp_path), "demo"):
        pass


def test_a_lock_file_that_somebody_removes_lets_no_second_submit_in(tmp_path: Path) -> None:
    with claim(str(tmp_path), "demo") as sign:
        sign("demo-1")
        (tmp_path / ".demo.lock").unlink()
        assert claims.is_claimed(str(tmp_path), "demo")
        with pytest.raises(Busy, match=r"by .*process \d+, as run demo-1; wait"):
            claims.check_free(str(tmp_path), "demo")
        (tmp_path / "link").symlink_to(tmp_path)
        with pytest.raises(Busy), claim(str(tmp_path / "link"), "demo"):
            pass
    assert not claims.is_claimed(str(tmp_path), "demo")
    claims.check_free(str(tmp_path), "demo")


def test_a_file_system_without_locks_is_one_clear_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match=r"its file system has no locks \(Function not implemented\)"):
        claims.check_free(str(tmp_path), "demo")


def test_a_store_that_cannot_be_written_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"), claim(str(tmp_path / "file"), "demo"):
        pass


def fill_disk(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Let no file below a folder be written, nor made, as on a full disk."""
    real_write, real_open = os.pwrite, os.open

    def pwrite(file: int, content: bytes, offset: int) -> int:
        if Path(f"/proc/self/fd/{file}").resolve().is_relative_to(place):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real_write(file, content, offset)

    def open_file(path: str | Path, flags: int, *arguments: Any, dir_fd: int | None = None) -> int:
        folder = Path(f"/proc/self/fd/{dir_fd}").resolve() if dir_fd is not None else Path()
        if flags & os.O_CREAT and (folder / path).is_relative_to(place):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return real_open(path, flags, *arguments, dir_fd=dir_fd)

    monkeypatch.setattr(os, "pwrite", pwrite)
    monkeypatch.setattr(os, "open", open_file)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux which file is open")
@pytest.mark.parametrize("has_lock", [True, False])
def test_a_store_on_a_full_disk_is_one_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_lock: bool
) -> None:
    if has_lock:
        (tmp_path / ".demo.lock").write_text("")
    fill_disk(monkeypatch, tmp_path.resolve())
    with (
        pytest.raises(StoreError, match=r"cannot be written \(No space left on device\); free some space") as raised,
        claim(str(tmp_path), "demo"),
    ):
        pass
    assert raised.value.exit_code == 3
    monkeypatch.undo()
    with claim(str(tmp_path), "demo"):
        pass


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux which file is open")
def test_a_full_disk_of_the_machines_locks_only_hides_the_name_of_the_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases, results = tmp_path / "leases", str(tmp_path / "results")
    monkeypatch.setenv("FEATRAY_LEASES", str(leases))
    with claim(results, "demo"):
        pass
    fill_disk(monkeypatch, leases.resolve())
    with claim(results, "demo"):
        (tmp_path / "results" / ".demo.lock").unlink()
        with pytest.raises(Busy, match=r"is being submitted"):
            claims.check_free(results, "demo")
    with (
        pytest.raises(BackendError, match=r"\(No space left on device\); free some space, or name another folder"),
        claim(results, "another"),
    ):
        pass


def test_a_user_without_a_name_still_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert holder_name().startswith(f"uid {os.getuid()}@")


def test_a_job_says_whether_targets_are_interchangeable(tmp_path: Path) -> None:
    for text, value in (("", "false"), ("interchangeable: true", "true")):
        metadata = claims.job_metadata(load_sweep(tmp_path, text), "/r")
        assert metadata[claims.INTERCHANGEABLE] == value
        assert metadata["featray_sweep"] == metadata["job_name"] == "demo"
        assert metadata["featray_store"] == "/r"


def test_a_store_whose_address_carries_credentials_is_not_claimed() -> None:
    with pytest.raises(BadInput, match="holds credentials"):
        claims.check_free("s3://KEY:SECRET@bucket/results", "demo")


def test_the_name_of_a_holder_is_shown_as_one_line_of_plain_text(tmp_path: Path) -> None:
    with claim(str(tmp_path), "demo"):
        (tmp_path / ".demo.lock").write_text("\x1b[2Jann\n" + "x" * 5000)
        with pytest.raises(Busy) as refusal:
            claims.check_free(str(tmp_path), "demo")
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 500
