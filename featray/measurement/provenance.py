"""Provenance: which machine this is, and which versions and thread counts are in effect.

Flow: `host.probe` and `host.supervisor` call `describe_host`, which is cheap; the child adds `describe_software` once
its detector is loaded. Both return columns of `row.Row`; what cannot be found out is None.
Standard library only; torch is asked only if something else has imported it.
"""

import ctypes
import ctypes.util
import functools
import importlib.metadata
import os
import platform
import re
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featray import __version__
from featray.core import host_names
from featray.measurement import checkouts

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
        "host_id": compute_host_id(),
        "os": _system(),
        "arch": platform.machine(),
        "cpu_model": _cpu_model(),
        "cpu_count": os.cpu_count(),
        "memory_b": _memory_b(),
    }


def describe_software() -> dict[str, Any]:
    """Describe this interpreter as columns of a row: versions, and thread counts in effect.

    Call it after the detector is loaded: importing py-feat changes OMP_NUM_THREADS.
    """
    torch = sys.modules.get("torch")
    versions = {column: read_version(distribution) for column, distribution in DISTRIBUTIONS.items()}
    installed, cuda = read_torch_build()
    return {
        **versions,
        "python": platform.python_version(),
        "torch": torch.__version__ if torch else installed or versions["torch"],
        "cuda": torch.version.cuda if torch else cuda,
        "pyfeat_commit": checkouts.find_commit("py-feat"),
        "pyfeat_dirty": checkouts.find_changes("py-feat"),
        "featray": __version__,
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "torch_threads": torch.get_num_threads() if torch else None,
    }


def read_version(distribution: str) -> str | None:
    """Read an installed distribution's version without importing it; None when it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def read_torch_build() -> tuple[str | None, str | None]:
    """Read torch's version with its build tag, and its CUDA version, from the installed file: an import takes seconds.

    Returns:
        Such as `("2.9.0+cu128", "12.8")`; (None, None) when torch is not installed.
    """
    try:
        path = Path(str(importlib.metadata.distribution("torch").locate_file("torch/version.py")))
        return _torch_build(path.read_text(encoding="utf-8"))
    except (importlib.metadata.PackageNotFoundError, OSError):
        return None, None


def _torch_build(text: str) -> tuple[str | None, str | None]:
    values = dict(re.findall(r"^(__version__|cuda)\b[^=\n]*= *['\"]([^'\"]+)['\"]", text, re.MULTILINE))
    return values.get("__version__"), values.get("cuda")


def compute_host_id() -> str:
    """Compute this machine's id, which stays the same after a reboot or a driver update.

    It is a digest of the machine id and the host name. The name is part of it because containers and machine images
    share one machine id. Without a machine id, the first network card's address is used; without that, the name alone.
    On a Mac the hardware's id is used alone, since a Mac's name comes from the network it is in.
    $FEATRAY_HOST_ID replaces all of it with any text: set it in a pod, whose name changes with every start.
    """
    text = os.environ.get("FEATRAY_HOST_ID") or (_mac_host_uuid() if sys.platform == "darwin" else None)
    text = text or f"{_machine_id() or _card_address() or ''}\0{os.uname().nodename}"
    return host_names.id_of(text)


def _machine_id() -> str | None:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        text = _text(Path(path))
        if text:
            return text
    return None


def _mac_host_uuid() -> str | None:
    """Read the IOPlatformUUID of macOS. Source: gethostuuid(2)."""
    library = ctypes.CDLL(None)
    buffer, wait = (ctypes.c_ubyte * 16)(), (ctypes.c_long * 2)(1, 0)
    return str(uuid.UUID(bytes=bytes(buffer))) if library.gethostuuid(buffer, wait) == 0 else None


def _card_address() -> str | None:
    address = uuid.getnode()
    is_random = address >> 40 & 1  # RFC 4122: the multicast bit marks a random number in place of an address
    return None if is_random else f"{address:012x}"


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
        return read_sysctl(b"machdep.cpu.brand_string")
    return _cpu_model_of(_text(Path("/proc/cpuinfo")) or "")


def _cpu_model_of(cpuinfo: str) -> str | None:
    """Read the processor from /proc/cpuinfo; for ARM, vendor and part stay the numbers that the kernel gives."""
    facts: dict[str, str] = dict(
        re.findall(r"^(model name|CPU implementer|CPU part)\s*: *(.+)$", cpuinfo, re.MULTILINE)
    )
    if "model name" in facts:
        return facts["model name"]
    return f"ARM {facts['CPU implementer']}/{facts['CPU part']}" if "CPU part" in facts else None


def read_sysctl(name: bytes) -> str | None:
    """Read a text value of macOS's kernel. Source: sysctlbyname(3)."""
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
