"""What Ray needs of this machine is checked before Ray is started, and each lack comes with its remedy."""

import resource
from pathlib import Path

import pytest

from featray.backends.ray import needs
from featray.errors import BackendError


@pytest.fixture(autouse=True)
def fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setattr(needs, "SHARED_MEMORY", tmp_path)


def complain() -> str:
    with pytest.raises(BackendError) as refused:
        needs.check()
    return str(refused.value)


def test_a_machine_that_has_everything_is_let_through() -> None:
    needs.check()


def test_too_few_open_files_are_named_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    assert "may have 64 open files, and Ray needs 256: raise the limit (`ulimit -n 65536`)" in complain()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 4096))  # Ray raises the soft limit itself
    needs.check()


@pytest.mark.parametrize(
    ("variable", "folder", "remedy"),
    [
        ("RAY_AUTH_TOKEN_PATH", "file/.ray/auth_token", "name another file in RAY_AUTH_TOKEN_PATH"),
        ("RAY_TMPDIR", "file/tmp", "name another one in RAY_TMPDIR"),
    ],
)
def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, folder: str, remedy: str
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv(variable, str(tmp_path / folder))
    told = complain()
    assert "cannot be written (Not a directory)" in told
    assert remedy in told


def test_a_token_that_is_there_needs_no_folder_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "nosuch" / "token"))
    needs.check()


def test_shared_memory_that_cannot_be_written_is_named_and_a_system_without_it_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needs, "SHARED_MEMORY", tmp_path / "nosuch")
    needs.check()
    monkeypatch.setattr(needs, "SHARED_MEMORY", Path("/proc/self"))
    assert "/proc/self cannot be written" in complain()
