"""The `featray` command as a user runs it: in a process of its own, or in this one where only its words count."""

import dataclasses
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from featray.cli import app

ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str


def environment(**changes: str) -> dict[str, str]:
    """Build the command's environment: the caller's, with tables of a known width."""
    return {**os.environ, "COLUMNS": "140", **changes}


def start(
    *arguments: str | Path, cwd: Path | None = None, stdin: int | None = None, **changes: str
) -> "subprocess.Popen[str]":
    """Start the command and leave it running; it leads a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "featray", *map(str, arguments)],
        cwd=cwd or ROOT,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**changes),
        start_new_session=True,
    )


def featray(
    *arguments: str | Path, cwd: Path | None = None, typed: str = "", timeout: float = 240, **changes: str
) -> Ran:
    """Run the command to its end, with what is typed on its stdin."""
    with start(*arguments, cwd=cwd, stdin=subprocess.PIPE, **changes) as process:
        try:
            out, err = process.communicate(typed, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Ran(process.returncode, out, err)


class Shell:
    """Runs the command in this process, within a folder: quick, but with what this process has imported and set."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys

    def __call__(self, *arguments: str | Path, typed: str = "") -> Ran:
        """Run `featray ARGUMENTS`, with what is typed on its stdin."""
        self._monkeypatch.chdir(self.folder)
        self._monkeypatch.setattr(sys, "argv", ["featray", *map(str, arguments)])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            app.main()
        out, err = self._capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, out, err)


def children(pattern: str = "featray.measurement") -> list[int]:
    """List the processes that measure now on this machine and belong to this test session's cache."""
    own = f"FEATRAY_CACHE={os.environ['FEATRAY_CACHE']}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            if pattern in command and own in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # gone in between, or another user's
            continue
    return found
