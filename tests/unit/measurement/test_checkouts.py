"""Checkouts: commits read from a repository's files, and digests of uncommitted changes."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from featray.measurement import checkouts

COMMIT = "1234567890abcdef1234567890abcdef12345678"


def repository(folder: Path, head: str) -> Path:
    (folder / ".git" / "refs" / "heads").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text(head + "\n")
    return folder


def test_a_detached_head_is_its_own_commit(tmp_path: Path) -> None:
    assert checkouts.read_git_head(repository(tmp_path, COMMIT)) == COMMIT


def test_a_branch_is_looked_up_among_loose_references(tmp_path: Path) -> None:
    repository(tmp_path, "ref: refs/heads/main")
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text(COMMIT + "\n")
    assert checkouts.read_git_head(tmp_path) == COMMIT


def test_a_branch_is_looked_up_among_packed_references(tmp_path: Path) -> None:
    repository(tmp_path, "ref: refs/heads/main")
    (tmp_path / ".git" / "packed-refs").write_text(
        f"# pack-refs\n{'0' * 40} refs/heads/other\n{COMMIT} refs/heads/main\n"
    )
    assert checkouts.read_git_head(tmp_path) == COMMIT


def test_a_worktree_points_to_its_repository(tmp_path: Path) -> None:
    main = repository(tmp_path / "main", "ref: refs/heads/main")
    (main / ".git" / "refs" / "heads" / "side").write_text(COMMIT + "\n")
    place = main / ".git" / "worktrees" / "side"
    place.mkdir(parents=True)
    (place / "HEAD").write_text("ref: refs/heads/side\n")
    (place / "commondir").write_text("../..\n")
    side = tmp_path / "side"
    side.mkdir()
    (side / ".git").write_text(f"gitdir: {place}\n")
    assert checkouts.read_git_head(side) == COMMIT


def test_a_folder_outside_any_repository_has_no_commit(tmp_path: Path) -> None:
    assert checkouts.read_git_head(tmp_path) is None


Install = Callable[[dict[str, Any] | None], str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution with a record of where it came from, and return its name."""

    def install(origin: dict[str, Any] | None) -> str:
        folder = tmp_path / "site" / "own-1.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text("Name: own\nVersion: 1\n")
        if origin is not None:
            (folder / "direct_url.json").write_text(json.dumps(origin))
        monkeypatch.syspath_prepend(str(folder.parent))
        return "own"

    return install


def test_an_editable_install_names_the_commit_of_its_checkout(tmp_path: Path, install: Install) -> None:
    package = repository(tmp_path, COMMIT) / "a package"
    package.mkdir()
    assert checkouts.find_commit(install({"url": package.as_uri(), "dir_info": {"editable": True}})) == COMMIT


def test_an_install_from_a_git_address_knows_its_commit(install: Install) -> None:
    name = install({"url": "https://example.org/x", "vcs_info": {"vcs": "git", "commit_id": COMMIT}})
    assert checkouts.find_commit(name) == COMMIT
    assert checkouts.find_changes(name) is None


@pytest.mark.parametrize("origin", [None, {"url": "file:///wheels/x.whl", "archive_info": {}}])
def test_an_ordinary_install_has_neither_commit_nor_changes(install: Install, origin: dict[str, Any] | None) -> None:
    name = install(origin)
    assert (checkouts.find_commit(name), checkouts.find_changes(name)) == (None, None)


def test_what_is_not_installed_has_neither_commit_nor_changes() -> None:
    missing = "no-such-distribution"
    assert (checkouts.find_commit(missing), checkouts.find_changes(missing)) == (None, None)


def run_git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    subprocess.run(["git", "-C", str(folder), *author, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a repository with one committed file."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    run_git(folder, "init")
    (folder / "code.py").write_text("a = 1\n")
    (folder / ".gitignore").write_text("*.pyc\n")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-m", "one file")
    return folder


def test_a_clean_checkout_has_no_changes(checkout: Path, install: Install) -> None:
    (checkout / "code.pyc").write_text("ignored")
    name = install({"url": checkout.as_uri(), "dir_info": {"editable": True}})
    assert checkouts.find_changes(name) is None


def test_equal_changes_have_equal_digests_and_other_changes_have_others(checkout: Path, install: Install) -> None:
    name = install({"url": checkout.as_uri(), "dir_info": {"editable": True}})
    digests = []
    for text in ("a = 2\n", "a = 3\n", "a = 2\n"):
        (checkout / "code.py").write_text(text)
        digests.append(checkouts.find_changes(name))
    assert digests[0] == digests[2] != digests[1]
    assert len(str(digests[0])) == 12


def test_a_staged_change_is_a_change(checkout: Path) -> None:
    (checkout / "code.py").write_text("a = 2\n")
    unstaged = checkouts.digest_changes(checkout)
    run_git(checkout, "add", ".")
    assert checkouts.digest_changes(checkout) == unstaged is not None


def test_an_untracked_file_is_a_change_by_its_name(checkout: Path) -> None:
    (checkout / "new.py").write_text("")
    first = checkouts.digest_changes(checkout)
    (checkout / "new.py").rename(checkout / "other.py")
    assert None is not first != checkouts.digest_changes(checkout)


def test_a_folder_that_git_refuses_has_no_changes(tmp_path: Path) -> None:
    assert checkouts.digest_changes(tmp_path) is None
