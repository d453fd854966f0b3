"""Options that nothing else uses, each shown by what it changes in what a command prints or plans."""

import json
import signal
import subprocess
import sys

import pytest

from featray import store
from featray.core.row import Row
from featray.planning import inventory
from featray.planning.inventory import Host, Inventory
from tests.support.builders import CPU, RTX3090, SHELF, make_row, make_rows
from tests.support.command import CommandResult, Shell

SWEEP = """
detectors: [retinaface]
inputs: [short]
axes: {device: cpu, batch_size: [4, 16]}
measure: {invocations: 1}
"""


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """A sweep, a recorded host, and a tape on which batch 4 has a number and batch 16 ran out of memory."""
    (shell.folder / "trial.yaml").write_text(SWEEP, encoding="utf-8")
    box = Inventory(hosts=(Host(host_id="id-box", hostname="box"),))
    (shell.folder / "box.json").write_text(inventory.to_json(box), encoding="utf-8")
    tape = [make_row(batch_size=4, **CPU), make_row(batch_size=16, status="oom", reason="MemoryError", **CPU)]
    store.append(shell.folder / "tape", tape)
    return shell


def replay(shell: Shell, *options: str) -> CommandResult:
    return shell("submit", "trial.yaml", "--replay", "tape", "--inventory", "box.json", *options)


def left(shell: Shell, *options: str) -> str:
    """Plan what is left, and give the plan's last line."""
    ran = shell("plan", "trial.yaml", "--inventory", "box.json", *options)
    assert ran.code == 0, ran.err
    return ran.out.splitlines()[-1].partition("; ")[2]


def test_a_quiet_submit_says_what_came_of_it_and_nothing_on_the_way(shell: Shell) -> None:
    loud = replay(shell)
    quiet = replay(shell, "--quiet", "--rerun")
    assert (loud.code, quiet.code) == (1, 1)
    assert "[1/2] retinaface short cpu b=4 #1: " in loud.err
    assert "[1/2]" not in quiet.err
    assert quiet.err.startswith("2 measured in trial-")
    assert quiet.out == loud.out


def test_a_plan_goes_on_from_what_is_stored_or_from_failures_or_from_nothing(shell: Shell) -> None:
    assert left(shell).startswith("0 of 2 measurements done, 2 left")
    replay(shell)
    assert left(shell) == "2 of 2 measurements done, nothing left to measure"
    assert left(shell, "--retry-failed").startswith("1 of 2 measurements done, 1 left in 1 invocation")
    assert left(shell, "--rerun").startswith("0 of 2 measurements done, 2 left in 1 invocation")


def test_a_margin_in_percent_widens_what_counts_as_equal(shell: Shell) -> None:
    before, after = (
        make_rows([1.0, 1.01, 0.99, 1.0, 1.0]),
        make_rows([1.2, 1.21, 1.19, 1.2, 1.2], sweep="after", run_id="a-1"),
    )
    store.append(shell.folder / "results", before + after)
    assert "1 SLOWER; differences below 3% do not count" in shell("compare", "demo", "after").out
    widened = shell("compare", "demo", "after", "--margin", "25")
    assert "1 EQUIVALENT; differences below 25% do not count" in widened.out


def recommended(shell: Shell, *wishes: str) -> tuple[str, str, int]:
    """Ask for the setting to use: its host, device and frames per second."""
    (found,) = json.loads(shell("recommend", "--json", *wishes).out)
    best = found["best"]
    return best["host"], best["device"], round(best["frames_per_s"])


def test_a_recommendation_is_for_the_host_and_device_that_are_wished(shell: Shell) -> None:
    fastest = make_row(timed_s=[0.5], **RTX3090)
    rows: list[Row] = [fastest, make_row(timed_s=[2.0], **CPU)]
    rows.append(make_row(timed_s=[1.0], **{**SHELF, **CPU, "target_id": "cpu@id-shelf"}))
    store.append(shell.folder / "results", rows)
    assert recommended(shell) == ("box", "cuda", 144)
    assert recommended(shell, "--device", "cpu") == ("shelf", "cpu", 72)
    assert recommended(shell, "--device", "cpu", "--host", "box") == ("box", "cpu", 36)


def test_the_latest_run_or_a_sweeps_or_every_run_is_exported(shell: Shell) -> None:
    for run, sweep, day in (("a-1", "a", 1), ("a-2", "a", 2), ("b-1", "b", 3)):
        row = make_row(run_id=run, sweep=sweep, started_at=f"2026-05-0{day}T00:00:00.000+00:00")
        store.append(shell.folder / "results", [row])

    def exported(*options: str) -> list[str]:
        lines = shell("export", "--to", "jsonl", *options).out.splitlines()
        return [json.loads(line)["run_id"] for line in lines]

    assert exported() == ["b-1"]
    assert exported("--sweep", "a") == ["a-1", "a-2"]
    assert exported("--all") == ["a-1", "a-2", "b-1"]


def test_the_store_lists_and_compacts_what_is_asked_for_alone(shell: Shell) -> None:
    for number in (1, 2):
        store.append(shell.folder / "results", [make_row(sweep="a", run_id="a-1", invocation=number)])
        store.append(shell.folder / "results", [make_row(sweep="b", run_id="b-1", invocation=number)])
    assert [run["run_id"] for run in json.loads(shell("store", "ls", "--json", "--sweep", "b").out)] == ["b-1"]
    assert shell("store", "compact", "--run", "a-1").err == "2 files became 1, with 2 rows\n"
    assert shell("store", "check").out.startswith("rows: 4, files: 3, ")


@pytest.mark.parametrize("module", ["ray", "another"])
def test_the_exit_code_survives_what_ray_does_at_its_end(module: str) -> None:
    code = (
        "import atexit, os, sys, types\n"
        f"sys.modules[{module!r}] = types.ModuleType({module!r})\n"
        "atexit.register(os.abort)\n"
        "sys.argv = ['featray', 'submit']\n"
        "from featray.cli import app\n"
        "app.run()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Missing argument 'SWEEP'" in done.stderr
    assert done.returncode == (2 if module == "ray" else -signal.SIGABRT)
