"""Status: the outcome of a unit in one invocation, one per row.

Pure. Planner, runner and every reader use `RETRIED`, `is_final` and `precedence`.
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
"""Tried again: these can be bad luck. Everything else would only repeat."""

MAX_ATTEMPTS = 3  # the first and two more: a cause that survives three processes is not luck
"""How often one submit tries a unit that crashes, or one whose hosts are lost; see `is_final`."""

UNFINISHED = frozenset({Status.CANCELLED, Status.INFEASIBLE, Status.LOST})
"""Planned again by the next submit: nothing was tried, or its host was lost under it."""

Precedence = tuple[bool, int, int]

_CERTAINTY: Mapping[str, int] = {Status.CANCELLED: 0, Status.LOST: 1, Status.CRASHED: 2}
"""How sure a status is of the outcome; every other one comes from the host itself, and is surer."""

_CERTAIN = 3


def precedence(status: str, attempt: int) -> Precedence:
    """Rank the rows of one unit in one invocation: the highest counts.

    A measured row counts most, then the last attempt: a row may come late, out of its host's spool, after the driver
    took it for lost and further attempts were lost too. Of one attempt, the surest row counts: a driver that loses
    contact with a host writes lost or crashed, and a cancelled attempt is made again under its number.
    """
    return status == Status.OK, attempt, _CERTAINTY.get(status, _CERTAIN)


def is_final(status: str, tries: int) -> bool:
    """Return whether a stored row is the last word on its unit, so that the next submit does not measure it again.

    Args:
        status: The last row's status.
        tries: Attempts so far, without those that were lost: the loss of a host says nothing about the unit.
    """
    if status in UNFINISHED:
        return False
    return status not in RETRIED or tries >= MAX_ATTEMPTS
