"""Outcome: what becomes of a unit when something goes wrong in the child.

Flow: `attempt` runs a step; a failure comes back as a value, ready to be a row.
"""

import dataclasses
import errno
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

from featray.core.status import Status
from featray.errors import FeatrayError

T = TypeVar("T")

TAIL_LINES = 20  # of a traceback: the innermost calls and the message
REASON_LENGTH = 500  # characters: fits a table's footnote

OUT_OF_MEMORY = (
    "out of memory",  # CUDA, MPS, cuDNN
    "can't allocate memory",  # torch's CPU allocator
    "cannot allocate memory",  # the C library
    "cublas_status_alloc_failed",  # cuBLAS says no more than this
    "cudnn_status_alloc_failed",
)
"""Texts, in lower case, by which RuntimeErrors that mean memory are known."""


class WrongWork(Exception):
    """A call found other faces or frames than planned, so its time is the time of something else."""


class Refused(Exception):
    """This process must not, or can never, measure what it was asked for."""

    def __init__(self, status: Status, reason: str) -> None:
        """Refuse with a status of its own."""
        super().__init__(reason)
        self.status = status


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failure:
    """A failed step, without its exception, which would keep the step's memory alive."""

    status: Status
    reason: str
    trace: str | None = None


def attempt(step: Callable[[], T]) -> T | Failure:
    """Run a step of a measurement; whatever Python error it raises becomes a value."""
    try:
        return step()
    except Exception as error:  # noqa: BLE001 - one failed cell must cost one row, whatever a detector raises
        if isinstance(error, WrongWork | Refused):  # the reason says it all
            return Failure(status=classify(error), reason=str(error))
        text = "".join(traceback.format_exception(error))
        print(text, file=sys.stderr, end="", flush=True)
        trace = "\n".join(text.strip().splitlines()[-TAIL_LINES:])
        return Failure(status=classify(error), reason=describe(error), trace=trace)


def classify(error: Exception) -> Status:
    """Tell what an error makes of the unit."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, WrongWork):
        return Status.WRONG_WORK
    if isinstance(error, ImportError):
        return Status.UNSUPPORTED  # a package is missing or broken: trying again changes nothing
    return Status.OOM if is_out_of_memory(error) else Status.FAILED


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error means that memory ran out, on the host or on the device.

    torch's OutOfMemoryError is a RuntimeError that says so; a failed allocation elsewhere is a plain RuntimeError.
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in OUT_OF_MEMORY)


def describe(error: Exception) -> str:
    """Write an error in one line: its type, unless featray raised it on purpose, and its message's first line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kind = [] if isinstance(error, FeatrayError) and lines else [type(error).__name__]
    text = ": ".join([*kind, *lines[:1]])
    return text if len(text) <= REASON_LENGTH else text[: REASON_LENGTH - 3] + "..."
