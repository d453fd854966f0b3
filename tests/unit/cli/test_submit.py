"""What `featray submit` says at its end."""

from pathlib import Path

import pytest

from featray.api import Submitted
from featray.cli import submit
from featray.running import detached
from tests.support.builders import make_row


def said(capsys: pytest.CaptureFixture[str], **changed: int) -> list[str]:
    known = {"measured": 0, "not_reached": 0, "without_number": 0} | changed
    submit.finish(Submitted(run_id="demo-1", rows=(make_row(),), report=Path("r.md"), problems=(), **known))
    return capsys.readouterr().err.splitlines()


def test_the_interpreter_on_the_head_may_be_named(tmp_path: Path) -> None:
    lab = tmp_path / "lab.yaml"
    lab.write_text("hosts:\n- {name: a, address: 10.0.0.1, python: /own/python}\n", encoding="utf-8")
    assert detached.place("head:6379", "/opt/python") == ("head:6379", "/opt/python")
    assert detached.place(str(lab), "/opt/python")[1] == "/opt/python"


def test_nothing_was_left_is_said_where_nothing_was_planned(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys) == [
        "nothing was left to measure: demo-1 has it all; --rerun measures again",
        "report: r.md",
    ]


def test_a_budget_that_left_everything_undone_left_something_to_measure(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, not_reached=12, without_number=12) == [
        "0 measured in demo-1",
        "12 not reached; the next submit goes on with them",
        "report: r.md",
    ]


def test_what_failed_is_counted_apart_from_what_was_not_reached(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, measured=3, not_reached=2, without_number=3)[:3] == [
        "3 measured in demo-1",
        "2 not reached; the next submit goes on with them",
        "1 without a number; the table says why, --retry-failed tries them again",
    ]
