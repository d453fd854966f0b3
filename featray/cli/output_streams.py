"""Output streams: stdout and stderr as they are, but a write that fails says that it was the output.

Flow: `app.main` -> `prepare` before anything is printed -> `finish` at the end. An `OSError` of the output then differs
from one of a file of the store. The driver of a detached submit also keeps its output in a file (`copy_to`).
"""

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

from featray.cli import exit_codes
from featray.errors import WARNING_MARK

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import ReadableBuffer


class UnwrittenOutput(OSError):
    """The output cannot be written: the disk is full, or whatever took it has failed."""


class _Output(io.FileIO):
    """A file descriptor of a standard stream; what is written to it may also go to a file."""

    copy: io.FileIO | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some bytes.

        Raises:
            UnwrittenOutput: they could not be written.
            BrokenPipeError: nobody reads them.
        """
        try:
            written = super().write(data)
        except BrokenPipeError:
            raise
        except OSError as wrong:
            raise UnwrittenOutput(wrong.errno, wrong.strerror) from None
        if self.copy is not None:
            self._write_copy(memoryview(data)[:written])
        return written

    def _write_copy(self, data: memoryview) -> None:
        """Write to the copy; where that fails, say so once and go on without it."""
        assert self.copy is not None
        try:
            self.copy.write(data)
        except OSError as wrong:
            self.copy = None
            super().write(f"{WARNING_MARK}this log is kept no further: {wrong.strerror}\n".encode())


def copy_to(path: "Path") -> None:
    """Add everything that is printed from now on, on stdout and stderr, to the end of a file as well.

    Raises:
        OSError: the file cannot be opened.
    """
    file = io.FileIO(path, "a")
    for stream in (sys.stdout, sys.stderr):
        output = getattr(getattr(stream, "buffer", None), "raw", None)  # a stream of a test has none
        if isinstance(output, _Output):
            output.copy = file


def prepare() -> None:
    """Replace the standard streams: characters that a terminal cannot show become `?`, a closed stream takes anything.

    A stream is closed with `>&-`: Python then has None for it.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(io.UnsupportedOperation):  # no descriptor: a stream of a test
                setattr(sys, name, _checked(stream))


def _checked(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering or stream.write_through,  # stderr: progress is read line by line
        write_through=stream.write_through,
    )


def finish(code: int) -> tuple[int, str | None]:
    """Write what is still buffered; return the exit code, another one if nobody can receive it, and why.

    What cannot be written is dropped. Python would try again at its end, and exit with a code of its own.
    """
    reason = None
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as wrong:
            drop(stream.fileno())
            is_closed = isinstance(wrong, BrokenPipeError)
            code = exit_codes.PIPE_CLOSED if is_closed else exit_codes.UNWRITTEN
            reason = None if is_closed else wrong.strerror
    return code, reason


def drop(descriptor: int) -> None:
    """Let what is written to a descriptor go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
