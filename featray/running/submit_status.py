"""Submit status: how a detached submit stands, from its Ray job and the log of its driver. Pure.

Flow: `Jobs` -> job, log -> `judge` -> `SubmitStatus` -> `featray status`.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from featray.core import wording
from featray.core.events import PlainEvent
from featray.errors import ERROR_MARK, WARNING_MARK, BackendError, Interrupted
from featray.running import claims, logged_event, progress, without_number
from featray.running.progress import RunEnd

if TYPE_CHECKING:
    from featray.backends.ray.jobs import Job

TRACEBACK = "Traceback (most recent call last):"

RAY_MESSAGE = re.compile(r"Running entrypoint for job |\d{4}-\d\d-\d\d [\d:,]+\tINFO ")
"""Lines that Ray adds to a job's log; the first kind may come after everything that the job printed."""

IN_ORDER = (0, 1, Interrupted.exit_code)  # exit codes of a driver that worked, though units may have no number


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubmitStatus:
    """How a detached submit stands."""

    id: str
    state: str  # pending, running, stopped, succeeded or failed
    started_at: str | None
    ended_at: str | None
    metadata: Mapping[str, str]  # featray_sweep, featray_store, featray_user and others, as `claims` wrote them
    done: int
    total: int  # 0 until the driver has planned
    without_number: int  # units that ended without one
    reason: str | None  # why it did not end well; None while it runs and where it ended well
    exit_code: int  # 0 while nothing is known to be missing, 1 units without a number, 4 the driver itself failed
    problems: tuple[str, ...] = ()  # rows that were reported and cannot be, each with its name and the reason
    fetched: int = 0  # rows that the store lacked and this call stored
    submits: int = 1  # of its run, in a list of all: this one is the last of them
    absent_outputs: int = 0  # units whose output is in the head's store alone
    events: tuple[PlainEvent, ...] = dataclasses.field(default=(), repr=False)  # of its log, where one is asked for

    @property
    def run_id(self) -> str:
        """Give the id of the run that it measures: the one that `--detach` printed."""
        return self.metadata.get("featray_run", self.id)


def judge(job: "Job", events: Sequence[PlainEvent], log: str) -> SubmitStatus:
    """Judge how a submit stands.

    Args:
        job: As Ray knows it.
        events: The events of its log, as `progress.read_lines` gives them.
        log: Everything that its driver printed.
    """
    counts = [event for event in events if event["total"]]
    done, total = (counts[-1]["done"], counts[-1]["total"]) if counts else (0, 0)
    rows, problems = logged_event.read_rows(events, "row")
    searched = job.metadata.get(claims.SEARCHED)
    is_interchangeable = _is_interchangeable(job)
    missing = without_number.count(rows, interchangeable=is_interchangeable, searched=searched) + len(problems)
    end = progress.read_end(events) or _read_messages(job, log, has_events=bool(events))
    code = _exit_code(job, end, is_short=done < total or missing > 0)
    measured = f"{done} of {total}" if total else None
    return SubmitStatus(
        id=job.id,
        state=job.state,
        started_at=job.started_at,
        ended_at=job.ended_at,
        metadata=job.metadata,
        done=done,
        total=total,
        without_number=missing,
        reason=_reason(job, end, measured, missing) if job.has_ended and code else None,
        exit_code=code,
        problems=problems,
    )


def _is_interchangeable(job: "Job") -> bool:
    """Return True where a unit may be measured on another target than the one that lost it.

    The job of an older featray does not say. Where it succeeded, its driver found no unit without a number.
    """
    value = job.metadata.get(claims.INTERCHANGEABLE)
    return value == "true" if value is not None else job.state == "succeeded"


def _exit_code(job: "Job", end: RunEnd, *, is_short: bool) -> int:
    if not job.has_ended:
        return 0
    if job.state == "failed":
        return 1 if end.code in IN_ORDER else BackendError.exit_code
    return 1 if is_short or (job.state == "stopped" and end.code) else 0


def _reason(job: "Job", end: RunEnd, measured: str | None, missing: int) -> str:
    """Say why a submit that has ended has an exit code other than 0."""
    if job.state == "stopped":
        return f"stopped at {measured}" if measured else "stopped before anything was planned"
    if end.message:
        return end.message
    if missing:
        return f"{wording.count(missing, 'measurement')} without a number"
    return f"ended at {measured or 'its start'}"


def _read_messages(job: "Job", log: str, *, has_events: bool) -> RunEnd:
    """Read from a driver's messages how it ended, where it died before it could write its `RunEnd`.

    Drivers of an older featray never write one.
    """
    lines = [line.strip() for line in log.split("\n") if line.strip() and progress.read_line(line) is None]
    printed = [line for line in lines if not RAY_MESSAGE.match(line)]
    mistakes = [line.removeprefix(ERROR_MARK) for line in printed if line.startswith(ERROR_MARK)]
    has_failed = not has_events or bool(mistakes) or any(line.startswith(TRACEBACK) for line in printed)
    code = BackendError.exit_code if has_failed else int(job.state == "failed")
    if job.code == Interrupted.exit_code:
        code = Interrupted.exit_code
    if mistakes:
        return RunEnd(code=code, message=mistakes[-1])
    if code == job.code == 1:  # the driver ended in order
        warnings = [line.removeprefix(WARNING_MARK) for line in printed if line.startswith(WARNING_MARK)]
        return RunEnd(code=code, message=warnings[-1] if warnings else None)
    # Ray's message ends with the log's tail; the last line is enough of it.
    ray_message = (job.message or "").strip().partition("\n")[0].partition(", last available logs")[0]
    message = ": ".join(filter(None, [ray_message, *printed[-1:]])) or "its driver printed nothing"
    return RunEnd(code=code, message=message)
