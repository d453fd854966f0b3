"""Outcome: the status and reason of a unit when something goes wrong in the child.

Flow: `attempt` runs one step; a failure is returned as a value, ready to become a row.
"""

import contextlib
import dataclasses
import errno
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

from featray.core import row_texts
from featray.core.status import Status
from featray.errors import FeatrayError

T = TypeVar("T")

MESSAGE_LENGTH = 100_000  # characters of a message that are looked at
REASON_LENGTH = 500  # characters: fits a table's footnote

OUT_OF_MEMORY = (
    "out of memory",  # CUDA, MPS, cuDNN
    "can't allocate memory",  # torch's CPU allocator
    "cannot allocate memory",  # the C library
    "cublas_status_alloc_failed",  # cuBLAS says no more than this
    "cudnn_status_alloc_failed",
)
"""Texts, in lower case, of RuntimeErrors that mean memory ran out."""


class WrongWork(Exception):
    """A call found other faces or frames than planned, so its time is that of other work."""


class Refused(Exception):
    """This process must not, or cannot, measure what it was asked for."""

    def __init__(self, status: Status, reason: str) -> None:
        """Refuse with the status that the row gets."""
        super().__init__(reason)
        self.status = status


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failure:
    """A failed step, without its exception, which would keep the step's memory alive."""

    status: Status
    reason: str
    trace: str | None = None


def attempt(step: Callable[[], T], *, catches: type[BaseException] = Exception) -> T | Failure:
    """Run a step of a measurement; return any Python error it raises as a `Failure`.

    Args:
        step: What to run.
        catches: `BaseException` in the measuring process, where also `sys.exit()` of a detector is one failed cell.
    """
    try:
        return step()
    except catches as error:  # one failed cell must cost one row, whatever a detector raises
        if isinstance(error, WrongWork | Refused):  # the reason is complete without a traceback
            return Failure(status=classify(error), reason=str(error))
        trace = _trace(error)
        with contextlib.suppress(Exception):  # whatever a detector has put in the place of stderr
            print(trace, file=sys.stderr, flush=True)
        return Failure(status=classify(error), reason=describe(error), trace=trace)


def _trace(error: BaseException) -> str:
    """Write the end of a traceback; where an error cannot be written so, the error in one line."""
    try:
        return row_texts.tail("".join(traceback.format_exception(error)))
    except Exception:  # noqa: BLE001 - an error may be of any class, with any methods
        return describe(error)


def _message(error: BaseException) -> str:
    """Give an error's own text, as far as anything here looks at it."""
    try:
        return str(error)[:MESSAGE_LENGTH]
    except Exception as wrong:  # noqa: BLE001 - an error may be of any class, with any methods
        return f"its message cannot be written ({type(wrong).__name__})"


def classify(error: BaseException) -> Status:
    """Choose the status of a unit that ended with an error."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, WrongWork):
        return Status.WRONG_WORK
    if isinstance(error, ImportError):
        return Status.UNSUPPORTED  # a package is missing or broken: another attempt would fail too
    return Status.OOM if is_out_of_memory(error) else Status.FAILED


def is_out_of_memory(error: BaseException) -> bool:
    """Return True if an error means that memory ran out, on the host or on the device.

    torch's OutOfMemoryError is a RuntimeError with such a text. A failed allocation elsewhere is a plain RuntimeError.
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and any(text in _message(error).lower() for text in OUT_OF_MEMORY)


def describe(error: BaseException) -> str:
    """Write an error in one line: its type and its message's first line; no type for featray's own errors."""
    lines = [line.strip() for line in _message(error).splitlines() if line.strip()]
    kind = [] if isinstance(error, FeatrayError) and lines else [type(error).__name__]
    text = ": ".join([*kind, *lines[:1]])
    return text if len(text) <= REASON_LENGTH else text[: REASON_LENGTH - 3] + "..."
