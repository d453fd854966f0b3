"""The GitHub Action: its inputs, its commands, and its comparing step run by bash as GitHub would run it."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from featray import store
from tests.support.builders import make_rows
from tests.support.command import ROOT, Shell
from tests.support.sides import scale

FILE = ROOT / ".github" / "actions" / "compare" / "action.yml"
ACTION: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
(WORKFLOW,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def step(name: str) -> dict[str, Any]:
    (found,) = [step for step in STEPS if step["name"] == name]
    return found


def run_compare(folder: Path, factor: float) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """Run the comparing step on two environments of one run; return how it ended, and its outputs."""
    for number, environment in enumerate(("before", "after")):
        rows = make_rows(
            scale(factor if number else 1.0),
            sweep="speed",
            run_id="speed-1",
            environment=environment,
            pyfeat=f"2.1.{number}",
            requirements=[f"py-feat==2.1.{number}"],
        )
        store.append(folder / "results", rows)
    (folder / "bin").mkdir()
    command = folder / "bin" / "featray"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m featray "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    given = {"SWEEP": "sweeps/speed.yaml", "NAME": "", "OVER": "pyfeat", "FAIL_IF": "slower", "REQUIRE": "comparable"}
    files = {"GITHUB_STEP_SUMMARY": str(folder / "summary"), "GITHUB_OUTPUT": str(folder / "output")}
    variables = {"RUNNER_TEMP": str(folder), "RESULTS": "results", "PYTHONPATH": str(ROOT), **given, **files}
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("Compare")["run"]],
        cwd=folder,
        env={**os.environ, **variables, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (folder / "output").read_text(encoding="utf-8").splitlines()
    return ran, dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 0), (2, 1), (4, 1), (130, 1)])
def test_units_without_a_number_are_left_to_the_comparison_and_other_failures_end_the_job(
    tmp_path: Path, code: int, ends: int
) -> None:
    (tmp_path / "featray").write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
    (tmp_path / "featray").chmod(0o755)
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("Measure both versions side by side")["run"]],
        env={"SWEEP": "s.yaml", "RESULTS": "r", "BACKEND": "inline", "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
    )
    assert ran.returncode == ends


@pytest.mark.parametrize(
    ("factor", "code", "headline", "badge"),
    [
        (1.5, "1", "### ❌ featray: 1 pair failed (1 slower)", "1 slower"),
        (0.5, "0", "### ✅ featray: passed (1 faster)", "1 faster"),
    ],
)
def test_the_comparing_step_reports_and_leaves_the_verdict_to_the_last_step(
    tmp_path: Path, factor: float, code: str, headline: str, badge: str
) -> None:
    ran, outputs = run_compare(tmp_path, factor)
    assert ran.returncode == 0, ran.stderr
    assert outputs["exit-code"] == code
    assert headline in (tmp_path / "summary").read_text(encoding="utf-8").splitlines()
    assert Path(outputs["markdown"]).read_text(encoding="utf-8").startswith("<!-- featray compare -->\n")
    assert json.loads(Path(outputs["badge"]).read_text(encoding="utf-8"))["message"] == badge


@pytest.mark.parametrize("step", [step for step in STEPS if "run" in step], ids=lambda step: str(step["name"]))
def test_every_script_is_bash_and_takes_its_values_from_variables(step: dict[str, Any]) -> None:
    checked = subprocess.run(["bash", "-n", "-c", step["run"]], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "${{" not in step["run"]  # an input could become a command


def test_every_command_has_the_options_that_the_action_gives(shell: Shell) -> None:
    scripts = " ".join(step["run"].replace("\\\n", " ") for step in STEPS if "run" in step)
    commands = re.findall(r'featray (submit|compare) ("[^\n>|]*)', scripts)
    assert [name for name, _ in commands] == ["submit", "compare", "compare"]
    for name, arguments in commands:
        ran = shell(name, *shlex.split(arguments), "--help")
        assert (ran.code, ran.err) == (0, "")


def test_the_inputs_are_those_that_the_page_lists() -> None:
    listed = re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| (`[^|]*) \|", PAGE, flags=re.MULTILINE)))
    assert sorted(listed) == sorted(ACTION["inputs"])


def test_the_workflow_of_the_page_gives_inputs_that_exist() -> None:
    steps = yaml.safe_load(WORKFLOW)["jobs"]["speed"]["steps"]
    (used,) = [step for step in steps if "featray" in step.get("uses", "")]
    path = used["uses"].partition("featray/")[2].partition("@")[0]
    assert (ROOT / path / "action.yml") == FILE
    assert {*used["with"]} <= {*ACTION["inputs"]}
