"""`featray report`, `suggest` and `recommend` as a user runs them, on the shipped history.

The first is a process of its own; the others run in this one, which has imported what they need.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.command import Shell, featray

RUN, BASELINE = "2026-05-14-c716340", "2026-05-03-864962c"


@pytest.fixture
def results(tmp_path: Path, history: Path) -> Path:
    return Path(shutil.copytree(history, tmp_path / "results", ignore=shutil.ignore_patterns("reports")))


def test_report_prints_markdown_and_keeps_it(results: Path) -> None:
    ran = featray("report", RUN, "--baseline", BASELINE, "--results", results)
    file = results / "reports" / f"{RUN}.md"
    assert (ran.code, ran.out) == (0, file.read_text(encoding="utf-8"))
    assert ran.err == f"report: {file}\n"
    assert "| 1.75x | - | INCONCLUSIVE |" in ran.out


def test_report_prints_json_alone(results: Path, shell: Shell) -> None:
    ran = shell("report", "--format", "json", "--results", results)
    assert (ran.code, ran.err) == (0, "")
    assert len(json.loads(ran.out)["units"]) == 27


def test_report_writes_a_page(results: Path, tmp_path: Path, shell: Shell) -> None:
    page = tmp_path / "page.html"
    ran = shell("report", "--format", "html", "-o", page, "--results", results)
    assert (ran.code, ran.out, ran.err) == (0, "", f"report: {page}\n")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_suggest_writes_sweeps_that_plan_can_read(results: Path, tmp_path: Path, shell: Shell) -> None:
    ran = shell("suggest", RUN, "--baseline", BASELINE, "-o", tmp_path / "next", "--results", results)
    files = [Path(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    asked_for = {file.name.removeprefix(f"{RUN}-") for file in files}
    assert {"unproven.yaml", "confounded.yaml", "new-ground.yaml", "headroom.yaml"} <= asked_for
    planned = shell("plan", files[0], "--results", results)
    assert "liquidswords2" in planned.err  # read and understood; this machine is another one
    assert planned.code == 2


def test_recommend_names_a_setting_as_text_json_and_python(results: Path, shell: Shell) -> None:
    asked = ("recommend", "--detector", "mpdetector", "--input", "long", "--results", results)
    assert shell(*asked).out.startswith("long (472 frames): mpdetector, batch 16 on RTX PRO 6000 Blackwell of ")
    (recommendation,) = json.loads(shell(*asked, "--json").out)
    assert round(recommendation["best"]["frames_per_s"], 1) == 174.4
    code = shell(*asked, "--python").out
    compile(code, "recommended", "exec")
    assert "batch_size=16" in code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report", "2026-05-14"), "holds no sweep or run '2026-05-14'"),
        (("report", "--format", "pdf"), "--format pdf: no such format; expected markdown, html, json"),
        (("report", "--baseline", "never"), "'never'"),
        (("suggest", "never"), "'never'"),
        (("recommend", "--detector", "retinafac"), "Did you mean 'retinaface'?"),
        (("recommend", "--memory-limit", "lots"), "--memory-limit: 'lots' is not a size"),
    ],
)
def test_what_does_not_exist_is_one_clear_message(
    arguments: tuple[str, ...], message: str, results: Path, shell: Shell
) -> None:
    ran = shell(*arguments, "--results", results)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert not (results / "reports").exists()


def test_an_empty_store_is_one_clear_message(tmp_path: Path, shell: Shell) -> None:
    for command in ("report", "suggest", "recommend"):
        ran = shell(command, "--results", tmp_path / "nothing")
        assert ran.code == 2
        assert ran.err.count("\n") == 1
    assert not (tmp_path / "nothing").exists()
