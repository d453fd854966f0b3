"""Ctrl-C, SIGTERM and SIGHUP while a command imports its modules: one line and exit code 130."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.command import ROOT, environment

ENDS_S = 60


EXECUTED = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.{}); os.execv(sys.argv[1], sys.argv[1:])"
"""Starts another program with SIGHUP as usual or, as `nohup` does, ignored; a shell could not undo that."""


@contextmanager
def start_importing(
    module: str, *arguments: str, tmp_path: Path, nohup: bool = False
) -> Iterator["subprocess.Popen[str]"]:
    """Start a command whose import of a module never ends, and wait until it is there; it has ended after the block."""
    begun = tmp_path / "begun"
    (tmp_path / f"{module}.py").write_text(f"import time\nopen({str(begun)!r}, 'w').close()\ntime.sleep(600)\n")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    executed = EXECUTED.format("SIG_IGN" if nohup else "SIG_DFL")
    with subprocess.Popen(
        [sys.executable, "-c", executed, sys.executable, "-m", "featray", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PYTHONPATH=paths),
        cwd=tmp_path,
    ) as process:
        try:
            while not begun.exists():
                assert process.poll() is None
                time.sleep(0.01)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize(("module", "arguments"), [("typer", ("--help",)), ("psutil", ("plan", "quickstart"))])
def test_a_stop_while_modules_are_imported_is_one_line(
    number: signal.Signals, module: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    with start_importing(module, *arguments, tmp_path=tmp_path) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=ENDS_S)
    assert (process.returncode, out, err.strip()) == (130, "", "featray: stopped")


def test_under_nohup_the_end_of_the_terminal_stops_nothing(tmp_path: Path) -> None:
    with start_importing("typer", "--help", tmp_path=tmp_path, nohup=True) as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=ENDS_S)
    assert process.returncode == 130
