"""Which commit of featray runs."""

import os
import subprocess
from pathlib import Path

import pytest

from featray.host import checkout, environments

GIT = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let featray run from another folder."""
    monkeypatch.setattr(environments, "source_folder", lambda: tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | GIT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_commit_is_named_and_changed_files_add_a_plus(source: Path) -> None:
    git(source, "init", "--quiet")
    (source / "file").write_text("a")
    git(source, "add", "file")
    git(source, "commit", "--quiet", "--message", "first")
    commit = git(source, "rev-parse", "--short", "HEAD")
    assert checkout.describe_commit() == commit
    (source / "file").write_text("b")
    assert checkout.describe_commit() == f"{commit}+"


def test_an_installed_featray_has_no_commit(source: Path) -> None:  # noqa: ARG001 - an empty folder
    assert checkout.describe_commit() is None


def test_a_checkout_without_git_has_no_commit(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source / ".git").mkdir()
    monkeypatch.setenv("PATH", str(source))
    assert checkout.describe_commit() is None
