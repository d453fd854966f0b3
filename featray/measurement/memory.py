"""Memory: the resident size of this process and its workers, torch's peaks on the device, and giving memory back.

The kernel keeps the peak of a process's whole life; `reset_peaks` resets it where the system allows (Linux), so that a cell
measured after a larger one does not inherit its peak. Elsewhere the peak is the life's.
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
    """Start a cell's peaks afresh; cached device memory of the cell before goes back."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    torch = sys.modules.get("torch")
    _empty_caches(torch)
    if torch is not None and torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def free() -> None:
    """Give back what a failed cell left: unreachable objects, and torch's cached device memory."""
    gc.collect()
    _empty_caches(sys.modules.get("torch"))


def _empty_caches(torch: Any | None) -> None:
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch is not None and _on_metal(torch):
        torch.mps.empty_cache()


def _on_metal(torch: Any) -> bool:
    return sys.platform == "darwin" and bool(torch.backends.mps.is_available())


def columns(resident_b: Iterable[int]) -> dict[str, Any]:
    """Report the peaks since `reset_peaks` as columns of a row.

    Args:
        resident_b: Sizes of this process and its workers together, as sampled; shared pages count in each.
    """
    allocated, reserved = _device_peaks_b(sys.modules.get("torch"))
    return {
        "rss_peak_b": max([peak_b(), *resident_b]),
        "gpu_memory_allocated_peak_b": allocated,
        "gpu_memory_reserved_peak_b": reserved,
    }


def _device_peaks_b(torch: Any | None) -> tuple[int | None, int | None]:
    """Ask torch what it allocated and reserved of the device at the most; None where it does not tell.

    Metal has no peaks. What its driver holds only grows between two `empty_cache`, so that now it is the peak.
    """
    if torch is None:
        return None, None
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    if _on_metal(torch):
        return None, torch.mps.driver_allocated_memory()
    return None, None


def peak_b() -> int:
    """Read the peak resident size of this process."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT_B


def resident_b(*, children: bool) -> int:
    """Read the resident size of this process now, with that of its children if asked.

    The files stay open: every system call hands the interpreter lock over, which a timed call would feel.

    Raises:
        OSError: the system does not tell.
    """
    own = _open_once("/proc/self/statm")
    if own is None:
        return _resident_by_psutil_b(children=children)
    return _resident_b(os.pread(own, 256, 0)) + (sum(map(_resident_or_gone_b, _children())) if children else 0)


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


def _resident_or_gone_b(process: str) -> int:
    try:
        return _resident_b(Path(f"/proc/{process}/statm").read_bytes())
    except OSError:
        return 0


def _resident_by_psutil_b(*, children: bool) -> int:
    try:
        import psutil  # absent in some measuring environments
    except ImportError as absent:
        raise OSError("neither /proc nor psutil is there") from absent
    own = psutil.Process()
    total = int(own.memory_info().rss)
    for process in own.children() if children else ():
        with contextlib.suppress(psutil.Error):
            total += int(process.memory_info().rss)
    return total
