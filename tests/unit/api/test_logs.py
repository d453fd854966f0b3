"""Logs of a detached submit: events where lines hold some, and the text of the others."""

import pytest

from featray.api.logs import logs
from featray.errors import NothingMatches
from tests.support.dashboards import Dashboard, describe_submit

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp

PARTS = ["hello\n{", '"done": 1, "total": 2}\n', "bye"]


def test_a_log_is_its_events_and_its_other_lines() -> None:
    with Dashboard(describe_submit("s-1", status="SUCCEEDED")) as board:
        board.parts = PARTS
        for follow in (False, True):
            assert list(logs("s-1", address=board.url, follow=follow)) == ["hello", {"done": 1, "total": 2}, "bye"]


def test_an_unknown_submit_has_no_log() -> None:
    with Dashboard(describe_submit("s-1")) as board, pytest.raises(NothingMatches, match="expected s-1"):
        list(logs("s-2", address=board.url))
