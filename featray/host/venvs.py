"""Virtual environments: another torch or py-feat beside featray's own, on the same host.

Flow: a cell with requirements -> `interpreter` -> the Python that its child runs in.
Each set of requirements is built once per host, with uv, in featray's cache. The folder is named by the set's digest.
Processes that need the same set at the same time wait for the one that builds it. featray itself is not installed
there: the child finds its source on PYTHONPATH. A set with a folder of this machine is built anew when a file in it has
changed.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from featray.core import identity, lockfile
from featray.host import requirement_secrets

MEASURING = ("psutil", "nvidia-ml-py")
"""What the child needs besides the sweep's requirements: its telemetry."""

UV = (sys.executable, "-m", "uv")
"""The uv that builds environments: the one that came with featray."""

BUILD_S = 1800.0  # torch with its CUDA libraries is 3 GB; over a slow line that takes a quarter of an hour

READY = ".featray-ready"

BUILT = ("build", "dist", "__pycache__", "venv", ".egg-info")
"""Ends of the names of folders inside a source that building it may change."""


class Unresolvable(OSError):
    """The requirements cannot be met on this host; the message is the resolver's."""


def interpreter(requirements: Sequence[str], cache: Path) -> str:
    """Find the Python for a set of requirements; build its environment first if it is missing.

    Raises:
        Unresolvable: uv cannot resolve, download or install the set.
    """
    if not requirements:
        return sys.executable
    folder = cache / "environments" / name(requirements)
    python = folder / "bin" / "python"
    if (folder / READY).exists():
        return str(python)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with lockfile.locked(folder.with_suffix(".lock")):
        if not (folder / READY).exists():
            shutil.rmtree(folder, ignore_errors=True)  # a build that was killed leaves a part
            _build(folder, python, requirements)
    return str(python)


def find_built(requirements: Sequence[str], cache: Path) -> str | None:
    """Find the Python for a set of requirements; None where its environment is not built yet."""
    if not requirements:
        return sys.executable
    folder = cache / "environments" / name(requirements)
    return str(folder / "bin" / "python") if (folder / READY).exists() else None


def name(requirements: Sequence[str]) -> str:
    """Name an environment by its packages, Python and platform: hosts of different kinds may share a cache.

    Requirements that are files or folders of this machine count with their names, sizes and times.
    """
    sources = [_stamp(source) for requirement in sorted(requirements) if (source := _local_source(requirement))]
    return identity.digest(
        ({"sources": sources} if sources else {})
        | {
            "requirements": sorted(requirements),
            "measuring": list(MEASURING),
            "python": platform.python_version(),
            "interpreter": str(Path(sys.executable).resolve()),
            "platform": [sys.platform, platform.machine()],
        }
    )


def _local_source(requirement: str) -> Path | None:
    """Return the file or folder that a requirement such as `mine @ file:///home/me/mine` names, if it is there."""
    path = _named_path(requirement)
    return path if path is not None and path.exists() else None


def _named_path(requirement: str) -> Path | None:
    found = re.search(r"@\s*(file://[^\s;]+)", requirement)
    return Path(url2pathname(urlsplit(found[1]).path)) if found else None


def find_missing(requirements: Sequence[str]) -> Path | None:
    """Return the first file or folder that a requirement names and that is not on this machine."""
    paths = (path for requirement in requirements for path in (_named_path(requirement), _named_clone(requirement)))
    return next((path for path in paths if path is not None and not path.exists()), None)


def _named_clone(requirement: str) -> Path | None:
    """Return the clone that a requirement such as `mine @ git+file:///home/me/mine@v2` names."""
    found = re.search(r"@\s*git\+(file://[^\s;]+)", requirement)
    if found is None:
        return None
    folder, _, name = urlsplit(found[1]).path.rpartition("/")
    return Path(url2pathname(f"{folder}/{name.partition('@')[0]}"))


def _stamp(source: Path) -> list[tuple[str, int, int]]:
    """List the name, size and time of every file of a source, without what builds and version control write there."""
    files = [source] if source.is_file() else []
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if not (name.startswith(".") or name.endswith(BUILT)))
        files += [Path(folder, name) for name in sorted(names)]
    states = [(file, file.lstat()) for file in files]
    return [(str(file.relative_to(source.parent)), state.st_size, state.st_mtime_ns) for file, state in states]


def packages(python: str) -> Path | None:
    """Find the folder of an environment's packages, by its interpreter; None where it has none."""
    return next(iter(sorted(Path(python).parents[1].glob("lib/python*/site-packages"))), None)


def source_link(cache: Path) -> Path:
    """Return a folder that holds the featray package and nothing else, for a child's PYTHONPATH.

    featray may be installed in site-packages, whose other packages must not reach the child.
    """
    package = Path(__file__).parents[1]
    folder = cache / "source" / identity.digest({"package": str(package)})
    link = folder / "featray"
    if not link.exists():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{os.getpid()}"
        temporary.symlink_to(package)
        temporary.replace(link)
    return folder


def _build(folder: Path, python: Path, requirements: Sequence[str]) -> None:
    _run([*UV, "venv", "--quiet", "--python", sys.executable, str(folder)])
    try:
        hidden = requirement_secrets.hide(requirements, os.environ)
    except ValueError as wrong:
        raise Unresolvable(str(wrong)) from wrong
    install = [*UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), "--requirements", "-"]
    for requirement in filter(_local_source, requirements):  # uv keeps what it once built of a folder
        install += ["--refresh-package", re.split(r"[\s@\[]", requirement, maxsplit=1)[0]]
    _run(install, typed="\n".join([*hidden.requirements, *MEASURING]), variables=hidden.variables)
    (folder / READY).touch()


def _run(command: list[str], *, typed: str = "", variables: Mapping[str, str] = types.MappingProxyType({})) -> None:
    """Run uv to its end.

    Args:
        command: Its command line, which every user of this machine can read.
        typed: Its stdin.
        variables: Added to those of this process.

    Raises:
        Unresolvable: it fails.
    """
    own = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    try:
        done = subprocess.run(
            command,
            input=typed,
            capture_output=True,
            text=True,
            timeout=BUILD_S,
            env={**own, **variables},
            check=False,
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        raise Unresolvable(f"building the environment took longer than {BUILD_S:.0f} s") from None
    if done.returncode != 0:
        raise Unresolvable(f"the environment cannot be built: {done.stderr.strip()}")
