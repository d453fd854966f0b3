"""Versions: which versions of a package lie between two, and what uv installs for each.

Flow: two names, a source -> `find` -> `PackageVersion` from the first to the last -> `api.bisect`.

    git_commits     commits of a local clone or of a git address
    index_releases  releases of the package index that uv is set to
    package_files   wheels, sdists and package folders of a folder

A source is a folder, an address, or None: then two names that look like releases are releases of the index, and others
are commits of py-feat's repository.
"""

import re
from collections.abc import Callable
from pathlib import Path

from featray.core.argument_names import argument
from featray.core.package_version import PackageVersion
from featray.errors import BadInput
from featray.planning import releases
from featray.running.versions import git_commits, index_releases, package_files

PYFEAT = "py-feat"
PYFEAT_ADDRESS = "https://github.com/cosanlab/py-feat"


def find(
    good: str,
    bad: str,
    *,
    package: str | None = None,
    source: str | None = None,
    cache: Path,
    say: Callable[[str], None],
) -> tuple[str, list[PackageVersion]]:
    """List the versions from one to another, both included.

    Args:
        good: Release, commit, or path of a file or folder.
        bad: The same.
        package: Name of the package; None takes py-feat, or the one that a folder of files holds.
        source: Folder or git address; None as above.
        cache: Folder for clones of addresses and for wheels that are built of folders.
        say: Called with what takes long.

    Returns:
        The package's name, and at least two versions.

    Raises:
        BadInput: there is no such source or version, or the two are the same or in the wrong order.
    """
    if source is None and _is_path(good) and _is_path(bad):
        source, good, bad = _shared_folder(good, bad)
    if source is None and _are_releases(good, bad):
        return package or PYFEAT, index_releases.find(package or PYFEAT, good, bad, say=say)
    if source is None and package not in (None, PYFEAT):
        raise BadInput(
            f"{good}, {bad}: no releases; to bisect commits of {package}, name its repository with {argument('source')}"
        )
    source = source or PYFEAT_ADDRESS
    folder = Path(source.removeprefix("file://")).expanduser()
    if git_commits.is_clone(folder):
        return package or PYFEAT, git_commits.find_in_clone(package or PYFEAT, folder.resolve(), good, bad)
    if folder.is_dir():
        return package_files.find(package, folder.resolve(), good, bad, cache=cache, say=say)
    if _ADDRESS.match(source):
        return package or PYFEAT, git_commits.find_at(package or PYFEAT, source, good, bad, cache=cache, say=say)
    raise BadInput(
        f"{argument('source', source)}: no such folder, and no git address; expected a clone, an address or a folder"
    )


_ADDRESS = re.compile(r"(git\+)?(https?|ssh|git|file)://|[\w.-]+@[\w.-]+:")


def _is_path(name: str) -> bool:
    return ("/" in name or name.endswith((".whl", ".tar.gz"))) and Path(name).exists()


def _shared_folder(good: str, bad: str) -> tuple[str, str, str]:
    """Split two paths of one folder into the folder and two names."""
    ours, theirs = Path(good).resolve(), Path(bad).resolve()
    if ours.parent != theirs.parent:
        raise BadInput(
            f"{good} and {bad} are in different folders; put all versions into one, and name it with "
            f"{argument('source')}"
        )
    return str(ours.parent), ours.name, theirs.name


def _are_releases(good: str, bad: str) -> bool:
    """Return True for two version numbers; a hash such as 864962c is none, and 1234567 is taken for a hash."""
    return all(releases.parse(name) is not None and not _HASH.fullmatch(name) for name in (good, bad))


_HASH = re.compile(r"[0-9a-f]{7,40}")
