"""Package files: versions of a package that lie in one folder, as wheels, sdists or folders with sources.

Flow: `versions.find` -> files -> `PackageVersion`. A requirement names the content of its file, so that another file of
the same name is another version. Folders with sources are built into wheels first.
"""

import dataclasses
import hashlib
import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from featray.core import wording
from featray.core.argument_names import argument
from featray.core.package_version import PackageVersion
from featray.errors import BadInput, suggest
from featray.planning import releases

BUILD_S = 1800.0
PROJECT_FILES = ("pyproject.toml", "setup.py")


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Found:
    """One version: its file, and the name under which people see it in the folder."""

    package: str
    version: Version
    file: Path
    shown: str


def find(
    package: str | None, folder: Path, good: str, bad: str, *, cache: Path, say: Callable[[str], None]
) -> tuple[str, list[PackageVersion]]:
    """List the versions in a folder from one to another, by their version numbers.

    Args:
        package: Its name; None takes the only one that the folder holds.
        folder: Where the files lie.
        good: Version, or name of a file or folder.
        bad: The same.
        cache: Folder for wheels that are built.
        say: Called with what takes long.

    Raises:
        BadInput: there is no such version, two have the same number, or a folder cannot be built.
    """
    found = [*_files(folder), *_built(folder, cache, say)]
    package = _one_package(package, folder, found)
    ordered = sorted((one for one in found if one.package == canonicalize_name(package)), key=lambda one: one.version)
    for before, after in itertools.pairwise(ordered):
        if before.version == after.version:
            same = f"{before.shown} and {after.shown} both have version {after.version}"
            raise BadInput(f"{folder}: {same}; give each a version of its own")
    first, last = (_place(name, ordered, folder) for name in (good, bad))
    if first == last:
        raise BadInput(f"{good} and {bad} are the same version")
    if first > last:
        raise BadInput(f"{good} is newer than {bad}; name the older version first")
    return package, [_version(package, one) for one in ordered[first : last + 1]]


def _version(package: str, found: _Found) -> PackageVersion:
    digest = hashlib.sha256(found.file.read_bytes()).hexdigest()
    requirement = f"{package} @ {found.file.as_uri()}#sha256={digest}"
    return PackageVersion(name=str(found.version), requirement=requirement, note=found.shown)


def _files(folder: Path) -> Iterator[_Found]:
    for file in sorted(folder.iterdir()):
        if file.is_file() and (read := _read_name(file.name)) is not None:
            yield _Found(package=read[0], version=read[1], file=file, shown=file.name)


def _read_name(name: str) -> tuple[str, Version] | None:
    """Read package and version from the name of a file; None where it is no wheel and no sdist."""
    try:
        return parse_wheel_filename(name)[:2] if name.endswith(".whl") else parse_sdist_filename(name)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


def _built(folder: Path, cache: Path, say: Callable[[str], None]) -> Iterator[_Found]:
    """Build a wheel of each folder that holds a package; one that is built already is taken from the cache."""
    for source in sorted(folder.iterdir()):
        if source.is_dir() and any((source / name).is_file() for name in PROJECT_FILES):
            file = _build(source, cache / "wheels" / _digest(source), say)
            read = _read_name(file.name)
            if read is not None:
                yield _Found(package=read[0], version=read[1], file=file, shown=source.name)


def _digest(folder: Path) -> str:
    """Name the content of a folder; hidden files and what Python writes beside sources do not count."""
    content = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if file.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
            content.update(f"{inside} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return content.hexdigest()[:12]


def _build(source: Path, target: Path, say: Callable[[str], None]) -> Path:
    """Build a wheel into a folder of its own.

    Raises:
        BadInput: it cannot be built.
    """
    if done := list(target.glob("*.whl")):
        return done[0]
    say(f"building {source.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        copied, made = Path(temporary) / "source", Path(temporary) / "wheel"
        shutil.copytree(source, copied, ignore=shutil.ignore_patterns(".*", "__pycache__"))  # a build writes into it
        built = subprocess.run(
            [*BUILD, "--out-dir", str(made), str(copied)], capture_output=True, text=True, timeout=BUILD_S, check=False
        )
        wheels = list(made.glob("*.whl"))
        if built.returncode != 0 or not wheels:
            raise BadInput(f"{source}: cannot be built into a wheel ({wording.shortened(built.stderr, 300)})")
        target.mkdir(exist_ok=True)
        wheels[0].replace(target / wheels[0].name)
    return target / wheels[0].name


BUILD = (sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--python", sys.executable)


def _one_package(package: str | None, folder: Path, found: Sequence[_Found]) -> str:
    names = sorted({one.package for one in found})
    if not names:
        raise BadInput(f"{folder}: no wheel, no sdist and no folder with a pyproject.toml in it")
    if package is None and len(names) > 1:
        raise BadInput(f"{folder}: holds {wording.listed(names)}; choose one with {argument('package')}")
    if package is not None and canonicalize_name(package) not in names:
        raise BadInput(f"{folder}: no package {package!r}{suggest(package, names)}")
    return package or names[0]


def _place(name: str, ordered: Sequence[_Found], folder: Path) -> int:
    """Find a version by its number, or by the name of its file or folder."""
    version = releases.parse(name)
    for place, one in enumerate(ordered):
        if name == one.shown or (version is not None and version == one.version):
            return place
    raise BadInput(f"{folder}: no version {name!r}{suggest(name, [str(one.version) for one in ordered])}")
