"""Output streams: stdout and stderr as they are, but a write that fails says that it was the output.

Flow: `app.main` -> `prepare` before anything is printed -> `finish` at the end. An `OSError` of the output then differs
from one of a file of the store.
"""

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

from featray.cli import exit_codes

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class UnwrittenOutput(OSError):
    """The output cannot be written: the disk is full, or whatever took it has failed."""


class _Output(io.FileIO):
    """A file descriptor of a standard stream."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some bytes.

        Raises:
            UnwrittenOutput: they could not be written.
            BrokenPipeError: nobody reads them.
        """
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as wrong:
            raise UnwrittenOutput(wrong.errno, wrong.strerror) from None


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
