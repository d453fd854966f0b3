"""Channel: the child's end of the two pipes to its supervisor.

The words are those of `core.invocation`. The real stdout is moved to a file of its own, and stdout then means stderr:
nothing that a library prints reaches the protocol. A thread reads stdin. When it closes, the supervisor is gone or
wants the child gone, and the process ends at once, whatever it is doing.
"""

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from typing import Any, NoReturn

from featray.core.events import EventKind
from featray.core.invocation import NEXT

ORPHANED = 4  # exit code, where this process may not end its whole session: stdin closed before all cells were done
_CHUNK_B = 65536  # Linux's pipe buffer


class Channel:
    """Sends events and waits for what the supervisor says."""

    def __init__(self, reader: int, writer: int) -> None:
        """Start to listen.

        Args:
            reader: File descriptor to read from; when it closes before `EventKind.DONE` was sent, this process ends.
            writer: File descriptor to write to.
        """
        self._writer = writer
        self._finished = False
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(reader,), name="featray-channel", daemon=True).start()

    def request(self) -> Any:
        """Wait for the first line and decode it.

        Raises:
            ValueError: it is not JSON, or never came.
        """
        line = self._lines.get()
        if line is None:
            raise ValueError("stdin closed before a request came; send one line of JSON and keep stdin open")
        return json.loads(line)

    def send(self, event: str, **fields: Any) -> None:
        """Write one event; a supervisor that no longer reads ends this process."""
        self._finished = self._finished or event == EventKind.DONE
        text = json.dumps({"event": event, **fields}, ensure_ascii=False, allow_nan=False) + "\n"
        self._write(text.encode())

    def send_row(self, row: str) -> None:
        """Write a row, given as JSON, and wait until the supervisor has it on disk."""
        self._write(f'{{"event": "row", "row": {row}}}\n'.encode())
        while self._lines.get() != NEXT:
            pass

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[os.write(self._writer, line) :]
        except BrokenPipeError:
            end_processes()

    def _listen(self, reader: int) -> None:
        rest, requested = b"", False
        while heard := os.read(reader, _CHUNK_B):
            *whole, rest = (rest + heard).split(b"\n")
            for line in whole:
                self._lines.put(line.decode(errors="replace").strip())
                requested = True
        if not requested:
            self._lines.put(None)
        elif not self._finished:
            end_processes()


def take_over_stdio() -> Channel:
    """Take over this process's stdin and stdout; from now on stdin is empty and stdout is stderr.

    Processes forked later (DataLoader's workers) let go of the pipes, so that the supervisor sees this process end.
    """
    reader, writer = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what it printed before a crash is evidence

    def let_go() -> None:
        for pipe in (reader, writer):
            with contextlib.suppress(OSError):  # a worker of a worker
                os.close(pipe)

    os.register_at_fork(after_in_child=let_go)
    return Channel(reader, writer)


def end_processes() -> NoReturn:
    """End this process now, and its workers where it leads a session of its own."""
    if os.getsid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(ORPHANED)


def exit_now(code: int) -> NoReturn:
    """Exit with what was printed so far, without tearing down the interpreter: CUDA's teardown may crash or hang."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
