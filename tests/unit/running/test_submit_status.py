"""How a detached submit stands: its counts, its exit code, and why it did not end well."""

import dataclasses
import json

import pytest

from featray.backends.ray.jobs import Job
from featray.core.events import PlainEvent
from featray.core.row import NO_TARGET
from featray.running import submit_status
from featray.running.progress import Progress, RunEnd
from featray.running.submit_status import SubmitStatus
from tests.support.builders import make_row

WARNING = "featray: warning: the budget left 5 measurements in 2 invocations undone"


def job(state: str, *, message: str | None = None, code: int | None = None) -> Job:
    return Job(
        id="s-1",
        state=state,
        metadata={"featray_sweep": "s", "featray_store": "/r"},
        started_at=None,
        ended_at=None,
        message=message,
        code=code,
    )


def event(status: str, *, done: int = 1, total: int = 1, **columns: object) -> PlainEvent:
    return {"done": done, "total": total, "row": dataclasses.asdict(make_row(status=status, **columns))}


def rows(*statuses: str, total: int = 8, attempt: int = 1) -> list[PlainEvent]:
    """Make the events of units that ended so, one cell each."""
    return [
        event(status, done=size, total=total, attempt=attempt, batch_size=size)
        for size, status in enumerate(statuses, 1)
    ]


def end(code: int, message: str | None = None) -> PlainEvent:
    return Progress(end=RunEnd(code=code, message=message)).to_mapping()


def judge(ended: Job, events: list[PlainEvent], *lines: str) -> SubmitStatus:
    return submit_status.judge(ended, events, "\n".join([*map(json.dumps, events), *lines]))


@pytest.mark.parametrize(
    ("ended", "events", "code", "reason"),
    [
        (job("succeeded", code=0), [*rows("ok", total=1), end(0)], 0, None),
        (job("failed", code=1), [*rows("ok"), end(1, "the budget left 7 measurements undone")], 1,
         "the budget left 7 measurements undone"),
        (job("failed", code=1), [*rows("ok", "failed", total=2), end(1)], 1, "1 measurement without a number"),
        (job("failed", code=3), [*rows("ok"), end(3, "/r: cannot be written")], 4, "/r: cannot be written"),
        (job("failed", code=2), [end(2, "s.yaml: no such file")], 4, "s.yaml: no such file"),
        (job("failed", code=130), [*rows("ok"), end(130, "stopped; 1 row is stored")], 1,
         "stopped; 1 row is stored"),
        (job("stopped"), [*rows("ok", "ok"), end(130, "stopped; 2 rows are stored")], 1, "stopped at 2 of 8"),
        (job("stopped"), [end(130, "stopped; 0 rows are stored")], 1, "stopped before anything was planned"),
        (job("failed", code=1), [*rows("ok", total=1), end(0)], 1, "ended at 1 of 1"),
    ],
)  # fmt: skip
def test_how_a_driver_says_that_it_ended_is_what_counts(
    ended: Job, events: list[PlainEvent], code: int, reason: str | None
) -> None:
    judged = judge(ended, events, "featray: error: another text", "Traceback (most recent call last):")
    assert (judged.exit_code, judged.reason) == (code, reason)


@pytest.mark.parametrize(
    ("ended", "events", "lines", "code"),
    [
        (job("running"), rows("ok", "failed"), (), 0),
        (job("pending"), [], (), 0),
        (job("succeeded", code=0), rows("ok", "ok", total=2), (), 0),
        (job("stopped"), rows("ok", "ok", "ok"), ("featray: error: stopped; 3 rows are stored",), 1),
        (job("stopped"), [], (), 1),
        (job("failed", code=1), rows("ok", "ok", "ok"), (WARNING,), 1),
        (job("failed", code=1), rows("ok", "failed", total=2), (), 1),
        (job("failed", code=130), rows("ok"), ("featray: error: stopped; 1 row is stored",), 1),
        (job("failed", code=127), [], ("sh: 1: python: not found",), 4),
        (job("failed", code=3), rows("ok"), ("featray: error: /r: cannot be written (No space left)",), 4),
        (job("failed", code=1), rows("ok"), ("Traceback (most recent call last):", "ValueError: x"), 4),
    ],
    ids=lambda value: value.state if isinstance(value, Job) else None,
)
def test_the_messages_of_a_driver_that_died_tell_missing_numbers_from_its_own_failure(
    ended: Job, events: list[PlainEvent], lines: tuple[str, ...], code: int
) -> None:
    assert judge(ended, events, *lines).exit_code == code


