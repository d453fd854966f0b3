"""Screens: what a terminal of some width shows of a command, as a person sees it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterable
from pathlib import Path

import pyte

from tests.support.command import ROOT

LINES = 200  # more than any command of the tests prints: nothing scrolls away


def show(*arguments: str | Path, columns: int, limit_s: float = 120, **variables: str) -> tuple[list[str], bytes]:
    """Run the command in a terminal; return the lines of the screen, and every byte that was written to it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "featray", *map(str, arguments)],
        cwd=ROOT,
        env={**environment, "TERM": "xterm-256color", **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    written = _read(ours, time.monotonic() + limit_s)
    process.wait(limit_s)
    os.close(ours)
    screen = pyte.Screen(columns, LINES)
    pyte.ByteStream(screen).feed(written)
    return [line.rstrip() for line in screen.display], written


def draw(lines: Iterable[str], columns: int) -> list[str]:
    """Show lines of text in a terminal; return the lines of its screen, in which long ones go on below."""
    screen = pyte.Screen(columns, LINES)
    pyte.Stream(screen).feed("".join(f"{line}\r\n" for line in lines))
    return [line.rstrip() for line in screen.display]


def _read(file: int, until_s: float) -> bytes:
    """Read until the other end closes."""
    parts = []
    while time.monotonic() < until_s:
        if not select.select([file], [], [], 1.0)[0]:
            continue
        try:
            part = os.read(file, 65536)
        except OSError:  # Linux's answer when the last process of the terminal has ended
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)
