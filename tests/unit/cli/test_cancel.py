"""`featray cancel`: what it says."""

import pytest

from tests.support.command import Shell
from tests.support.dashboards import Dashboard, describe_submit

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp


def test_a_submit_is_stopped_once(shell: Shell) -> None:
    with Dashboard(describe_submit("s-1")) as board:
        stopped = shell("cancel", "s-1", "--address", board.url)
        assert stopped.err == "s-1: stopped; finished rows are kept, the next submit goes on from there\n"
        assert shell("cancel", "s-1", "--address", board.url).err == "s-1 had ended already\n"
