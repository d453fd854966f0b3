"""`featray logs`: events as lines for people, other lines as they are."""

import json

import pytest

from featray.running import kept_logs
from tests.support.command import Shell
from tests.support.dashboards import Dashboard, describe_submit

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp


def test_a_log_reads_as_if_the_submit_had_run_here(shell: Shell) -> None:
    events = [{"done": 0, "total": 0, "text": "late joined"}, {"done": 0, "total": 0, "event": "ended_run", "code": 0}]
    with Dashboard(describe_submit("s-1", status="SUCCEEDED")) as board:
        board.parts = ["hello\n", *(f"{json.dumps(event)}\n" for event in events)]
        assert shell("logs", "s-1", "--address", board.url).out == "hello\nlate joined\n"


def test_a_log_that_was_kept_says_where(shell: Shell) -> None:
    kept_logs.keep(str(shell.folder / "results"), "s-1", "hello\n")
    with Dashboard(describe_submit("other")) as board:
        ran = shell("logs", "s-1", "--address", board.url)
    assert (ran.code, ran.out) == (0, "hello\n")
    assert ran.err == "the cluster has stopped or does not know s-1; this log was kept in results/logs/s-1.log\n"
