"""Failing detector: fails on purpose, so that tests meet every way in which a real detector can fail.

A sweep names it as `{class: "featray.measurement.fakes.failing_detector:FailingDetector"}`, with a keyword `fault`.
It needs neither torch nor py-feat. A call that does not fail finds one face per frame.
"""

import ctypes
import fcntl
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable

FAULTS = (
    "sigkill",
    "sigsegv",
    "exit",
    "hang",
    "memory",
    "hog",
    "error",
    "no_text",
    "not_utf8",
    "sys_exit",
    "no_streams",
    "garbage",
    "forged_row",
    "half_line",
    "daemon",
    "no_face",
    "load",
    "none",
)

QUICK = ("sigkill", "sigsegv", "exit", "error", "garbage", "forged_row", "half_line")
"""Faults that take no time and no memory."""


class FailingDetector:
    """Fails in `detect()` at one batch size, or always.

    Args:
        fault: One of `FAULTS`, or `any`, which draws one of `QUICK` for this process.
        at_batch: Fail only at this batch size; None fails at every size.
        once: Path of a file that the first failure makes; while it exists nothing fails.
        seconds: Duration of a call that does not fail.
        frames: Frames that it reports for any input; the catalogue's short clip has 72.
        share: Fail at this share of batch sizes, drawn by chance in each process.
    """

    def __init__(
        self,
        fault: str = "none",
        at_batch: int | None = None,
        once: str | None = None,
        seconds: float = 0.0,
        frames: int = 72,
        share: float = 1.0,
    ) -> None:
        """Choose the fault; `load` fails here."""
        if fault == "any":
            fault = random.choice(QUICK)
        if fault not in FAULTS:
            raise ValueError(f"fault is one of {', '.join(FAULTS)}, not {fault!r}")
        self._fault, self._at_batch, self._once = fault, at_batch, once
        self._seconds, self._frames = seconds, frames
        self._share = share
        self._drawn: dict[int, bool] = {}
        if fault == "load":
            raise RuntimeError("failed on purpose while loading")

    def detect(self, inputs: object, *, batch_size: int = 1, **_: object) -> list[dict[str, float]]:  # noqa: ARG002 - py-feat's signature
        """Find one face per frame, or fail."""
        time.sleep(self._seconds)
        if self._is_due(batch_size):
            fail = _ACTIONS.get(self._fault)
            if fail is not None:
                fail()
        faces = 0 if self._fault == "no_face" and self._is_due(batch_size) else 1
        return [{"frame": float(index), "FaceScore": float(faces)} for index in range(self._frames)]

    def _is_due(self, batch_size: int) -> bool:
        if self._at_batch is not None and batch_size != self._at_batch:
            return False
        if not self._drawn.setdefault(batch_size, random.random() < self._share):
            return False
        if self._once is None:
            return True
        try:
            os.close(
                os.open(self._once, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            )  # of two processes at once, one is first
        except FileExistsError:
            return False
        return True


def _hang() -> None:
    """Hold the interpreter lock for ever: `PyDLL` calls do not release it."""
    ctypes.PyDLL(None).sleep(3600)


def _exhaust() -> None:
    """Allocate more than a real limit on the address space allows."""
    resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, resource.RLIM_INFINITY))
    try:
        bytearray(8 * 1024**3)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _hog() -> None:
    """Use a gigabyte, for a control group that allows less."""
    del bytearray(b"x" * 1024**3)[:]


def _raise() -> None:
    raise RuntimeError("failed on purpose in detect()")


class _NoText(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("failed on purpose in __str__()")


def _raise_no_text() -> None:
    raise _NoText


def _raise_not_utf8() -> None:
    raise ValueError("no file caf\udce9.pt")  # how Python writes a name that is not UTF-8


def _take_streams() -> None:
    """Leave this process without streams, as some libraries do to be silent."""
    sys.stdout = sys.stderr = None


def _write_to_protocol(text: bytes) -> None:
    """Write to every pipe of this process, as a native library might do by mistake."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names of open files
        file = int(name)
        try:
            is_pipe = os.readlink(f"/proc/self/fd/{file}").startswith("pipe:") and file > 2  # noqa: PTH115
            if is_pipe and fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
                os.write(file, text)
        except OSError:  # closed in between
            continue


def _garbage() -> None:
    _write_to_protocol(b"\x00\xffnot json at all\n")


def _forge_row() -> None:
    _write_to_protocol(b'{"event": "row", "row": {"sweep": "none of this one"}}\n')


def _half_line() -> None:
    _write_to_protocol(b'{"event": "row", "row": {"sweep": "cut sho')
    sys.stderr.flush()
    os._exit(0)


DAEMON_S = 30


def _leave_daemon() -> None:
    """Leave a process that nobody ends: it has its own session, and its parent has ended."""
    parent = os.fork()
    if parent == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(DAEMON_S)
        os._exit(0)
    os.waitpid(parent, 0)


_ACTIONS: dict[str, Callable[[], object]] = {
    "sigkill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "sigsegv": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "hang": _hang,
    "memory": _exhaust,
    "hog": _hog,
    "error": _raise,
    "no_text": _raise_no_text,
    "not_utf8": _raise_not_utf8,
    "sys_exit": lambda: sys.exit("bye"),
    "no_streams": _take_streams,
    "garbage": _garbage,
    "forged_row": _forge_row,
    "half_line": _half_line,
    "daemon": _leave_daemon,
}
