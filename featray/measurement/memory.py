"""Memory: resident size of this process and its workers, torch's peaks on the device, and freeing memory.

The kernel keeps the peak of a process's whole life. `reset_peaks` resets it where the system allows (Linux), so that a
cell does not get the peak of a larger cell before it. Elsewhere the peak is that of the process's whole life.
"""

import contextlib
import functools
import gc
import os
import resource
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PAGE_B = os.sysconf("SC_PAGE_SIZE")
_MAXRSS_UNIT_B = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of macOS and of Linux
_RESET_PEAK = "5"  # proc(5), clear_refs: reset the peak resident set size


def reset_peaks() -> None:
    """Reset the peaks before a cell; free device memory that torch cached for the cell before."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    torch = sys.modules.get("torch")
    _empty_caches(torch)
    if torch is not None and torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def free() -> None:
    """Free what a failed cell left: unreachable objects, and torch's cached device memory."""
    gc.collect()
    _empty_caches(sys.modules.get("torch"))


def _empty_caches(torch: Any | None) -> None:
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch is not None and _has_metal(torch):
        torch.mps.empty_cache()


def _has_metal(torch: Any) -> bool:
    return sys.platform == "darwin" and bool(torch.backends.mps.is_available())


def columns(sampled_b: Iterable[int]) -> dict[str, Any]:
    """Return the peaks since `reset_peaks` as columns of a row.

    Args:
        sampled_b: Sampled sizes of this process and its workers together; pages shared by several processes count in
            each of them.
    """
    allocated, reserved = _device_peaks_b(sys.modules.get("torch"))
    return {
        "rss_peak_b": max([read_peak_b(), *sampled_b]),
        "gpu_memory_allocated_peak_b": allocated,
        "gpu_memory_reserved_peak_b": reserved,
    }


def _device_peaks_b(torch: Any | None) -> tuple[int | None, int | None]:
    """Read torch's peak allocation and peak reservation on the device; None where torch does not say.

    Metal has no peaks. What its driver holds only grows between two `empty_cache`, so its present size is the peak.
    """
    if torch is None:
        return None, None
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    if _has_metal(torch):
        return None, torch.mps.driver_allocated_memory()
    return None, None


def read_peak_b() -> int:
    """Read the peak resident size of this process."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT_B


def read_resident_b(*, children: bool) -> int:
    """Read the present resident size of this process, with that of its children if asked.

    The files stay open: every system call releases the interpreter lock, which would slow a timed call.

    Raises:
        OSError: the system does not say.
    """
    statm = _open_once("/proc/self/statm")
    if statm is None:
        return _read_by_psutil_b(children=children)
    own_b = _resident_b(os.pread(statm, 256, 0))
    return own_b + (sum(map(_read_process_b, _children())) if children else 0)


@functools.cache
def _open_once(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None


def _children() -> list[str]:
    """List the processes that the main thread started; DataLoader starts its workers there."""
    file = _open_once(f"/proc/self/task/{os.getpid()}/children")
    return [] if file is None else os.pread(file, 65536, 0).decode("ascii").split()


def _resident_b(statm: bytes) -> int:
    return int(statm.split()[1]) * PAGE_B


def _read_process_b(process: str) -> int:
    """Read a process's resident size; 0 when the process has ended."""
    try:
        return _resident_b(Path(f"/proc/{process}/statm").read_bytes())
    except OSError:
        return 0


def _read_by_psutil_b(*, children: bool) -> int:
    try:
        import psutil  # absent in some measuring environments
    except ImportError as absent:
        raise OSError("neither /proc nor psutil is there") from absent
    this_process = psutil.Process()
    total = int(this_process.memory_info().rss)
    for process in this_process.children() if children else ():
        with contextlib.suppress(psutil.Error):
            total += int(process.memory_info().rss)
    return total
