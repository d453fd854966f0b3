"""What became of a unit in one invocation: one status per row.

Pure. `RETRIED`, `is_final` and `precedence` are what the planner, the runner and every reader go by.
"""

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """The outcome of one unit in one invocation."""

    OK = "ok"
    OOM = "oom"  # out of memory: CUDA's, Python's, Ray's monitor or the cgroup's
    TIMEOUT = "timeout"  # the cell's time limit passed
    CRASHED = "crashed"  # the child died; the reason names the signal or exit code
    FAILED = "failed"  # a Python error in load or detect()
    WRONG_WORK = "wrong_work"  # other faces or frames than planned
    UNSUPPORTED = "unsupported"  # this host can never run it
    INFEASIBLE = "infeasible"  # no target of the sweep can run it
    SKIPPED = "skipped"  # a smaller batch already ran out of memory
    WRONG_DEVICE = "wrong_device"  # the child saw another GPU than asked; no timing exists
    LOST = "lost"  # the host is gone
    CANCELLED = "cancelled"  # the user stopped the sweep


RETRIED = frozenset({Status.CRASHED, Status.LOST})
"""Worth another attempt: these can be bad luck. Everything else would only repeat."""

MAX_ATTEMPTS = 3  # the first and two more: a cause that survives three processes is not luck

UNFINISHED = frozenset({Status.CANCELLED, Status.INFEASIBLE})
"""Planned again by the next submit: nothing was tried."""


Precedence = tuple[bool, int, int]

_HEARD: Mapping[str, int] = {Status.CANCELLED: 0, Status.LOST: 1, Status.CRASHED: 2}
_ANSWERED = 3  # how sure a status is of what became of the unit; any that is not in `_HEARD`


def precedence(status: str, attempt: int) -> Precedence:
    """Rank the rows of one unit in one invocation: the highest counts.

    The last attempt does, but for one that was measured: a row may come late, out of its host's spool, when the driver
    has taken it for lost and further attempts were lost as well. Of one attempt, the row that says most counts: a
    driver that does not hear a host writes lost or crashed, and a cancelled attempt is made again under its number.
    """
    return status == Status.OK, attempt, _HEARD.get(status, _ANSWERED)


def is_final(status: str, attempt: int) -> bool:
    """Tell whether a stored row settles its unit, so that resume leaves it alone.

    Args:
        status: The last row's status.
        attempt: The last row's attempt, counted from 1.
    """
    if status in UNFINISHED:
        return False
    return status not in RETRIED or attempt >= MAX_ATTEMPTS
