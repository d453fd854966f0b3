"""Provenance: which machine this is, and which versions and thread counts are in effect.

Flow: the inventory and the supervisor ask `describe_host`, which is cheap and imports nothing heavy; the child adds
`describe_software` once its detector is loaded. Both are columns of `row.Row`; what cannot be told is None.
Standard library only; torch is looked at only where something else has imported it.
"""

import ctypes
import ctypes.util
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import sys
import urllib.parse
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featray import __version__

HOST_ID_LENGTH = 12  # hex digits: as in identity; a lab has tens of machines

DISTRIBUTIONS: Mapping[str, str] = {
    "torch": "torch",
    "torchvision": "torchvision",
    "torchcodec": "torchcodec",
    "pyfeat": "py-feat",
}
"""Row column -> distribution whose version it holds."""


@functools.cache
def describe_host() -> Mapping[str, Any]:
    """Describe this machine as columns of a row: host, system, processor and memory."""
    return {
        "hostname": os.uname().nodename,
        "host_id": host_id(),
        "os": _system(),
        "arch": platform.machine(),
        "cpu_model": _cpu_model(),
        "cpu_count": os.cpu_count(),
        "memory_b": _memory_b(),
    }


def describe_software() -> dict[str, Any]:
    """Describe this interpreter as columns of a row: versions, and thread counts in effect.

    Call it after the detector is loaded: py-feat changes OMP_NUM_THREADS when it is imported.
    """
    torch = sys.modules.get("torch")
    versions = {column: installed_version(distribution) for column, distribution in DISTRIBUTIONS.items()}
    installed, cuda = torch_build()
    return {
        **versions,
        "python": platform.python_version(),
        "torch": torch.__version__ if torch else installed or versions["torch"],
        "cuda": torch.version.cuda if torch else cuda,
        "pyfeat_commit": find_commit("py-feat"),
        "featray": __version__,
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "torch_threads": torch.get_num_threads() if torch else None,
    }


def installed_version(distribution: str) -> str | None:
    """Read an installed distribution's version without importing it; None when it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def torch_build() -> tuple[str | None, str | None]:
    """Read torch's version with its build tag, and its CUDA version, from the installed file: importing takes seconds.

    Returns:
        Such as `("2.9.0+cu128", "12.8")`; (None, None) when torch is not installed.
    """
    try:
        path = Path(str(importlib.metadata.distribution("torch").locate_file("torch/version.py")))
        return _torch_build(path.read_text(encoding="utf-8"))
    except (importlib.metadata.PackageNotFoundError, OSError):
        return None, None


def _torch_build(text: str) -> tuple[str | None, str | None]:
    found = dict(re.findall(r"^(__version__|cuda)\b[^=\n]*= *['\"]([^'\"]+)['\"]", text, re.MULTILINE))
    return found.get("__version__"), found.get("cuda")


def find_commit(distribution: str) -> str | None:
    """Find the git commit that a distribution was installed from: an editable checkout, or a git address.

    An editable checkout is asked anew at each call, since it moves under the installation.
    """
    try:
        text = importlib.metadata.distribution(distribution).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return None
    return _commit(json.loads(text)) if text else None


def _commit(origin: Mapping[str, Any]) -> str | None:
    if "vcs_info" in origin:
        found = origin["vcs_info"].get("commit_id")
        return found if isinstance(found, str) else None
    if not origin.get("dir_info", {}).get("editable"):
        return None
    folder = Path(urllib.parse.unquote(urllib.parse.urlsplit(origin["url"]).path))
    return next((head for place in (folder, *folder.parents) if (head := git_head(place))), None)


def git_head(folder: Path) -> str | None:
    """Read the commit that a checkout's HEAD stands for, from its files; None where there is no repository.

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
    if git.is_file():  # a worktree or submodule: the file says where the repository is
        return folder / git.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
    return git


def host_id() -> str:
    """Name this machine, the same after every boot and driver update.

    The digest of the machine's own id and the host name. The name is part of it because containers and machine images
    share one machine id. Without a machine id: the first network card's address, and without that the name alone.
    A Mac's id is enough: it is of the hardware, while its name comes from whatever network it is in.
    $FEATRAY_HOST_ID, whatever its text, takes their place: a pod's name changes with every start, its machine does not.
    """
    text = os.environ.get("FEATRAY_HOST_ID") or (_mac_host_uuid() if sys.platform == "darwin" else None)
    text = text or f"{_machine_id() or _card_address() or ''}\0{os.uname().nodename}"
    return hashlib.sha256(text.encode()).hexdigest()[:HOST_ID_LENGTH]


def _machine_id() -> str | None:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        text = _text(Path(path))
        if text:
            return text
    return None


def _mac_host_uuid() -> str | None:
    """Ask macOS for the IOPlatformUUID. Source: gethostuuid(2)."""
    library = ctypes.CDLL(None)
    buffer, wait = (ctypes.c_ubyte * 16)(), (ctypes.c_long * 2)(1, 0)
    return str(uuid.UUID(bytes=bytes(buffer))) if library.gethostuuid(buffer, wait) == 0 else None


def _card_address() -> str | None:
    address = uuid.getnode()
    made_up = address >> 40 & 1  # RFC 4122: the multicast bit marks a random number in place of an address
    return None if made_up else f"{address:012x}"


def _system() -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    name = f"{platform.system()} {platform.release()}"
    try:
        return f"{name} ({platform.freedesktop_os_release()['PRETTY_NAME']})"
    except (OSError, KeyError):
        return name


def _cpu_model() -> str | None:
    if sys.platform == "darwin":
        return _sysctl(b"machdep.cpu.brand_string")
    return _cpu_model_of(_text(Path("/proc/cpuinfo")) or "")


def _cpu_model_of(cpuinfo: str) -> str | None:
    """Read the processor from /proc/cpuinfo; ARM gives numbers for the vendor and part, which stay as they are."""
    facts: dict[str, str] = dict(
        re.findall(r"^(model name|CPU implementer|CPU part)\s*: *(.+)$", cpuinfo, re.MULTILINE)
    )
    if "model name" in facts:
        return facts["model name"]
    return f"ARM {facts['CPU implementer']}/{facts['CPU part']}" if "CPU part" in facts else None


def _sysctl(name: bytes) -> str | None:
    library = ctypes.CDLL(ctypes.util.find_library("c"))
    size = ctypes.c_size_t(256)
    buffer = ctypes.create_string_buffer(size.value)
    code: int = library.sysctlbyname(name, buffer, ctypes.byref(size), None, 0)
    return None if code else buffer.value.decode()


def _memory_b() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
