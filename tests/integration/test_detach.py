"""Detached submits on a real cluster of this machine, with a token: submit, status, logs, cancel; what Ray shows."""

import collections
import dataclasses
import json
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import CommandResult, Shell, featray, list_children, start
from tests.support.failing_sweeps import (
    final_rows,
    list_attempts,
    wait_until,
    wait_until_stalled,
    write_stalling,
    write_sweep,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def find_two_free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own, so that the token is too."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def dashboard(home: Path) -> Iterator[str]:
    """Start a cluster of this machine alone; give its dashboard's address."""
    port, board = find_two_free_ports()
    ports = ("--port", str(port), "--dashboard-port", str(board))
    started = featray(
        *("cluster", "start", "--ip", "127.0.0.1", "--gpus", "none", *ports),
        HOME=str(home),
        RAY_metrics_report_interval_ms="1000",  # 10 s by default
    )
    assert started.code == 0, started.err
    yield f"http://127.0.0.1:{board}"
    assert featray("cluster", "stop", HOME=str(home)).code == 0


def detach(sweep: Path, results: Path, home: Path, *options: str) -> str:
    done = featray("submit", sweep, "--detach", "--results", results, *options, HOME=str(home))
    assert done.code == 0, done.err
    assert re.fullmatch(rf"{sweep.stem}-\d{{8}}-\d{{6}}-[0-9a-f]{{4}}\n", done.out)
    assert f"featray status {done.out.strip()} --watch" in done.err
    assert "INFO" not in done.err
    return done.out.strip()


def on_cluster(home: Path, *arguments: str | Path) -> CommandResult:
    return featray(*arguments, HOME=str(home))


def facts(home: Path, id_: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(on_cluster(home, "status", id_, "--json").out)
    return value


def ask(url: str, home: Path) -> Any:
    token = (home / ".ray" / "auth_token").read_text()
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        text = answer.read().decode()
    return json.loads(text) if "json" in answer.headers["Content-Type"] else text


@dataclasses.dataclass(frozen=True)
class Followed:
    """A submit that was followed to its end: its store on the head, and one of a caller that shares no disk with it."""

    id: str
    results: Path
    mine: Path
    watched: CommandResult


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, home: Path, dashboard: str) -> Followed:
    folder = tmp_path_factory.mktemp("followed")
    sweep, results, mine = (
        write_sweep(folder, "fault: error, at_batch: 4", sizes=[1, 4], n=2),
        folder / "r",
        folder / "m",
    )
    id_ = detach(sweep, results, home)
    watched = on_cluster(home, "status", id_, "--watch", "--results", mine, "--address", dashboard)
    return Followed(id=id_, results=results, mine=mine, watched=watched)


ENDS = [(1, 1, "ok"), (1, 1, "ok"), (4, 1, "failed"), (4, 1, "failed")]


def test_a_detached_sweep_runs_to_its_end_and_its_rows_are_here(followed: Followed, home: Path, dashboard: str) -> None:
    id_, results, watched = followed.id, followed.results, followed.watched
    assert watched.code == 1, watched.err  # two units have no number
    assert "[4/4]" in watched.err
    assert "4/4" in watched.out
    assert list_attempts(results) == ENDS
    logged = on_cluster(home, "logs", id_).out
    assert "[1/4]" in logged
    assert "failed (RuntimeError: failed on purpose in detect())" in logged
    assert on_cluster(home, "logs", id_, "-f").out == logged
    with_no_cluster = featray("logs", id_, "--results", results, "--address", "http://127.0.0.1:1", HOME=str(home))
    assert with_no_cluster.code == 0, with_no_cluster.err
    assert set(with_no_cluster.out.splitlines()) <= set(logged.splitlines())  # Ray adds lines of its own
    assert "[4/4]" in with_no_cluster.out
    listed = on_cluster(home, "status").out
    assert listed.count(id_) == 1
    assert "4/4" in listed
    submit = facts(home, id_)
    assert (submit["done"], submit["total"], submit["without_number"]) == (4, 4, 2)
    assert (submit["featray_sweep"], submit["featray_store"]) == ("faulty", str(results))
    assert on_cluster(home, "status", "faulty-2").err.startswith("featray: error: no detached submit 'faulty-2'")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{dashboard}/api/jobs/", timeout=20)


def test_a_submit_has_one_id_from_here_to_its_report(followed: Followed, shell: Shell) -> None:
    assert shell("report", followed.id, "--results", followed.results, "-o", "-").code == 0


def test_rows_come_to_a_caller_that_shares_no_disk_with_the_head(followed: Followed, home: Path) -> None:
    assert "4 rows came from the cluster" in followed.watched.err
    assert "rows came" not in on_cluster(home, "status", followed.id, "--results", followed.mine).err
    assert list_attempts(followed.mine) == list_attempts(followed.results) == ENDS


def test_a_cancelled_sweep_leaves_no_child_and_keeps_its_rows(tmp_path: Path, home: Path, dashboard: str) -> None:
    (sweep, stalled), results = write_stalling(tmp_path, sizes=[1, 4, 8, 16], name="long"), tmp_path / "r"
    id_ = detach(sweep, results, home)
    wait_until_stalled(stalled, results)
    _check_what_ray_shows(id_, home, dashboard)
    refused = featray("submit", sweep, "--detach", "--results", results, HOME=str(home))
    assert (refused.code, f"`featray cancel {id_}`" in refused.err) == (5, True), refused.err
    begun = time.monotonic()
    assert facts(home, id_)["state"] == "running"
    start_s = time.monotonic() - begun  # of a command that asks the cluster as much as `cancel` does
    begun = time.monotonic()
    with_cancel = featray_in_background("cancel", id_, home)
    wait_until(lambda: not list_children(), 30)
    seen_gone = time.monotonic() - begun
    out = with_cancel()
    assert out.code == 0, out.err
    assert "stopped; finished rows are kept" in out.err
    assert seen_gone < 5 + 2 * start_s  # 5 s from the signal; the command's own start is not counted
    ends = collections.Counter(status for _, _, status in list_attempts(results))
    assert 1 <= ends["ok"] < 8
    assert ends == {"ok": ends["ok"], "cancelled": 8 - ends["ok"]}
    shown = on_cluster(home, "status", id_, "--json")
    submit = json.loads(shown.out)
    assert (submit["state"], submit["reason"]) == ("stopped", f"stopped at {submit['done']} of 8")
    assert shown.code == 1  # units have no number
    assert "had ended already" in on_cluster(home, "cancel", id_).err
    again = detach(sweep, results, home)
    assert on_cluster(home, "status", again, "--watch").code == 0
    assert again == id_
    assert on_cluster(home, "status").out.count(id_) == 1
    assert len(final_rows(results)) == 8


def test_a_submit_that_its_budget_ended_has_units_without_a_number(tmp_path: Path, home: Path, dashboard: str) -> None:
    sweep, results = write_sweep(tmp_path, "seconds: 0.8", sizes=[1, 4], n=2, name="short"), tmp_path / "r"
    id_ = detach(sweep, results, home, "--budget", "0.05", "--address", dashboard)
    ended = on_cluster(home, "status", id_, "--watch")
    assert ended.code == 1, ended.err
    assert "why: the budget left " in ended.err


def test_a_submit_whose_interpreter_is_not_there_says_so(tmp_path: Path, home: Path, dashboard: str) -> None:
    head = re.search(r"head of (\S+):(\d+),", on_cluster(home, "cluster", "status").err)
    assert head is not None
    lab = tmp_path / "lab.yaml"
    lab.write_text(f"port: {head[2]}\nhosts: [{{name: here, address: {head[1]}, venv: ~/no such}}]\n")
    sweep = write_sweep(tmp_path, name="nowhere")
    done = featray("submit", sweep, "--detach", "--results", tmp_path / "r", "--address", lab, HOME=str(home))
    assert done.code == 0, done.err
    ended = on_cluster(home, "status", done.out.strip(), "--watch", "--address", dashboard)
    assert ended.code == 4
    assert re.search(rf"why: .*exit code 127: .*{home}/no such/bin/python: not found", ended.err), ended.err


def featray_in_background(command: str, id_: str, home: Path) -> Any:
    process = start(command, id_, HOME=str(home))

    def finish() -> CommandResult:
        with process:
            out, err = process.communicate(timeout=90)
        return CommandResult(process.returncode, out, err)

    return finish


def _check_what_ray_shows(id_: str, home: Path, dashboard: str) -> None:
    """Readable task names, the job's metadata, and featray's gauges on the node's metrics port."""

    def tasks() -> set[str]:
        return {task["name"] for task in ask(f"{dashboard}/api/v0/tasks?limit=100", home)["data"]["result"]["result"]}

    wait_until(lambda: "long/bad/cpu/invocation-1" in tasks(), 60)  # Ray hears of its tasks after a while
    (job,) = [job for job in ask(f"{dashboard}/api/jobs/", home) if job["submission_id"] == id_]
    assert {"job_name", "featray_sweep", "featray_store", "featray_version", "featray_user"} <= set(job["metadata"])
    node = ask(f"{dashboard}/nodes?view=summary", home)["data"]["summary"][0]
    port = node["raylet"]["metricsExportPort"]
    host = node["raylet"]["nodeManagerAddress"]

    def gauges() -> list[str]:
        return [line for line in ask(f"http://{host}:{port}/metrics", home).splitlines() if "featray_" in line]

    wait_until(lambda: any("featray_fps{" in line for line in gauges()), 60)
    shown = "\n".join(gauges())
    for name in ("units_planned", "units_done", "rows_total", "rows_per_second", "lease", "waiting"):
        assert re.search(rf"featray_{name}\{{", shown), shown
    assert re.search(r'featray_rows_total\{.*of="ok"', shown)
    log = ask(f"{dashboard}/api/jobs/{id_}/logs", home)["logs"]
    assert re.search(r'^\d\d:\d\d:\d\d \[\d/8\] bad .*: .* ms/frame.*\t\{"done"', log, flags=re.MULTILINE), log


def test_without_a_cluster_it_says_how_to_start_one(
    tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = write_sweep(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FEATRAY_CACHE", str(tmp_path / "cache"))
    for arguments in (("submit", sweep, "--detach"), ("status",), ("logs", "x"), ("cancel", "x")):
        refused = shell(*arguments)
        assert refused.code == 4
        assert "`featray cluster start` first" in refused.err
        assert "Traceback" not in refused.err
