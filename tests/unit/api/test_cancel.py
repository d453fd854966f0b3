"""Cancelling a detached submit."""

import pytest

from featray.api.cancel import Cancelled, cancel
from tests.support.dashboards import Dashboard, describe_submit

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp


def test_a_running_submit_is_stopped() -> None:
    with Dashboard(describe_submit("s-1")) as board:
        assert cancel("s-1", address=board.url) == Cancelled(state="stopped", had_ended=False)
        assert board.stopped == ["s-1"]


def test_a_submit_that_has_ended_is_left_alone() -> None:
    with Dashboard(describe_submit("s-1", status="SUCCEEDED")) as board:
        assert cancel("s-1", address=board.url) == Cancelled(state="succeeded", had_ended=True)
        assert board.stopped == []
