"""FFmpeg: finds the shared libraries that torchcodec decodes with, also on a host without FFmpeg.

Flow: `host.supervisor` calls `find`, which asks `ffmpeg_probe`. It sets `make_library_path` in the child's environment,
since the dynamic loader reads its search path only once, when a process starts.
torchcodec loads FFmpeg's libraries by name, and pip installs none. The system's libraries are used if the loader finds
a complete set. Otherwise PyAV's are used: its wheel bundles them under mangled names, and a folder of symbolic links
gives them the names that the loader looks for.

The files of a torchcodec say which versions of FFmpeg it can load; that of an environment may be older than this one's.

Standard library only: the parent has neither torch nor PyAV loaded. On macOS the bundled files are linked in the same
way for DYLD_LIBRARY_PATH; that has not been tried on a Mac.
"""

import ctypes
import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from featray.measurement import ffmpeg_probe, torchcodec_files

SYSTEM, PYAV = "system", "pyav"

MACOS = torchcodec_files.MACOS
PATH_VARIABLE = ffmpeg_probe.PATH_VARIABLE

CHOICE_VARIABLE = "FEATRAY_FFMPEG"
"""Environment variable: `system` or `pyav`, to use no other libraries."""

_BUNDLED = re.compile(r"lib(?P<name>(?:av|sw)[a-z]+)(?:-[0-9a-f]+)?\.(?:so\.(?P<so>\d+)|(?P<dylib>\d+)[.\d]*\.dylib)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Libraries:
    """One complete set of FFmpeg libraries, or none (`origin` is None)."""

    origin: str | None  # SYSTEM or PYAV
    version: str | None
    folder: Path | None  # for the library path; None for the system's
    lack: str | None = None  # why there is none, where a torchcodec is installed that needs one
    remedy: str | None = None


NO_LIBRARIES = Libraries(origin=None, version=None, folder=None)

NO_FFMPEG = Libraries(
    origin=None,
    version=None,
    folder=None,
    lack="no FFmpeg that torchcodec can load",
    remedy="python -m pip install av",
)


def find(cache: Path, prefer: str | None = None, packages: Path | None = None) -> Libraries:
    """Choose the libraries for a child process: the system's if complete, else PyAV's.

    Args:
        cache: featray's cache folder; it holds the links to PyAV's libraries, and what was found before.
        prefer: `system` or `pyav`, to use no other; None reads the environment variable FEATRAY_FFMPEG.
        packages: Folder of the packages of another interpreter, whose torchcodec is to load the libraries. This
            interpreter's PyAV is taken before its own, so that both decode with the same FFmpeg where they can.
    """
    torchcodec = torchcodec_files.find(packages)
    if torchcodec is None:
        return NO_LIBRARIES
    choice = prefer or os.environ.get(CHOICE_VARIABLE)
    inherited = _without(cache / "ffmpeg", os.environ.get(PATH_VARIABLE))
    if choice != PYAV and (version := ffmpeg_probe.find_version(inherited, cache, torchcodec)):
        return Libraries(origin=SYSTEM, version=version, folder=None)
    bundled = [] if choice == SYSTEM else _list_bundled(packages)
    for folder in (_link(each, cache / "ffmpeg") for each in bundled):
        if version := ffmpeg_probe.find_version(str(folder), cache, torchcodec):
            return Libraries(origin=PYAV, version=version, folder=folder)
    return _explain(bundled[-1], cache, torchcodec) if bundled else NO_FFMPEG


def _explain(bundled: Path, cache: Path, torchcodec: Path) -> Libraries:
    """Say why a torchcodec cannot load the libraries of a PyAV, and what to do."""
    found, own = _read_version(bundled, cache), list(torchcodec_files.list_files(torchcodec))
    name = _name_package(torchcodec.parent, "torchcodec")
    loads = f"{name}, which loads {torchcodec_files.say_versions(own)}"
    pyav = _name_package(bundled.parent if bundled.name == "av.libs" else bundled.parents[1], "av")
    if found is None:
        return dataclasses.replace(NO_FFMPEG, lack=f"the FFmpeg of {pyav} is incomplete", remedy=REINSTALL)
    is_newer = bool(own) and int(found.partition(".")[0]) > max(own)
    older = f"python -m pip install 'av<{pyav.partition(' ')[2].partition('.')[0] or 'VERSION'}'"
    return dataclasses.replace(
        NO_FFMPEG,
        lack=f"{pyav} brings FFmpeg {found}, too {'new' if is_newer else 'old'} for {loads}",
        remedy=f"{older}, or a newer torchcodec" if is_newer else "python -m pip install --upgrade av",
    )


REINSTALL = "python -m pip install --force-reinstall av"


def _read_version(bundled: Path, cache: Path) -> str | None:
    """Read the version of PyAV's FFmpeg from its libavutil; None where that does not load."""
    matches = [
        match for file in bundled.iterdir() if (match := _BUNDLED.match(file.name)) and match["name"] == "avutil"
    ]
    names = [torchcodec_files.file_name("avutil", int(match["so"] or match["dylib"])) for match in matches]
    try:
        return ffmpeg_probe.load(str(_link(bundled, cache / "ffmpeg")), [[name] for name in names]) or None
    except subprocess.TimeoutExpired:
        return None


def _name_package(packages: Path, name: str) -> str:
    """Name a package with its version: `torchcodec 0.11.1`; PyAV by its own name."""
    found = next(iter(importlib.metadata.distributions(name=name, path=[str(packages)])), None)
    shown = "PyAV" if name == "av" else name
    return f"{shown} {found.version}" if found else shown


def make_library_path(libraries: Libraries, inherited: str | None) -> str | None:
    """Compute the child's value of `PATH_VARIABLE`; None leaves it unset."""
    if libraries.folder is None:
        return inherited or None
    return os.pathsep.join([str(libraries.folder), *([inherited] if inherited else [])])


def find_loaded() -> Libraries:
    """Find the FFmpeg that this process has loaded; none before torchcodec is imported, or without /proc."""
    maps = Path("/proc/self/maps")
    if not maps.is_file():
        return NO_LIBRARIES
    path = next((Path(name) for name in _mapped(maps.read_text(encoding="utf-8", errors="replace"))), None)
    if path is None:
        return NO_LIBRARIES
    version = ctypes.CDLL(str(path)).av_version_info  # loaded already, so this opens nothing new
    version.restype = ctypes.c_char_p
    bundled = path.parent.name == "av.libs"
    return Libraries(
        origin=PYAV if bundled else SYSTEM,
        version=version().decode(),
        folder=path.parent if bundled else None,
    )


def describe(libraries: Libraries) -> str | None:
    """Write the libraries as rows store them, such as `8.0.1 (pyav)`; None when there are none."""
    return None if libraries.origin is None else f"{libraries.version} ({libraries.origin})"


def _mapped(text: str) -> Iterator[str]:
    for line in text.splitlines():
        name = line.partition("/")[2]
        if re.match(r"libavutil[-.]", name.rpartition("/")[2]):
            yield "/" + name


def _without(folder: Path, inherited: str | None) -> str | None:
    """Remove featray's own links from a library path, so that PyAV's libraries are never taken for the system's."""
    entries = (inherited or "").split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if entry and not Path(entry).is_relative_to(folder)) or None


