"""Versions: releases, commits and files between two, and what is said where there are none."""

import subprocess
from pathlib import Path

import pytest

from featray.core.package_version import PackageVersion
from featray.errors import BadInput
from featray.running import versions
from tests.support.versions_of_packages import write_project, write_wheel


def find(good: str, bad: str, cache: Path, **options: str) -> tuple[str, list[PackageVersion]]:
    return versions.find(good, bad, cache=cache, say=lambda _: None, **options)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with wheels of five versions, of which 1.10 is the newest."""
    for version in ("1.1", "1.2", "1.3", "1.9", "1.10"):
        write_wheel(tmp_path / "wheels", version, 0.01)
    return tmp_path / "wheels"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with four commits on its branch, one of them a merge, and a tag at the first."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "one")
    git(folder, "tag", "v1")
    commit(folder, "two")
    git(folder, "checkout", "--quiet", "-b", "side")
    commit(folder, "aside")
    git(folder, "checkout", "--quiet", "main")
    commit(folder, "three")
    git(folder, "merge", "--quiet", "--no-edit", "-m", "merge", "side")
    return folder


def git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *names, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, name: str) -> None:
    (folder / name).write_text(name, encoding="utf-8")
    git(folder, "add", name)
    git(folder, "commit", "--quiet", "-m", name)


# -- files


def test_wheels_of_a_folder_are_ordered_by_their_versions(wheels: Path, tmp_path: Path) -> None:
    name, found = find("1.2", "1.10", tmp_path / "cache", source=str(wheels))
    assert name == "tick"
    assert [one.name for one in found] == ["1.2", "1.3", "1.9", "1.10"]
    assert found[0].requirement.startswith(f"tick @ {wheels.as_uri()}/tick-1.2-py3-none-any.whl#sha256=")


def test_two_paths_of_one_folder_need_no_source(wheels: Path, tmp_path: Path) -> None:
    ends = [str(wheels / f"tick-{version}-py3-none-any.whl") for version in ("1.1", "1.3")]
    _, found = find(ends[0], ends[1], tmp_path / "cache")
    assert [one.name for one in found] == ["1.1", "1.2", "1.3"]


def test_another_file_of_the_same_name_is_another_version(wheels: Path, tmp_path: Path) -> None:
    before = find("1.1", "1.2", tmp_path / "cache", source=str(wheels))[1]
    write_wheel(wheels, "1.1", 0.02)
    after = find("1.1", "1.2", tmp_path / "cache", source=str(wheels))[1]
    assert before[0].requirement != after[0].requirement
    assert before[1] == after[1]


def test_folders_with_sources_are_built_once_and_left_as_they_are(tmp_path: Path) -> None:
    for version in ("1.0", "1.1"):
        write_project(tmp_path / "sources" / f"tick-{version}", version, 0.01)
    said: list[str] = []
    arguments = ("tick-1.0", "1.1")
    for _ in range(2):
        _, found = versions.find(
            *arguments, source=str(tmp_path / "sources"), cache=tmp_path / "cache", say=said.append
        )
    assert [one.name for one in found] == ["1.0", "1.1"]
    assert said == ["building tick-1.0", "building tick-1.1"]
    assert sorted(path.name for path in (tmp_path / "sources" / "tick-1.0").iterdir()) == [
        "build_here.py",
        "pyproject.toml",
        "tick.py",
    ]


def test_faults_of_a_folder_are_named(wheels: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(BadInput, match=r"no version '1\.4'; expected 1\.1, 1\.2"):
        find("1.4", "1.9", cache, source=str(wheels))
    with pytest.raises(BadInput, match=r"newer than 1\.1; name the older version first"):
        find("1.3", "1.1", cache, source=str(wheels))
    with pytest.raises(BadInput, match="the same version"):
        find("1.3", "1.3", cache, source=str(wheels))
    with pytest.raises(BadInput, match="no package 'tock'"):
        find("1.1", "1.3", cache, source=str(wheels), package="tock")
    write_wheel(wheels, "1.0", 0.01, package="tock")
    with pytest.raises(BadInput, match="holds tick, tock; choose one with package="):
        find("1.1", "1.3", cache, source=str(wheels))
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no wheel, no sdist and no folder"):
        find("1.1", "1.3", cache, source=str(tmp_path / "empty"))


def test_two_folders_of_one_version_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_project(tmp_path / "sources" / name, "1.0", 0.01)
    with pytest.raises(BadInput, match=r"a and b both have version 1\.0"):
        find("a", "b", tmp_path / "cache", source=str(tmp_path / "sources"))


# -- commits


def test_commits_of_a_clone_are_those_of_its_branch_and_a_merge_is_one(clone: Path, tmp_path: Path) -> None:
    name, found = find("v1", "main", tmp_path / "cache", source=str(clone))
    assert name == "py-feat"
    assert [(one.note or "").split(" ", 1)[1] for one in found] == ["one", "two", "three", "merge"]
    head = git(clone, "rev-parse", "main")
    assert found[-1].requirement == f"py-feat @ git+{clone.as_uri()}@{head}"
    assert head.startswith(found[-1].name)


def test_commits_at_an_address_come_from_a_clone_in_the_cache_which_learns_new_ones(
    clone: Path, tmp_path: Path
) -> None:
    address = f"git+{clone.as_uri()}#subdirectory=python"
    said: list[str] = []

    def ask(bad: str) -> list[PackageVersion]:
        return versions.find("v1", bad, package="tick", source=address, cache=tmp_path / "c", say=said.append)[1]

    clone_elsewhere = clone.rename(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match=r"cannot be cloned .* Without a network name a local clone"):
        ask("main")
    clone_elsewhere.rename(clone)
    assert len(ask("main")) == 4
    commit(clone, "four")
    new = git(clone, "rev-parse", "main")
    found = ask("main")
    assert len(found) == 5
    assert found[-1].requirement == f"tick @ git+{clone.as_uri()}@{new}#subdirectory=python"
    clone.rename(tmp_path / "elsewhere")
    assert ask("main") == found
    assert [text.partition(" ")[0] for text in said[:4]] == ["cloning", "cloning", "fetching", "fetching"]
    assert said[4].endswith("cannot be reached; its commits are those of the last time")


def test_a_password_in_an_address_is_not_shown(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(BadInput, match="cannot be cloned") as refused:
        versions.find(
            *("aaaaaaa", "bbbbbbb"),
            source="https://me:hunter2secret@127.0.0.1:9/x.git",
            cache=tmp_path / "c",
            say=said.append,
        )
    assert "hunter2secret" not in str(refused.value)
    assert "hunter2secret" not in said[0]


def test_faults_of_commits_are_named(clone: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(BadInput, match="has no commit 'v9'"):
        find("v9", "main", cache, source=str(clone))
    with pytest.raises(BadInput, match=r"main is no ancestor of v1 in .*; v1 is one of main, so exchange the two"):
        find("main", "v1", cache, source=str(clone))
    with pytest.raises(BadInput, match="the same commit"):
        find("v1", "v1", cache, source=str(clone))
    with pytest.raises(BadInput, match="no such folder, and no git address"):
        find("v1", "main", cache, source=str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match="name its repository with source="):
        find("abc1234", "main", cache, package="torch")


# -- releases


@pytest.fixture
def index(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set uv to an index that holds the wheels and nothing else."""
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))


@pytest.mark.usefixtures("index")
def test_releases_are_those_that_uv_finds_in_its_index(tmp_path: Path) -> None:
    name, found = find("1.1", "1.10", tmp_path, package="tick")
    assert name == "tick"
    assert [one.requirement for one in found] == [f"tick=={one}" for one in ("1.1", "1.2", "1.3", "1.9", "1.10")]


@pytest.mark.usefixtures("index")
def test_faults_of_releases_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"uv finds no release tick==2\.0"):
        find("1.1", "2.0", tmp_path, package="tick")
    with pytest.raises(BadInput, match=r"uv finds no release tick>=1\.0,<1\.1"):
        find("1.0", "1.2", tmp_path, package="tick")
    with pytest.raises(BadInput, match=r"newer than 1\.1; name the older release first"):
        find("1.2", "1.1", tmp_path, package="tick")
    with pytest.raises(BadInput, match="the same release"):
        find("1.1", "1.1.0", tmp_path, package="tick")


def test_a_hash_is_no_release() -> None:
    assert versions._are_releases("2.1.0", "2.1.5")
    assert not versions._are_releases("864962c", "2.1.5")
    assert not versions._are_releases("1234567", "2.1.5")
