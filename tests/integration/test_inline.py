"""`featray submit --backend inline`: a submit as with Ray, without Ray."""

import itertools
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from featray import store
from featray.core.row import Row, columns
from tests.support.command import ROOT, CommandResult, environment, featray, list_children, start
from tests.support.failing_sweeps import (
    final_rows,
    list_attempts,
    wait_until,
    wait_until_stalled,
    write_stalling,
    write_sweep,
)

INLINE = ("--backend", "inline")

WITHOUT = ("ray", "plotly", "playwright")
"""Packages that may be missing where a sweep is measured inline."""

BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from featray.cli.app import main
for command in {commands}:
    sys.argv = ["featray", *command]
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            raise
"""

OF_ONE_MEASUREMENT = frozenset(
    {
        *("run_id", "process", "started_at", "ended_at", "stderr_tail"),
        *(
            "import_s",
            "load_s",
            "first_call_s",
            "warmup_s",
            "timed_s",
            "face_s",
            "unmet_rules",
            "stages_s",
            "profiled_ratio",
        ),
        *("energy_j", "idle_power_w", "cpu_energy_j", "cpu_idle_power_w"),
        *("rss_peak_b", "cpu_utilization", "cpu_other", "load_1m", "steal_share", "swap_used_b"),
    }
)
"""Columns that differ from one measurement to the next: times with what is said of them, and the machine's state."""


def submit(sweep: Path, results: Path, *options: str | Path) -> CommandResult:
    return featray("submit", sweep, "--results", results, *INLINE, *options)


def without(packages: tuple[str, ...], *commands: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
    """Run commands in an interpreter in which these packages cannot be imported, up to the first that fails."""
    words = [[str(word) for word in command] for command in commands]
    code = BLOCKED.replace("{packages}", repr(packages)).replace("{commands}", repr(words))
    return subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=200, check=False
    )


def different_columns(one: Row, other: Row) -> set[str]:
    return {column.name for column in columns() if getattr(one, column.name) != getattr(other, column.name)}


def test_a_sweep_is_planned_measured_resumed_and_reported_without_ray_and_plotly(tmp_path: Path) -> None:
    sweep, results = write_sweep(tmp_path, sizes=[1, 4]), tmp_path / "r"
    store_option = ("--results", results)
    planned = without(WITHOUT, ("plan", sweep, *store_option))
    measured = without(WITHOUT, ("submit", sweep, *store_option, *INLINE))
    again = without(WITHOUT, ("submit", sweep, *store_option, *INLINE))
    others = without(WITHOUT, *((verb, *store_option) for verb in ("report", "recommend", "suggest")), ("hosts",))
    for done in (planned, measured, again, others):
        assert done.returncode == 0, done.stderr
    assert list_attempts(results) == [(1, 1, "ok"), (4, 1, "ok")]
    assert "nothing was left to measure" in again.stderr
    assert list((results / "reports").glob("faulty-*.md"))


