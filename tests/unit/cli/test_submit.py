"""`featray submit`: what it prints on the way and at its end."""

import json
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray.api import Submitted
from featray.cli import submit
from featray.running import kept_logs
from tests.support import trial
from tests.support.builders import CPU, make_row
from tests.support.command import Shell, featray


def summary(capsys: pytest.CaptureFixture[str], **changed: int) -> list[str]:
    """Show the end of a submit; return the lines below the table."""
    counts: dict[str, Any] = {"measured": 0, "not_reached": 0, "without_number": 0} | changed
    submit.show(Submitted(run_id="demo-1", rows=(make_row(),), report=Path("r.md"), problems=(), **counts))
    return capsys.readouterr().err.splitlines()


def test_a_submit_without_work_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(capsys) == [
        "nothing was left to measure: demo-1 has everything; --rerun measures again",
        "report: r.md",
    ]


def test_a_budget_that_left_everything_undone_left_something_to_measure(capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(capsys, not_reached=12, without_number=12) == [
        "0 measured in demo-1",
        "12 not reached; the next submit goes on with them",
        "report: r.md",
    ]


def test_failed_units_are_counted_apart_from_those_not_reached(capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(capsys, measured=3, not_reached=2, without_number=3) == [
        "3 measured in demo-1",
        "2 not reached; the next submit goes on with them",
        "1 without a number; the table says why",
        "report: r.md",
    ]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"unfinished": 2, "final": 1}, "submit again for those that were lost, with --retry-failed for all of them"),
        ({"unfinished": 3}, "submit again for those that were lost"),
        ({"final": 3}, "submit with --retry-failed to try them again"),
    ],
)
def test_a_submit_ends_with_what_tries_its_failures_again(
    counts: dict[str, int], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert summary(capsys, failed=3, without_number=3, **counts)[2] == said


def test_nothing_tries_the_failures_of_a_replay_again(shell: Shell) -> None:
    trial.prepare(shell)
    ended = trial.replay(shell).err
    assert "1 without a number; the table says why" in ended
    assert "submit again" not in ended
    assert "--retry-failed" not in ended


def test_what_failed_is_not_called_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(capsys, failed=10, without_number=10)[:2] == [
        "0 measured in demo-1",
        "10 without a number; the table says why",
    ]


def test_a_quiet_submit_prints_its_results_and_no_progress(shell: Shell) -> None:
    trial.prepare(shell)
    loud = trial.replay(shell)
    quiet = trial.replay(shell, "--quiet", "--rerun")
    assert (loud.code, quiet.code) == (1, 1)
    assert "[1/2] retinaface short cpu b=4 #1: " in loud.err
    assert "[1/2]" not in quiet.err
    assert quiet.err.startswith("1 measured in trial-")
    assert quiet.out == loud.out


def test_json_lines_end_with_how_the_submit_ended(shell: Shell) -> None:
    trial.prepare(shell)
    lines = [json.loads(line) for line in trial.replay(shell, "--json").out.splitlines()]
    rows = [line["row"]["status"] for line in lines if "row" in line]
    assert rows == ["ok", "oom"] or rows == ["oom", "ok"]
    assert lines[-1] == {
        "done": 0,
        "total": 0,
        "event": "ended_run",
        "code": 1,
        "message": "1 measurement without a number",
    }


def test_json_lines_end_with_the_error_of_a_submit_that_failed(shell: Shell) -> None:
    trial.prepare(shell)
    failed = shell("submit", "missing.yaml", "--json")
    (line,) = map(json.loads, failed.out.splitlines())
    assert (failed.code, line["event"], line["code"]) == (2, "ended_run", 2)
    assert failed.err == f"featray: error: {line['message']}\n"


def test_a_search_ends_with_the_value_to_use(shell: Shell) -> None:
    trial.prepare(shell)
    sweep = "detectors: [retinaface]\ninputs: [short]\naxes: {device: cpu}\nsearch: {batch_size: {min: 4, max: 16}}\n"
    (shell.folder / "trial.yaml").write_text(sweep + "measure: {invocations: 3}\n", encoding="utf-8")
    rows = [make_row(batch_size=size, timed_s=[2.0 / size] * 3, **CPU) for size in (4, 8)]
    store.append(shell.folder / "tape", [rows[1]])
    ran = trial.replay(shell, "--json")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    (found,) = (line["search"] for line in lines if line.get("event") == "found")
    assert found["tried"] == [4, 8, 16]
    assert found["end"] == "16 ran out of memory"
    assert lines[-1] == {**lines[-1], "event": "ended_run", "code": 0}  # memory that ran out is the end of the search
    assert "batch size " in trial.replay(shell).out


def test_a_detached_driver_keeps_what_it_prints_beside_its_rows(tmp_path: Path) -> None:
    run_id = "demo-20260514-231532-a1b2"
    kept_logs.keep(str(tmp_path / "results"), run_id, "of an earlier submit of the run\n")
    ran = featray("submit", "missing.yaml", "--json", cwd=tmp_path, FEATRAY_RUN_ID=run_id)
    assert ran.code == 2
    assert "missing.yaml" in ran.err
    log = (tmp_path / "results" / "logs" / f"{run_id}.log").read_text()
    assert log == f"of an earlier submit of the run\n{ran.out}{ran.err}"


def test_what_the_sweep_no_longer_asks_for_is_no_lack(shell: Shell) -> None:
    trial.prepare(shell)
    assert trial.replay(shell).code == 1
    mended = (shell.folder / "trial.yaml").read_text(encoding="utf-8").replace("[4, 16]", "[4]")
    (shell.folder / "trial.yaml").write_text(mended, encoding="utf-8")
    again = trial.replay(shell)
    assert (again.code, "without a number" in again.err) == (0, False)
