"""Channel: the child's end of the two pipes to its supervisor.

Flow: `invocation_run` -> here -> stdout -> `host.child`; stdin -> here.
The events are those of `core.events.EventKind`. The real stdout moves to another file descriptor, and stdout then means
stderr, so that nothing a library prints reaches the protocol. A thread reads stdin. When stdin closes, the supervisor
has ended or wants this process to end, and this process ends at once, whatever it is doing.
"""

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from featray.core.events import EventKind
from featray.core.invocation import GO, NEXT, STOP

ORPHANED = 4  # exit code when stdin closed before all cells were done and this process leads no POSIX session
_CHUNK_B = 65536  # Linux's pipe buffer


class Channel:
    """Sends events, and waits for the supervisor's answers."""

    def __init__(self, reader: int, writer: int) -> None:
        """Start to read.

        Args:
            reader: File descriptor to read from. When it closes before `EventKind.DONE` was sent, this process ends.
            writer: File descriptor to write to.
        """
        self._writer = writer
        self._is_done = False
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(reader,), name="featray-channel", daemon=True).start()

    def request(self) -> Any:
        """Wait for the first line and decode it.

        Raises:
            ValueError: the line is not JSON, or stdin closed before it came.
        """
        line = self._lines.get()
        if line is None:
            raise ValueError("stdin closed before a request came; send one line of JSON and keep stdin open")
        return json.loads(line)

    def send(self, event: str, **fields: Any) -> None:
        """Write one event. If the supervisor no longer reads, this process ends."""
        self._is_done = self._is_done or event == EventKind.DONE
        text = json.dumps({"event": event, **fields}, ensure_ascii=False, allow_nan=False) + "\n"
        self._write(text.encode())

    def send_row(self, row: str, output: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Write a row, given as JSON, with the output to keep, and wait until the supervisor has both on disk."""
        added = {**({} if output is None else {"output": output}), **fields}
        kept = "".join(f', "{name}": {json.dumps(value, allow_nan=False)}' for name, value in added.items())
        self._write(f'{{"event": "row", "row": {row}{kept}}}\n'.encode())
        self._wait_for(NEXT)

    def assemble(self) -> None:
        """Wait until all processes of the joint run are here, and then go on with them."""
        self.send(EventKind.ASSEMBLED)
        self._wait_for(GO)

    def announce_timed(self) -> None:
        """Say that this process has timed its calls."""
        self.send(EventKind.TIMED)

    def is_stopped(self, wait_s: float = 0.0) -> bool:
        """Return True once all processes of the joint run have timed their calls.

        Args:
            wait_s: How long to wait for that.
        """
        try:
            return self._lines.get(timeout=wait_s) == STOP if wait_s else self._lines.get_nowait() == STOP
        except queue.Empty:
            return False

    def _wait_for(self, line: str) -> None:
        while self._lines.get() != line:
            pass

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[os.write(self._writer, line) :]
        except BrokenPipeError:
            end_processes()

    def _listen(self, reader: int) -> None:
        rest, is_requested = b"", False
        while chunk := os.read(reader, _CHUNK_B):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._lines.put(line.decode(errors="replace").strip())
                is_requested = True
        if not is_requested:
            self._lines.put(None)
        elif not self._is_done:
            end_processes()


def take_over_stdio() -> Channel:
    """Use this process's stdin and stdout for the protocol; from now on stdin is empty and stdout is stderr.

    Processes forked later (DataLoader's workers) close the pipes, so that the supervisor sees this process end.
    """
    reader, writer = os.dup(0), os.dup(1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what it printed before a crash is evidence

    keep_to_this_process((reader, writer))
    return Channel(reader, writer)


def keep_to_this_process(files: Collection[int]) -> None:
    """Close files in every process that this one starts, such as a worker or a daemon, which may outlive it."""

    def close() -> None:
        for file in files:
            with contextlib.suppress(OSError):  # already closed: this is a worker of a worker
                os.close(file)

    for file in files:
        os.set_inheritable(file, False)
    os.register_at_fork(after_in_child=close)


def end_processes() -> NoReturn:
    """End this process now; end its workers too if it leads a POSIX session."""
    if os.getsid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(ORPHANED)


def exit_now(code: int) -> NoReturn:
    """Flush what was printed and exit without tearing down the interpreter: CUDA's teardown may crash or hang."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a detector may close it, or put anything in its place
            stream.flush()
    os._exit(code)