@pytest.mark.slow
def test_where_ray_cannot_start_the_error_names_the_way_without_it(tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError('No module named ray')", encoding="utf-8")
    sweep = write_sweep(tmp_path, sizes=[1])
    done = featray("submit", sweep, "--results", tmp_path / "r", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert done.code == 4, done.err
    assert "cannot start Ray on this machine: " in done.err
    assert "--backend inline measures on this machine without it" in done.err


THREE_FAULTS = """
detectors:
  - {{name: steady, class: {path}, keywords: {{fault: none}}}}
  - {{name: dying, class: {path}, keywords: {{fault: sigsegv, at_batch: 4}}}}
  - {{name: greedy, class: {path}, keywords: {{fault: memory, at_batch: 4}}}}
"""


@pytest.mark.slow
def test_inline_and_ray_give_the_same_rows_but_for_times_and_the_same_exit_code(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path, n=2)
    _, _, grid = sweep.read_text(encoding="utf-8").partition("inputs:")
    faults = THREE_FAULTS.format(path='"featray.measurement.fakes.failing_detector:FailingDetector"')
    sweep.write_text(f"{faults}inputs:{grid}", encoding="utf-8")
    ends = {
        "ray": featray("submit", sweep, "--results", tmp_path / "ray"),
        "inline": submit(sweep, tmp_path / "inline"),
    }
    assert [done.code for done in ends.values()] == [1, 1], ends
    rows = {
        name: sorted(store.read(str(tmp_path / name), every_attempt=True).rows, key=lambda row: row.key()[1:])
        for name in ends
    }
    counts = Counter((row.detector, row.status) for row in rows["ray"])
    assert (counts["steady", "ok"], counts["dying", "crashed"], counts["greedy", "oom"]) == (6, 2 * 3, 2)
    assert {status for detector, status in counts if detector == "greedy"} == {"ok", "oom", "skipped"}
    assert [row.key()[1:] for row in rows["inline"]] == [row.key()[1:] for row in rows["ray"]]
    for inline, ray in zip(rows["inline"], rows["ray"], strict=True):
        assert different_columns(inline, ray) <= OF_ONE_MEASUREMENT


@pytest.fixture
def running(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a submit, and wait until it is in the middle of a cell, after another one."""
    sweep, stalled = write_stalling(tmp_path)
    with start("submit", sweep, "--results", tmp_path / "r", *INLINE) as process:
        wait_until_stalled(stalled, tmp_path / "r")
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_is_measured_ends_the_child_and_the_next_submit_goes_on(
    tmp_path: Path, running: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "the next submit goes on from there" in err
    assert "Traceback" not in err
    wait_until(lambda: not list_children(), 5)
    before = Counter(status for _, _, status in list_attempts(tmp_path / "r"))
    assert before.total() == 6
    assert before["ok"] == 1
    done = submit(tmp_path / "faulty.yaml", tmp_path / "r")
    assert done.code == 0, done.err
    assert "5 measured in " in done.err
    assert {row.status for row in final_rows(tmp_path / "r").values()} == {"ok"}


def test_a_driver_killed_outright_takes_its_child_along_and_loses_no_row(
    tmp_path: Path, running: "subprocess.Popen[str]"
) -> None:
    running.kill()
    running.communicate(timeout=30)
    wait_until(lambda: not list_children(), 5)
    assert len(list_attempts(tmp_path / "r")) == 1
    done = submit(tmp_path / "faulty.yaml", tmp_path / "r")
    assert done.code == 0, done.err
    assert len(list_attempts(tmp_path / "r")) == len(final_rows(tmp_path / "r")) == 6
    assert {row.status for row in final_rows(tmp_path / "r").values()} == {"ok"}


def test_a_second_submit_of_a_running_sweep_is_refused_by_the_name_of_the_first(
    tmp_path: Path, running: "subprocess.Popen[str]"
) -> None:
    second = submit(tmp_path / "faulty.yaml", tmp_path / "r")
    assert second.code == 5, second.err
    assert f"faulty is being submitted to {tmp_path / 'r'} by" in second.err
    assert f"process {running.pid}" in second.err
    assert running.poll() is None


def test_two_sweeps_at_once_take_turns_on_this_machine(tmp_path: Path) -> None:
    sweeps = {name: write_sweep(tmp_path, "seconds: 0.2", sizes=[1, 4], n=2, name=name) for name in ("ann", "bob")}
    processes = [start("submit", sweep, "--results", tmp_path / name, *INLINE) for name, sweep in sweeps.items()]
    ends = [(process.communicate(timeout=200)[1], process.returncode) for process in processes]
    assert [code for _, code in ends] == [0, 0], ends
    spans = sorted(
        (str(row.started_at), str(row.ended_at)) for name in sweeps for row in store.read(str(tmp_path / name)).rows
    )
    assert len(spans) == 8
    for before, after in itertools.pairwise(spans):
        assert before[1] <= after[0]
    assert any("waiting for" in err for err, _ in ends), ends


def test_json_events_end_with_how_the_submit_ended(tmp_path: Path) -> None:
    done = submit(write_sweep(tmp_path, "fault: error", sizes=[1]), tmp_path / "r", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["row"]["status"] for line in lines if line.get("row")] == ["failed"]
    assert (lines[-1]["event"], lines[-1]["code"], done.code) == ("ended_run", 1, 1)
