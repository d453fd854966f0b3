"""The `featray` command as a user runs it: in a process of its own, or in this one where only its words count."""

import dataclasses
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from featray.cli import app

ROOT = Path(__file__).parents[2]
ALL = os.environ.get("FEATRAY_TEST_ALL") == "1"  # whether slow tests run


@dataclasses.dataclass(frozen=True)
class CommandResult:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def environment(**changes: str) -> dict[str, str]:
    """Build the command's environment: the caller's, and a fixed width for tables."""
    return {**os.environ, "COLUMNS": "140", **changes}


def start(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: int | None = None,
    program: Sequence[str] = ("-m", "featray"),
    **changes: str,
) -> "subprocess.Popen[str]":
    """Start the command and leave it running; it leads a process group of its own.

    Args:
        arguments: Of the command.
        cwd: Its folder; the root of the checkout if None.
        stdin: As in `Popen`.
        program: What Python runs.
        changes: Environment variables.
    """
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        cwd=cwd or ROOT,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**changes),
        start_new_session=True,
    )


def featray(
    *arguments: str | Path,
    cwd: Path | None = None,
    typed: str = "",
    timeout: float = 240,
    program: Sequence[str] = ("-m", "featray"),
    **changes: str,
) -> CommandResult:
    """Run the command to its end; `typed` is its stdin, `program` what Python runs."""
    with start(*arguments, cwd=cwd, stdin=subprocess.PIPE, program=program, **changes) as process:
        try:
            out, err = process.communicate(typed, timeout=timeout)
        except BaseException:  # too slow, or the test run was stopped: it must not measure on
            process.kill()
            raise
    return CommandResult(process.returncode, out, err)


class Shell:
    """Runs the command in this process, in a folder: quick, but with the imports and settings of this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys

    def __call__(self, *arguments: str | Path, typed: str = "") -> CommandResult:
        """Run `featray ARGUMENTS`; `typed` is its stdin."""
        self._monkeypatch.chdir(self.folder)
        self._monkeypatch.setattr(sys, "argv", ["featray", *map(str, arguments)])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            app.main()
        out, err = self._capsys.readouterr()
        code = ended.value.code
        return CommandResult(code if isinstance(code, int) else 0, out, err)

    def complain(self, *arguments: str | Path) -> str:
        """Run a command that must refuse its input; return the one message that it prints."""
        ran = self(*arguments)
        assert ran.code == 2, ran.err
        assert ran.err.startswith("featray: error: ")
        assert len(ran.err.splitlines()) == 1
        assert ran.out == ""
        return ran.err


def list_children(pattern: str = "featray.measurement") -> list[int]:
    """List the processes that measure on this machine now and use the cache of this test session."""
    cache = f"FEATRAY_CACHE={os.environ['FEATRAY_CACHE']}".encode()
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            if pattern in command and cache in (folder / "environ").read_bytes().split(b"\0"):
                pids.append(int(folder.name))
        except OSError:  # ended meanwhile, or of another user
            continue
    return pids
