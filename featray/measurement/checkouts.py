"""Checkouts: the commit of an installed distribution, and the uncommitted changes of an editable one.

Flow: `provenance.describe_software` -> `find_commit`, `find_changes` -> columns of a row.
The commit is read from the repository's files; the changes need the program git. Standard library only.
"""

import hashlib
import importlib.metadata
import json
import subprocess
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featray.core import identity

GIT_S = 5.0  # it takes 20 ms; a network disk that hangs must not hold the measurement up


def find_commit(distribution: str) -> str | None:
    """Find the git commit that a distribution was installed from: an editable checkout, or a git address.

    An editable checkout is read again at each call, since its commit changes without a new installation.
    """
    origin = _read_origin(distribution)
    if "vcs_info" in origin:
        commit = origin["vcs_info"].get("commit_id")
        return commit if isinstance(commit, str) else None
    folder = _find_repository(origin)
    return None if folder is None else read_git_head(folder)


def find_changes(distribution: str) -> str | None:
    """Compute a digest of an editable distribution's uncommitted changes; None without a checkout or a change."""
    folder = _find_repository(_read_origin(distribution))
    return None if folder is None else digest_changes(folder)


def digest_changes(folder: Path) -> str | None:
    """Compute a digest of what differs from HEAD: contents of tracked files, and names of untracked ones.

    Returns:
        Hex digits; None for a clean checkout, and where git is missing, refuses or takes longer than `GIT_S`.
    """
    changed = _run_git(folder, "diff", "--no-ext-diff", "--no-color", "--binary", "HEAD")
    untracked = _run_git(folder, "ls-files", "--others", "--exclude-standard", "-z")
    if changed is None or untracked is None or not (changed or untracked):
        return None
    return hashlib.sha256(changed + b"\0" + untracked).hexdigest()[: identity.ID_LENGTH]


def _run_git(folder: Path, *arguments: str) -> bytes | None:
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, timeout=GIT_S, check=True, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def _read_origin(distribution: str) -> Mapping[str, Any]:
    """Read where a distribution was installed from; empty for an ordinary one and where it is not installed.

    Source: PEP 610, direct_url.json.
    """
    try:
        text = importlib.metadata.distribution(distribution).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return {}
    origin: Mapping[str, Any] = json.loads(text) if text else {}
    return origin


def _find_repository(origin: Mapping[str, Any]) -> Path | None:
    """Find the repository of an editable installation."""
    if not origin.get("dir_info", {}).get("editable"):
        return None
    package = Path(urllib.parse.unquote(urllib.parse.urlsplit(origin["url"]).path))
    return next((folder for folder in (package, *package.parents) if read_git_head(folder)), None)


def read_git_head(folder: Path) -> str | None:
    """Read the commit of a checkout's HEAD from its files; None where there is no repository.

    Source:
        gitrepository-layout(5): worktrees, loose and packed references.
    """
    try:
        git = _git_folder(folder)
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        common = git / "commondir"
        shared = (git / common.read_text(encoding="utf-8").strip()) if common.is_file() else git
        if (shared / name).is_file():
            return (shared / name).read_text(encoding="utf-8").strip()
        packed = (shared / "packed-refs").read_text(encoding="utf-8")
    except OSError:
        return None
    return next((line.split()[0] for line in packed.splitlines() if line.endswith(f" {name}")), None)


def _git_folder(folder: Path) -> Path:
    git = folder / ".git"
    if git.is_file():  # a worktree or submodule: the file names the repository
        return folder / git.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
    return git
