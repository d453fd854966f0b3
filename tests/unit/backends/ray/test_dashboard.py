"""The dashboard of a cluster: how it is found, and the errors where it does not answer, refuses or is none."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from featray.backends.ray.dashboard import Dashboard
from featray.backends.ray.jobs import Jobs
from featray.cluster import raylet_records
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
        BackendError, match="run `featray cluster start` first, or name a head with address='HOST:PORT'"
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


CALLS: dict[str, Callable[[Jobs], object]] = {
    "all": lambda jobs: jobs.all(),
    "find": lambda jobs: jobs.find("s-1"),
    "log": lambda jobs: jobs.log("s-1"),
    "follow": lambda jobs: list(jobs.follow("s-1")),
    "cancel": lambda jobs: jobs.cancel("s-1"),
}


@pytest.mark.parametrize("text", ["null", "1", '"x"', "[null]", '[{"a": 1}]', '{"a": 1}', "<html>"])
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_of_another_form_is_one_clear_message(board: dashboards.Dashboard, text: str, call: str) -> None:
    jobs = Jobs(board.url, limit_s=10, quiet_s=0.2)
    board.answer = (200, text)
    with pytest.raises(BackendError, match=f"{board.url} cannot be used from here") as refusal:
        CALLS[call](jobs)
    assert len(str(refusal.value).splitlines()) == 1


def test_a_head_that_is_gone_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path))
    here = psutil.Process()  # stands for a raylet of this machine whose head was another machine
    raylet_records.save(
        raylet_records.describe(here, address="127.0.0.1:9", head=False, gpu=None, log=tmp_path / "log")
    )
    begun = time.monotonic()
    with pytest.raises(BackendError, match=r"no Ray head answers at 127\.0\.0\.1:9"):
        Dashboard(None, 10)
    assert time.monotonic() - begun < 10  # Ray's own client gives up after 40 s


def test_of_a_traceback_in_an_answer_the_first_and_the_last_line_are_shown(board: dashboards.Dashboard) -> None:
    dashboard = Dashboard(board.url, 10)
    board.answer = (500, "Traceback (most recent call last):\n  File x\nOSError: disk full\n")
    with pytest.raises(BackendError) as caught, dashboard.errors_explained():
        dashboard.client.get_job_info("s-1")
    assert "File x" not in str(caught.value)
    assert str(caught.value).endswith("OSError: disk full")
