"""`featray status`, `logs` and `cancel` against a dashboard: what they print, and their exit codes."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import featray
from featray.cli.status import draw
from featray.running import kept_logs
from tests.support.builders import make_row
from tests.support.command import Shell
from tests.support.dashboards import Dashboard, describe_submit

pytestmark = pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning")  # Ray's own call of aiohttp


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Dashboard]:
    """Serve a submit that was stopped after one of two units."""
    submit = describe_submit("s-1", status="STOPPED")
    submit["metadata"] |= {"featray_store": str(tmp_path / "head"), "featray_user": "ann@box"}
    row = dataclasses.asdict(make_row())
    event = {"done": 1, "total": 2, "event": "row", "invocation": "demo/retinaface/cuda/invocation-1", "row": row}
    event |= {"target": row["target_id"], "target_label": "RTX 3090"}
    with Dashboard(submit) as up:
        up.parts = [f"hello\n{json.dumps(event)}\n"]
        yield up


def test_submits_are_listed_with_their_counts(board: Dashboard, shell: Shell) -> None:
    listed = shell("status", "--address", board.url)
    assert listed.code == 0
    line = listed.out.splitlines()[1]
    assert line.split()[:4] == ["1/2", "0", "stopped", "s-1"]
    assert "stopped at 1 of 2" in line
    assert "ann@box" in line
    (facts,) = json.loads(shell("status", "--json", "--address", board.url).out)
    assert (facts["id"], facts["done"], facts["total"], facts["featray_user"]) == ("s-1", 1, 2, "ann@box")


def test_one_submit_shows_its_targets_why_it_ended_and_the_rows_that_came(board: Dashboard, shell: Shell) -> None:
    shown = shell("status", "s-1", "--address", board.url)
    assert shown.code == 1
    assert "RTX 3090" in shown.out
    assert shown.err.splitlines() == [
        f"s-1: stopped, into {shell.folder / 'head'}",
        "why: stopped at 1 of 2",
        "1 row came from the cluster",
    ]


def test_a_long_reason_stands_below_its_line_at_any_width(board: Dashboard, shell: Shell) -> None:
    end = {"done": 1, "total": 2, "event": "ended_run", "code": 5, "message": "the reason of this is long " * 4}
    board.jobs["s-1"]["status"] = "FAILED"
    board.parts.append(f"{json.dumps(end)}\n")
    heading, line, why = shell("status", "--address", board.url).out.splitlines()
    assert heading.split() == ["measured", "no", "number", "state", "id", "by", "store"]
    assert line.split() == ["1/2", "0", "failed", "s-1", "ann@box", str(shell.folder / "head")]
    assert why.startswith("    why: the reason of this is long")
    for width in (60, 80):
        (submit,) = featray.status(address=board.url)
        assert max(map(len, draw([submit], width)[1:2])) <= width


def test_a_run_that_was_submitted_twice_is_listed_once(board: Dashboard, shell: Shell) -> None:
    again = describe_submit("s-1-2", status="SUCCEEDED")
    again["metadata"] |= {"featray_store": str(shell.folder / "head"), "featray_run": "s-1"}
    board.jobs["s-1"]["metadata"]["featray_run"] = "s-1"
    board.jobs["s-1-2"] = {**again, "start_time": 2_000}
    lines = shell("status", "--address", board.url).out.splitlines()
    assert lines[0].split()[:6] == ["measured", "no", "number", "state", "id", "submits"]
    assert [line.split()[2:5] for line in lines[1:2]] == [["succeeded", "s-1", "2"]]
    (facts,) = json.loads(shell("status", "--json", "--address", board.url).out)
    assert (facts["id"], facts["featray_run"], facts["submits"]) == ("s-1-2", "s-1", 2)


def test_a_cluster_without_submits_says_how_to_start_one(shell: Shell) -> None:
    with Dashboard() as empty:
        assert "start one: featray submit SWEEP --detach" in shell("status", "--address", empty.url).err


def test_outputs_that_stay_on_the_head_are_told_with_the_way_to_bring_them(board: Dashboard, shell: Shell) -> None:
    row = dataclasses.asdict(make_row(output_sums={"pose": "x"}))
    board.parts = [f"{json.dumps({'done': 1, 'total': 1, 'row': row})}\n"]
    head = shell.folder / "head"
    told = shell("status", "s-1", "--address", board.url, "--results", "mine").err
    assert f"the outputs of 1 unit stayed in {head} on the head" in told
    command = f"featray export --to bundle --outputs --results {head} --run demo-1 -o ."
    assert f"`{command}` there and `featray import` with its file here" in told
    facts = json.loads(shell("status", "s-1", "--json", "--address", board.url, "--results", "mine").out)
    assert facts["absent_outputs"] == 1


def test_a_submit_that_has_not_planned_yet_is_listed_without_counts(board: Dashboard, shell: Shell) -> None:
    board.jobs["s-1"]["status"], board.parts = "RUNNING", []
    line = shell("status", "--address", board.url).out.splitlines()[1]
    assert line.split()[:4] == ["-", "0", "running", "s-1"]


def test_a_cluster_without_submits_names_the_logs_that_are_kept(shell: Shell) -> None:
    kept_logs.keep(str(shell.folder / "results"), "s-1", "log")
    with Dashboard() as empty:
        assert "logs are kept of s-1: `featray logs s-1`" in shell("status", "--address", empty.url).err
