"""`featray.status`: detached submits as a dashboard lists them, and the rows of one in the store."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import featray
from featray import store
from featray.core.events import PlainEvent
from featray.errors import BackendError, NothingMatches
from featray.running import kept_logs
from featray.running.progress import Progress, RunEnd
from tests.support import fake_outputs
from tests.support.builders import make_row
from tests.support.dashboards import Dashboard, describe_job, describe_submit

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp

ROW = make_row()
EVENTS: list[dict[str, object]] = [
    {"done": 1, "total": 2, "row": dataclasses.asdict(ROW)},
    {"done": 2, "total": 2, "row": dataclasses.asdict(make_row(status="failed", batch_size=4))},
    Progress(end=RunEnd(code=1, message="1 measurement without a number")).to_mapping(),
]


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Dashboard]:
    """Serve a submit that ended with a unit without a number, and a job of somebody else."""
    submit = describe_submit("s-1", status="FAILED")
    submit["metadata"]["featray_store"] = str(tmp_path / "head")
    with Dashboard(submit, describe_job("raysubmit_1")) as up:
        up.parts = [f"{json.dumps(event)}\n" for event in EVENTS]
        yield up


def test_every_submit_is_listed_and_nothing_is_stored(board: Dashboard, tmp_path: Path) -> None:
    (submit,) = featray.status(address=board.url)
    assert (submit.id, submit.state, submit.done, submit.total) == ("s-1", "failed", 2, 2)
    assert (submit.without_number, submit.exit_code, submit.fetched) == (1, 1, 0)
    assert not (tmp_path / "head").exists()


def test_the_rows_of_one_submit_come_into_its_store_once(board: Dashboard, tmp_path: Path) -> None:
    (submit,) = featray.status("s-1", address=board.url)
    assert (submit.reason, submit.fetched) == ("1 measurement without a number", 2)
    assert submit.events == tuple(EVENTS)
    assert ROW in store.read(tmp_path / "head").rows
    (again,) = featray.status("s-1", address=board.url)
    assert again.fetched == 0


def test_outputs_that_stay_on_the_head_are_counted_until_they_are_here(board: Dashboard, tmp_path: Path) -> None:
    kept = make_row(output_sums={"pose": "x"}, batch_size=8)
    later = dataclasses.replace(kept, invocation=2)
    board.parts = [
        f"{json.dumps({'done': 1, 'total': 1, 'row': dataclasses.asdict(each)})}\n" for each in (kept, later)
    ]
    mine = str(tmp_path / "mine")
    (submit,) = featray.status("s-1", address=board.url, results=mine)
    assert (submit.fetched, submit.absent_outputs) == (2, 1)
    (again,) = featray.status("s-1", address=board.url, results=mine)
    assert (again.fetched, again.absent_outputs) == (0, 1)
    store.outputs.keep(mine, kept, fake_outputs.make_table())
    (at_last,) = featray.status("s-1", address=board.url, results=mine)
    assert at_last.absent_outputs == 0


def test_the_log_of_a_submit_that_has_ended_comes_into_its_store(board: Dashboard, tmp_path: Path) -> None:
    featray.status("s-1", address=board.url)
    path = kept_logs.find(str(tmp_path / "head"), "s-1")
    assert path is not None
    assert kept_logs.read(path) == "".join(board.parts)


def test_several_submits_of_a_run_are_one_line_with_the_latest(board: Dashboard, tmp_path: Path) -> None:
    later = describe_submit("s-1-2", status="RUNNING")
    later["metadata"] |= {"featray_store": str(tmp_path / "head"), "featray_run": "s-1"}
    board.jobs["s-1"]["metadata"]["featray_run"] = "s-1"
    board.jobs |= {"s-1-2": later}
    board.jobs["s-1"]["start_time"], later["start_time"] = 1_000, 2_000
    (submit,) = featray.status(address=board.url)
    assert (submit.id, submit.run_id, submit.state, submit.submits) == ("s-1-2", "s-1", "running", 2)


def test_the_rows_may_go_into_another_store(board: Dashboard, tmp_path: Path) -> None:
    featray.status("s-1", address=board.url, results=str(tmp_path / "mine"))
    assert len(store.read(tmp_path / "mine").rows) == 2
    assert not (tmp_path / "head").exists()


def test_a_submit_that_has_ended_is_not_followed(board: Dashboard) -> None:
    events: list[PlainEvent] = []
    featray.status("s-1", address=board.url, watch=events.append)
    assert events == []


def test_an_unknown_submit_is_answered_with_those_that_exist(board: Dashboard) -> None:
    with pytest.raises(NothingMatches, match=r"no detached submit 's-2' on .*; expected s-1"):
        featray.status("s-2", address=board.url)


def test_logs_that_a_store_keeps_are_named_where_the_cluster_is_gone(tmp_path: Path) -> None:
    kept_logs.keep(str(tmp_path), "s-1", "log")
    with Dashboard() as gone:
        url = gone.url
        with pytest.raises(NothingMatches, match=rf"its log is kept: `featray logs s-1 --results {tmp_path}`$"):
            featray.status("s-1", address=url, results=str(tmp_path))
    with pytest.raises(BackendError, match=rf"; logs are kept of s-1: `featray logs s-1 --results {tmp_path}`$"):
        featray.status(address=url, results=str(tmp_path))
    with pytest.raises(BackendError) as raised:
        featray.status("s-2", address=url, results=str(tmp_path))
    assert "kept" not in str(raised.value)


def test_a_submit_that_has_not_planned_yet_has_no_counts(board: Dashboard) -> None:
    board.jobs["s-1"]["status"], board.parts = "RUNNING", []
    (submit,) = shown = featray.status(address=board.url)
    assert (submit.done, submit.total) == (0, 0)
    assert "0 of 0" not in repr(shown)