def _list_bundled(packages: Path | None) -> list[Path]:
    """List the folders of libraries in PyAV's wheels, without importing it, which would load them."""
    spec = importlib.util.find_spec("av")
    own = [] if spec is None or spec.origin is None else [Path(spec.origin).parent]
    others = [] if packages is None else [packages / "av"]
    folders = [package / ".dylibs" if MACOS else package.parent / "av.libs" for package in (*own, *others)]
    return list(dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir()))


def _links(bundled: Path) -> dict[str, Path]:
    """Map link names to PyAV's files: every file's name, and for FFmpeg's also the name that the loader looks for."""
    links: dict[str, Path] = {}
    for file in sorted(bundled.iterdir()):
        links[file.name] = file
        if match := _BUNDLED.match(file.name):
            links[torchcodec_files.file_name(match["name"], int(match["so"] or match["dylib"]))] = file
    return links


def _link(bundled: Path, parent: Path) -> Path:
    """Make the folder of links, complete or not at all. Each PyAV has its own folder."""
    links = _links(bundled)
    identity = "\n".join(f"{name} {target} {target.stat().st_size}" for name, target in links.items())
    folder = parent / f"pyav-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    if folder.is_dir() and _names(folder) == set(links):
        return folder
    parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix="making-", dir=parent))
    new.chmod(0o755)  # mkdtemp's 0700 would lock out the other users of a shared cache
    for name, target in links.items():
        (new / name).symlink_to(target)
    _put_in_place(new, folder)
    return folder


def _put_in_place(new: Path, folder: Path) -> None:
    """Rename a finished folder into place; if another process was first with an equal one, drop ours."""
    try:
        new.rename(folder)
        return
    except OSError:
        if _names(folder) == _names(new):
            shutil.rmtree(new)
            return
    # The folder is incomplete: somebody deleted links from it. Move it away in one step.
    broken = Path(tempfile.mkdtemp(prefix="broken-", dir=folder.parent))
    folder.rename(broken / "links")
    new.rename(folder)
    shutil.rmtree(broken)


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}
