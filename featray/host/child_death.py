"""Child death: why a child ended before all its cells had a row.

Flow: `supervisor` -> `find_cause` -> status and reason of the row that the dead child could not write.
"""

import dataclasses
import signal

from featray.core import wording
from featray.core.row import Row
from featray.core.rules import Rules
from featray.core.status import Status
from featray.host import cgroup
from featray.host.child import describe_exit

WORKER_KILLED = "Killed"
"""How PyTorch's DataLoader names SIGKILL in its error about a dead worker; it gives no exit code."""


@dataclasses.dataclass(frozen=True)
class Cause:
    """Why a cell has no result."""

    status: Status
    reason: str


def find_cause(code: int, *, finished: int, oom_kills_before: int | None) -> Cause:
    """Say why a child died.

    Args:
        code: Its exit code, negative for a signal.
        finished: Cells that it had finished.
        oom_kills_before: The cgroup's count when the child started. The kernel counts all processes of the group, so
            the count explains a SIGKILL and nothing else.
    """
    if code == -signal.SIGKILL and _has_new_oom_kill(oom_kills_before):
        return Cause(Status.OOM, f"killed by the memory limit of its cgroup ({describe_exit(code)})")
    where = f" after {wording.count(finished, 'cell')} of this process" if finished else ""
    return Cause(Status.CRASHED, f"the child died{where} ({describe_exit(code)})")


def overdue(rules: Rules, *, is_loading: bool) -> Cause:
    """Say which limit a child has passed."""
    if is_loading:
        return Cause(Status.TIMEOUT, f"import and load took longer than {wording.duration(rules.load_limit_s)}")
    return Cause(Status.TIMEOUT, f"took longer than its limit of {wording.duration(rules.cell_limit_s)}")


def with_memory_limit(row: Row, oom_kills_before: int | None) -> Row:
    """Name the memory limit where it killed a worker of the child, which itself knows only that the worker died."""
    is_worker_killed = row.status == Status.FAILED and WORKER_KILLED in (row.reason or "")
    if not is_worker_killed or not _has_new_oom_kill(oom_kills_before):
        return row
    reason = f"a worker was killed by the memory limit of its cgroup: {row.reason}"
    return dataclasses.replace(row, status=Status.OOM.value, reason=reason)


def _has_new_oom_kill(before: int | None) -> bool:
    count = cgroup.count_oom_kills()
    return count is not None and before is not None and count > before
