"""The main job as a user runs it: submit on embedded Ray, resume, rerun, Ctrl-C, exit codes. No py-feat in here.

What the backend has no part in is measured inline and in the process of the tests, which starts sooner.
"""

import json
import os
import re
import signal
from pathlib import Path

import pandas as pd
import psutil
import pytest

from tests.support.command import Shell, featray, list_children, start
from tests.support.failing_sweeps import wait_until, wait_until_stalled, write_stalling

CLOCKWORK = """
description: Cheap cells.
detectors:
  - name: tick
    class: "featray.measurement.clockwork:Clockwork"
    keywords: {{seconds_per_frame: {pace}, frames: 72}}
inputs: [short]
axes: {{device: cpu, batch_size: [1, 4]}}
measure: {{warmup: 1, repeats: 3, min_time_s: 0, stages: false, invocations: {n}}}
"""

INLINE = ("--backend", "inline")


def write(folder: Path, name: str = "clock", *, pace: float = 0.0005, n: int = 2) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(CLOCKWORK.format(pace=pace, n=n), encoding="utf-8")
    return path


def rows(results: Path) -> pd.DataFrame:
    return pd.read_parquet(results / "rows")


def test_submit_measures_once_and_a_rerun_keeps_both(tmp_path: Path, shell: Shell) -> None:
    sweep, results = write(tmp_path), tmp_path / "results"
    first = featray("submit", sweep, "--results", results, HOME=str(tmp_path))
    assert first.code == 0, first.err
    assert (tmp_path / ".ray" / "auth_token").stat().st_mode & 0o777 == 0o600
    assert "Ray dashboard: http://127.0.0.1:" in first.err
    assert "[4/4] tick short cpu" in first.err
    assert re.search(r"^cpu$", first.out, re.MULTILINE)  # said once for all
    assert re.search(r"^tick +1 ", first.out, re.MULTILINE)
    frame = rows(results)
    assert len(frame) == 4
    assert set(frame["status"]) == {"ok"}
    assert sorted(zip(frame["batch_size"], frame["invocation"], strict=True)) == [(1, 1), (1, 2), (4, 1), (4, 2)]
    report = next((results / "reports").glob("clock-*.md"))
    assert f"report: {report}" in first.err
    assert "## Video: short (72 frames)" in report.read_text(encoding="utf-8")

    second = shell("submit", sweep, "--results", results, *INLINE)
    assert (second.code, len(rows(results))) == (0, 4)
    assert "nothing was left to measure" in second.err

    again = shell("submit", sweep, "--results", results, "--rerun", "--json", *INLINE)
    assert again.code == 0, again.err
    events = [json.loads(line) for line in again.out.splitlines()]
    assert sum("row" in event for event in events) == 4
    assert events[-1] == {"done": 0, "total": 0, "event": "ended_run", "code": 0}
    assert len(rows(results)) == 8
    assert rows(results)["run_id"].nunique() == 2


def test_ctrl_c_keeps_finished_rows_and_the_next_submit_goes_on(tmp_path: Path, shell: Shell) -> None:
    (sweep, stalled), results = write_stalling(tmp_path, sizes=[1, 4]), tmp_path / "results"
    with start("submit", sweep, "--results", results) as process:
        wait_until_stalled(stalled, results)
        os.kill(process.pid, signal.SIGINT)
        wait_until(lambda: not list_children(), 5)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert re.search(r"stopped; \d+ rows? (is|are) stored, the next submit goes on from there", err)
    ends = rows(results)
    measured = ends[ends["status"] == "ok"]
    assert len(measured) == 1
    assert set(ends["status"]) == {"ok", "cancelled"}
    assert len(ends) == 4
    done = shell("submit", sweep, "--results", results, *INLINE)
    assert done.code == 0, done.err
    assert f"3 measured in {measured['run_id'].iloc[0]}" in done.err
    assert (rows(results)["status"] == "ok").all()
    assert len(rows(results)) == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_ray_starts_is_one_message_and_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    sweep, results = write(tmp_path), tmp_path / "results"

    def list_heads() -> list[psutil.Process]:
        return [head for head in psutil.Process(process.pid).children(recursive=True) if head.name() == "gcs_server"]

    with start("submit", sweep, "--results", results) as process:
        wait_until(list_heads, 120)
        heads = list_heads()
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "featray: stopped; finished rows are stored, the next submit goes on from there" in err
    assert "Traceback" not in err
    wait_until(lambda: not any(head.is_running() and head.status() != psutil.STATUS_ZOMBIE for head in heads), 10)


def test_a_spent_budget_starts_nothing_new_and_what_had_started_is_kept(tmp_path: Path, shell: Shell) -> None:
    sweep, results = write(tmp_path, pace=0.014, n=2), tmp_path / "results"
    # 72 frames of 14 ms, four calls a cell: the first cell outlasts the budget of 3 s.
    done = shell("submit", sweep, "--budget", "0.05", "--results", results, *INLINE)
    assert done.code == 1, done.err
    assert "the budget left 3 measurements in 2 invocations undone" in done.err
    assert list(rows(results)["invocation"]) == [1]
    planned = shell("plan", sweep, "--results", results)
    assert "1 of 4 measurements done, 3 left in 2 invocations" in planned.out + planned.err


def test_units_without_a_number_exit_1_and_are_in_the_table(tmp_path: Path, shell: Shell) -> None:
    sweep = tmp_path / "bad.yaml"
    sweep.write_text(
        CLOCKWORK.format(pace=0, n=1)
        .replace("clockwork:Clockwork", "fakes.failing_detector:FailingDetector")
        .replace("seconds_per_frame: 0, frames: 72", "fault: error, at_batch: 4"),
        encoding="utf-8",
    )
    done = shell("submit", sweep, "--results", tmp_path / "results", *INLINE)
    assert done.code == 1, done.err
    assert "failed: RuntimeError: failed on purpose in detect()" in done.out
    assert "1 without a number" in done.err


def test_a_device_that_is_not_here_exits_2_and_names_the_hosts(tmp_path: Path, shell: Shell) -> None:
    sweep = tmp_path / "gpu.yaml"
    sweep.write_text(CLOCKWORK.format(pace=0, n=1).replace("device: cpu", "device: mps"), encoding="utf-8")
    done = shell("submit", sweep, "--results", tmp_path / "results", *INLINE)
    assert done.code == 2
    assert f"no mps device among {os.uname().nodename} (" in done.err
    assert not (tmp_path / "results").exists()
