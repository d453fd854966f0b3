"""Detached submits on a cluster, and the errors for unknown ones, other people's jobs and broken connections."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from featray.backends.ray.jobs import Jobs
from featray.cli import app
from featray.errors import BackendError, NothingMatches
from tests.support.dashboards import Dashboard, describe_job, describe_submit

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp


@pytest.fixture
def board() -> Iterator[Dashboard]:
    """Serve one detached submit that runs, and a job of somebody else."""
    with Dashboard(describe_submit("s-1"), describe_job("raysubmit_1")) as up:
        yield up


def test_only_detached_submits_are_listed_and_found(board: Dashboard) -> None:
    jobs = Jobs(board.url)
    assert [job.id for job in jobs.all()] == ["s-1"]
    assert jobs.find("s-1").state == "running"


def test_a_run_is_found_by_its_id_and_of_several_submits_of_it_the_latest() -> None:
    first, second = describe_submit("s-1", status="FAILED"), describe_submit("s-1-2")
    for number, submit in enumerate((first, second)):
        submit["metadata"] |= {"featray_run": "s-1"}
        submit["start_time"] = 1000 * (number + 1)
    with Dashboard(first, second) as board:
        jobs = Jobs(board.url)
        assert jobs.find("s-1").id == "s-1-2"
        assert jobs.find("s-1-2").id == "s-1-2"
        assert jobs.cancel("s-1-2").state == "stopped"
        assert board.stopped == ["s-1-2"]


@pytest.mark.parametrize("id_", ["s-2", "", "../s-1"])
def test_an_unknown_submit_gets_a_suggestion(board: Dashboard, id_: str) -> None:
    with pytest.raises(NothingMatches, match=rf"no detached submit '{id_}' on {board.url}; expected s-1"):
        Jobs(board.url).find(id_)


def test_a_job_of_somebody_else_is_neither_shown_nor_stopped(board: Dashboard) -> None:
    jobs = Jobs(board.url)
    for call in (jobs.find, jobs.cancel):
        with pytest.raises(
            NothingMatches, match=r"'raysubmit_1' on .* is no detached submit, so featray leaves it alone"
        ):
            call("raysubmit_1")
    assert board.stopped == []


def test_a_cancelled_submit_is_stopped(board: Dashboard) -> None:
    assert Jobs(board.url).cancel("s-1").state == "stopped"
    assert board.stopped == ["s-1"]


def test_a_submit_that_does_not_stop_is_not_called_stopped() -> None:
    with (
        Dashboard(describe_submit("s-1"), stops=False) as board,
        pytest.raises(BackendError, match="s-1 still runs 0 s after it was told to stop"),
    ):
        Jobs(board.url).cancel("s-1", limit_s=0)


def test_every_call_with_a_wrong_token_says_what_to_do(
    board: Dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    jobs = Jobs(board.url)
    board.token = "f" * 64
    for call in (lambda: Jobs(board.url), lambda: jobs.find("s-1"), lambda: jobs.log("s-1"), jobs.all):
        with pytest.raises(BackendError, match=rf"refuses this machine.*featray cluster token.*{tmp_path}/token"):
            call()


def test_every_call_to_a_dashboard_that_is_gone_says_what_to_do(board: Dashboard) -> None:
    jobs = Jobs(board.url)
    port = board.url.rpartition(":")[2]
    board.close()
    for call in (lambda: Jobs(board.url), lambda: jobs.find("s-1"), lambda: list(jobs.follow("s-1")), jobs.all):
        with pytest.raises(BackendError, match=f"{board.url} cannot be used from here.*-L {port}:127.0.0.1:{port}"):
            call()


def test_an_error_of_the_dashboard_is_not_taken_for_an_unknown_submit(board: Dashboard) -> None:
    jobs = Jobs(board.url)
    board.answer = (500, "Traceback (most recent call last):\n  File x\nOSError: disk full\n")
    with pytest.raises(BackendError, match=r"status code 500: .*OSError: disk full"):
        jobs.find("s-1")


def test_an_ended_submit_is_followed_to_its_last_line(board: Dashboard) -> None:
    board.jobs["s-1"]["status"], board.parts = "SUCCEEDED", ["one\ntw", "o\nthree"]
    assert list(Jobs(board.url).follow("s-1")) == ["one", "two", "three"]


def test_a_connection_that_breaks_while_following_is_named(board: Dashboard) -> None:
    board.parts = ["one\n"]
    lines = Jobs(board.url).follow("s-1")
    assert next(lines) == "one"
    with pytest.raises(BackendError, match=r"broke off; s-1 goes on"):
        next(lines)


def test_a_head_that_falls_silent_while_following_is_noticed(board: Dashboard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes the connection and never answers
        jobs = Jobs(board.url, limit_s=0.2, quiet_s=0.2)
        jobs._client._address = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(BackendError, match=r"no answer within 0\.2 s"):
            next(jobs.follow("s-1"))


@pytest.mark.parametrize("arguments", [("status", "raysubmit_1"), ("logs", "raysubmit_1"), ("cancel", "raysubmit_1")])
def test_the_commands_refuse_a_job_of_somebody_else(
    board: Dashboard,
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["featray", *arguments, "--address", board.url])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("featray: error: the job 'raysubmit_1'")
