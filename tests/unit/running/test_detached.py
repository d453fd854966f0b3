"""How a detached submit stands: what its events and its log come to, and which exit code that is."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray.backends.ray.jobs import Job
from featray.core.events import PlainEvent
from featray.core.row import NO_TARGET
from featray.core.status import Status
from featray.errors import BackendError, BadInput
from featray.running import detached
from featray.running.detached import JobStatus
from tests.support.builders import make_row

SHIPPED = Path(__file__).parents[3] / "clusters"

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


def rows(*statuses: str, total: int = 8, attempt: int = 1) -> list[PlainEvent]:
    """Give the events of units that ended so, one cell each."""
    return [
        {
            "done": index,
            "total": total,
            "row": {"cell_id": f"c{index}", "target_id": "t", "invocation": 1, "attempt": attempt, "status": status},
        }
        for index, status in enumerate(statuses, 1)
    ]


def stand(ended: Job, said: list[PlainEvent], *lines: str) -> JobStatus:
    return detached.stand(ended, said, "\n".join([*map(json.dumps, said), *lines]))


@pytest.mark.parametrize(
    ("ended", "said", "lines", "code"),
    [
        (job("running"), rows("ok", "failed"), (), 0),
        (job("pending"), [], (), 0),
        (job("succeeded", code=0), rows("ok", "ok", total=2), (), 0),
        (job("stopped"), rows("ok", "ok", "ok"), ("featray: error: stopped; 3 rows are stored",), 1),
        (job("stopped"), [], (), 1),
        (job("failed", code=1), rows("ok", "ok", "ok"), (WARNING,), 1),
        (job("failed", code=1), rows("ok", "failed", total=2), (), 1),
        (job("failed", code=130), rows("ok"), ("featray: error: stopped; 1 rows are stored",), 1),
        (job("failed", code=127), [], ("sh: 1: python: not found",), 4),
        (job("failed", code=3), rows("ok"), ("featray: error: /r: cannot be written (No space left)",), 4),
        (job("failed", code=1), rows("ok"), ("Traceback (most recent call last):", "ValueError: x"), 4),
    ],
    ids=lambda value: value.state if isinstance(value, Job) else None,
)
def test_the_exit_code_tells_missing_numbers_from_a_driver_that_failed(
    ended: Job, said: list[PlainEvent], lines: tuple[str, ...], code: int
) -> None:
    assert stand(ended, said, *lines).code == code


def test_a_unit_counts_by_its_last_attempt() -> None:
    said = [*rows("crashed", "ok", total=3), *rows("ok", total=3, attempt=2)]
    assert stand(job("running"), said).without_number == 0


def test_lost_and_cancelled_units_have_no_number() -> None:
    assert stand(job("stopped"), rows("ok", "lost", "cancelled")).without_number == 2


def test_what_is_said_without_a_total_leaves_the_count_alone() -> None:
    said: list[PlainEvent] = [*rows("ok", "ok"), {"done": 0, "total": 0, "text": "Ray dashboard: 127.0.0.1:8265"}]
    standing = stand(job("running"), said)
    assert (standing.done, standing.total) == (2, 8)


RAYS = "Job entrypoint command failed with exit code 127, last available logs (truncated to 20,000 chars):\nsh: 1: x"


@pytest.mark.parametrize(
    ("ended", "said", "lines", "reason"),
    [
        (job("running"), rows("ok"), (WARNING,), None),
        (job("succeeded"), rows("ok", total=1), (), None),
        (
            job("failed", message=RAYS),
            [],
            ("2026-11-24 08:49:25,966\tINFO job_manager.py:581 -- Runtime env is setting up.",
             "sh: 1: python: not found", "", "Running entrypoint for job s-1: python -m featray"),
            "Job entrypoint command failed with exit code 127: sh: 1: python: not found",
        ),
        (job("failed", message="Job supervisor actor died: the node is gone"), rows("ok"), (),
         "Job supervisor actor died: the node is gone"),
        (job("failed", message=RAYS), rows("ok"), ("featray: error: /r: cannot be written", "and more"),
         "/r: cannot be written"),
        (job("failed", message=RAYS), rows("ok"), ("Traceback (most recent call last):", "  File", "ValueError: x"),
         "Job entrypoint command failed with exit code 127: ValueError: x"),
        (job("failed", message=RAYS, code=1), rows("ok", "ok", "ok"), (WARNING,),
         "the budget left 5 measurements in 2 invocations undone"),
        (job("failed", message=RAYS, code=1), rows("ok", "failed", total=2), (), "1 measurement without a number"),
        (job("failed"), [], (), "it said nothing"),
        (job("stopped"), rows("ok", "lost", "ok"), (), "stopped at 3 of 8"),
        (job("stopped"), [], (), "stopped before anything was planned"),
    ],
)  # fmt: skip
def test_a_job_that_did_not_go_well_says_why(
    ended: Job, said: list[PlainEvent], lines: tuple[str, ...], reason: str | None
) -> None:
    assert stand(ended, said, *lines).reason == reason


def test_a_line_that_is_no_event_is_none() -> None:
    lines: list[Any] = ["2026 INFO ray: hello", '{"done": 1, "total', '{"done": 1, "total": 2}']
    assert [detached.event(line) for line in lines] == [None, None, {"done": 1, "total": 2}]


LAB = "hosts: [{name: a, address: 192.0.2.1}, {name: b, address: 192.0.2.2, venv: ~/v}]\nhead: b\n"


def test_an_interpreter_that_was_named_wins(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(LAB)
    for address in (None, "192.0.2.1:6379", "http://127.0.0.1:8265", str(tmp_path / "lab.yaml")):
        assert detached.place(address, python="/opt/python")[1] == "/opt/python"


def test_a_cluster_file_names_the_interpreter_of_its_head(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(LAB)
    assert detached.place(str(tmp_path / "lab.yaml")) == ("192.0.2.2:6379", "~/v/bin/python")


@pytest.mark.parametrize("address", [None, "127.0.0.1:6379", "localhost:7000"])
def test_a_cluster_of_this_machine_runs_this_interpreter(address: str | None) -> None:
    assert detached.place(address) == (address, sys.executable)


@pytest.mark.parametrize("address", ["192.0.2.1:6379", "[:6379", "http://192.0.2.1:8265"])
def test_a_head_elsewhere_is_never_given_this_machines_interpreter(address: str) -> None:
    with pytest.raises(BackendError, match="--python"):
        detached.place(address)
    assert detached.head_of(address) == address  # looking at a submit takes no interpreter


def test_a_tunnel_is_not_taken_for_a_head_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))  # no head of featray's runs here
    with pytest.raises(BackendError, match="--python"):
        detached.place("http://127.0.0.1:8265")


def test_nothing_can_be_left_to_an_embedded_ray() -> None:
    for look in (detached.place, detached.head_of):
        with pytest.raises(BadInput, match=r"local\.yaml names no hosts"):
            look(str(SHIPPED / "local.yaml"))


def test_a_unit_that_moved_to_another_target_has_its_number_there() -> None:
    said = rows("lost", total=2)
    elsewhere = {**said[0]["row"], "target_id": "u", "attempt": 2, "status": "ok"}
    said.append({"done": 2, "total": 2, "row": elsewhere})
    assert (stand(job("succeeded"), said).without_number, stand(job("succeeded"), said).code) == (0, 0)
    assert stand(job("failed", code=1), said).without_number == 1  # whether targets stand for each other, it knows


def test_what_was_measured_after_a_stop_comes_to_a_caller_that_has_the_stop(tmp_path: Path) -> None:
    stopped = make_row(status=Status.CANCELLED)
    store.append(str(tmp_path), [stopped])
    measured = dataclasses.replace(stopped, status=Status.OK.value, timed_s=[0.5])
    said = [{"row": dataclasses.asdict(measured)}]
    assert detached.collect(str(tmp_path), said) == 1
    assert [row.status for row in store.read(str(tmp_path)).rows] == ["ok"]
    assert detached.collect(str(tmp_path), said) == 0


def test_a_row_comes_over_whatever_its_words_are(tmp_path: Path) -> None:
    """Lines of a log end in newlines, and in nothing else that Unicode calls the end of a line."""
    said = {"done": 1, "total": 1, "row": dataclasses.asdict(make_row(description="one\u2028two\x85three"))}
    log = json.dumps(said, ensure_ascii=False) + "\n"
    assert detached.collect(str(tmp_path), detached.events(log.split("\n"))) == 1
    assert detached.stand(job("succeeded", code=0), [said], log).code == 0
    (row,) = store.read(str(tmp_path)).rows
    assert row.description == "one\u2028two\x85three"


def test_a_unit_counts_by_the_row_that_counts_and_not_by_the_last_that_was_told() -> None:
    def told(status: str, attempt: int, target: str = "t") -> PlainEvent:
        row = {"cell_id": "c", "target_id": target, "invocation": 1, "attempt": attempt, "status": status}
        return {"done": 1, "total": 1, "row": row}

    ended = job("succeeded", code=0)
    assert stand(ended, [told("infeasible", 0, NO_TARGET), told("ok", 1)]).code == 0  # a host came that can run it
    assert stand(ended, [told("ok", 2), told("crashed", 1)]).code == 0  # the first came late, out of a spool
    assert stand(ended, [told("infeasible", 0, NO_TARGET)]).code == 1
