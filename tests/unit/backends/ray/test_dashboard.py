"""The dashboard of a cluster: how it is found, and the errors where it does not answer, refuses or is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from featray.backends.ray.dashboard import Dashboard
from featray.errors import BackendError
from tests.support import dashboards
from tests.support.dashboards import describe_submit

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp


@pytest.fixture
def board() -> Iterator[dashboards.Dashboard]:
    """Serve one detached submit."""
    with dashboards.Dashboard(describe_submit("s-1")) as up:
        yield up


def test_a_dashboards_own_address_is_used_as_it_is(board: dashboards.Dashboard) -> None:
    assert Dashboard(f"{board.url}/", 10).url == board.url


def test_a_machine_in_no_cluster_needs_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    with pytest.raises(
        BackendError, match="run `featray cluster start` first, or name a head with --address HOST:PORT"
    ):
        Dashboard(None, 10)


def test_an_address_without_a_head_is_refused() -> None:
    with pytest.raises(BackendError, match=r"no Ray head answers at 127\.0\.0\.1:9"):
        Dashboard("127.0.0.1:9", 10)


def test_a_dashboard_that_never_answers_is_given_up(board: dashboards.Dashboard) -> None:
    dashboard = Dashboard(board.url, 0.2)
    board.silent = True
    with pytest.raises(BackendError, match=r"no answer within 0\.2 s"), dashboard.errors_explained():
        dashboard.client.get_job_info("s-1")


@pytest.mark.parametrize("answer", [(200, "<html>"), (200, '{"some": "service"}'), (404, "no")])
def test_what_is_no_dashboard_is_named(board: dashboards.Dashboard, answer: tuple[int, str]) -> None:
    board.answer = answer
    with pytest.raises(BackendError, match=f"{board.url} cannot be used from here"):
        Dashboard(board.url, 10)


def test_of_a_traceback_in_an_answer_the_first_and_the_last_line_are_shown(board: dashboards.Dashboard) -> None:
    dashboard = Dashboard(board.url, 10)
    board.answer = (500, "Traceback (most recent call last):\n  File x\nOSError: disk full\n")
    with pytest.raises(BackendError) as caught, dashboard.errors_explained():
        dashboard.client.get_job_info("s-1")
    assert "File x" not in str(caught.value)
    assert str(caught.value).endswith("OSError: disk full")