def test_a_unit_counts_by_its_last_attempt() -> None:
    events = [*rows("crashed", "ok", total=3), *rows("ok", total=3, attempt=2)]
    assert judge(job("running"), events).without_number == 0


def test_lost_and_cancelled_units_have_no_number() -> None:
    assert judge(job("stopped"), rows("ok", "lost", "cancelled")).without_number == 2


def test_an_event_without_a_total_leaves_the_count_alone() -> None:
    events = [*rows("ok", "ok"), {"done": 0, "total": 0, "text": "Ray dashboard: 127.0.0.1:8265"}]
    judged = judge(job("running"), events)
    assert (judged.done, judged.total) == (2, 8)


RAY_TEXT = (
    "Job entrypoint command failed with exit code 127, last available logs (truncated to 20,000 chars):\nsh: 1: x"
)


@pytest.mark.parametrize(
    ("ended", "events", "lines", "reason"),
    [
        (job("running"), rows("ok"), (WARNING,), None),
        (job("succeeded"), rows("ok", total=1), (), None),
        (
            job("failed", message=RAY_TEXT),
            [],
            ("2026-11-24 08:49:25,966\tINFO job_manager.py:581 -- Runtime env is setting up.",
             "sh: 1: python: not found", "", "Running entrypoint for job s-1: python -m featray"),
            "Job entrypoint command failed with exit code 127: sh: 1: python: not found",
        ),
        (job("failed", message="Job supervisor actor died: the node is gone"), rows("ok"), (),
         "Job supervisor actor died: the node is gone"),
        (job("failed", message=RAY_TEXT), rows("ok"), ("featray: error: /r: cannot be written", "and more"),
         "/r: cannot be written"),
        (job("failed", message=RAY_TEXT), rows("ok"), ("Traceback (most recent call last):", "  File", "ValueError: x"),
         "Job entrypoint command failed with exit code 127: ValueError: x"),
        (job("failed", message=RAY_TEXT, code=1), rows("ok", "ok", "ok"), (WARNING,),
         "the budget left 5 measurements in 2 invocations undone"),
        (job("failed", message=RAY_TEXT, code=1), rows("ok", "failed", total=2), (), "1 measurement without a number"),
        (job("failed"), [], (), "its driver printed nothing"),
        (job("stopped"), rows("ok", "lost", "ok"), (), "stopped at 3 of 8"),
        (job("stopped"), [], (), "stopped before anything was planned"),
    ],
)  # fmt: skip
def test_the_messages_of_a_driver_that_died_say_why(
    ended: Job, events: list[PlainEvent], lines: tuple[str, ...], reason: str | None
) -> None:
    assert judge(ended, events, *lines).reason == reason


def test_a_job_that_does_not_say_whether_targets_are_interchangeable_is_believed_where_it_succeeded() -> None:
    events = [event("lost", total=2), event("ok", done=2, total=2, target_id="elsewhere", attempt=2)]
    assert (judge(job("succeeded"), events).without_number, judge(job("succeeded"), events).exit_code) == (0, 0)
    assert judge(job("failed", code=1), events).without_number == 1


def test_a_unit_counts_by_the_row_that_counts_and_not_by_the_last_event() -> None:
    ended = job("succeeded", code=0)
    refused = event("infeasible", target_id=NO_TARGET, attempt=0, order_index=None)
    assert judge(ended, [refused, event("ok")]).exit_code == 0  # a host came that can run it
    assert judge(ended, [event("ok", attempt=2), event("crashed")]).exit_code == 0  # the first came late, from a spool
    assert judge(ended, [refused]).exit_code == 1


def test_an_odd_line_end_in_a_row_breaks_no_event() -> None:
    """Lines of a log end in newlines, and in nothing else that Unicode calls the end of a line."""
    events = [event("ok", description="one\u2028two\x85three")]
    log = json.dumps(events[0], ensure_ascii=False) + "\n"
    assert submit_status.judge(job("succeeded", code=0), events, log).exit_code == 0


def test_a_row_that_cannot_be_is_named_and_its_unit_has_no_number() -> None:
    wrong: dict[str, object] = {**dataclasses.asdict(make_row(invocation=2, run_id="x\x1b[31m")), "timed_s": [-1.0]}
    events = [*rows("ok", total=2), {"done": 2, "total": 2, "row": wrong}, end(0)]
    judged = judge(job("succeeded", code=0), events)
    assert (judged.exit_code, judged.without_number, judged.reason) == (1, 1, "1 measurement without a number")
    (problem,) = judged.problems
    assert problem.startswith("the row x [31m/")
    assert "was set aside: column timed_s: expected times" in problem
