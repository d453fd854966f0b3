"""The static checks of the gate: format, lint and types of package and tests."""

import subprocess
import sys

import pytest

from tests.support.command import ROOT


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a tool in the root of the checkout."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_ruff_has_nothing_to_say(command: tuple[str, ...]) -> None:
    done = run("ruff", *command, "--no-cache", ".")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_mypy_has_nothing_to_say() -> None:
    done = run("mypy")
    assert done.returncode == 0, done.stdout + done.stderr
