"""Logs of a detached submit: events where lines hold some, and the text of the others."""

from pathlib import Path

import pytest

from featray.api.logs import logs
from featray.errors import BackendError, NothingMatches
from featray.running import kept_logs
from tests.support.dashboards import Dashboard, describe_submit

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp

PARTS = ["hello\n{", '"done": 1, "total": 2}\n', "bye"]


def test_a_log_is_its_events_and_its_other_lines() -> None:
    with Dashboard(describe_submit("s-1", status="SUCCEEDED")) as board:
        board.parts = PARTS
        for follow in (False, True):
            assert list(logs("s-1", address=board.url, follow=follow)) == ["hello", {"done": 1, "total": 2}, "bye"]


def test_an_unknown_submit_has_no_log(tmp_path: Path) -> None:
    expected = "expected s-1.*; no log of it is kept in .*/logs either"
    with Dashboard(describe_submit("s-1")) as board, pytest.raises(NothingMatches, match=expected):
        logs("s-2", address=board.url, results=str(tmp_path))


def test_the_log_of_a_cluster_that_has_stopped_is_the_one_that_its_store_kept(tmp_path: Path) -> None:
    with Dashboard(describe_submit("s-1")) as board:
        url = board.url
    with pytest.raises(BackendError, match=r"no log of it is kept in .*/logs either"):
        logs("s-1", address=url, results=str(tmp_path))
    kept_logs.keep(str(tmp_path), "s-1", "".join(PARTS))
    log = logs("s-1", address=url, results=str(tmp_path), follow=True)
    assert log.kept_in == tmp_path / "logs" / "s-1.log"
    assert list(log) == ["hello", {"done": 1, "total": 2}, "bye"]
