"""A named pipe without a writer where a file is expected: refused at once, instead of read for ever."""

import os
import threading
from pathlib import Path

import pytest

from tests.support.command import Shell

WAITED_S = 60  # no command here takes so long; then the pipe gets a writer, and the assertion fails


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "pipe.md"),
        ("import", "pipe.featray"),
        ("import", "pipe.md", "--sha256", "0" * 64),
        ("plan", "quickstart", "--inventory", "pipe.json"),
        ("plan", "pipe.yaml"),
        ("measure", "pipe.json"),
        ("estimate", "pipe.csv"),
        ("estimate", "pipe.mp4"),
    ],
)
def test_a_named_pipe_is_refused_at_once(arguments: tuple[str, ...], shell: Shell) -> None:
    pipe = shell.folder / next(word for word in arguments if word.startswith("pipe"))
    os.mkfifo(pipe)
    late = threading.Timer(WAITED_S, end, [pipe])
    late.start()
    try:
        ran = shell(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert "not a file" in ran.err.splitlines()[-1]
        assert late.is_alive()
    finally:
        late.cancel()


def end(pipe: Path) -> None:
    """Let whoever waits for a writer go on."""
    os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
