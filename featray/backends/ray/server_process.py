"""Server process: a process of its own for everything that calls Ray, and the line to it.

Flow: `client.RayClient` -> `ServerProcess.call` -> `server`, in the other process -> answer.
Ray ends the process that uses it, or crashes it, when its cluster does; so that process must not be the one that stores
rows and writes the report. What Ray prints is kept apart too: the output of `submit` stays its own.
"""

import collections
import contextlib
import itertools
import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import psutil

from featray.cluster import raylet_records
from featray.errors import FeatrayError
from featray.host import environments
from featray.host.child import describe_exit

BEHIND_S = 2.0  # for an answer that nobody waits for any more, such as after Ctrl-C
EXIT_S = 5.0  # from the end of the connection to the end of the process
LOOK_S = 0.02  # between two looks at processes that end
LAST_LINES = 3  # of its output, told where it ended by itself

_START = "import sys; sys.path.insert(0, sys.argv[2]); from featray.backends.ray import server; server.main()"

_log = logging.getLogger("featray")


class ServerGone(Exception):
    """The server has ended, or does not answer; the message says how."""


class ServerProcess:
    """A running server. One call at a time."""

    def __init__(self) -> None:
        """Start the process; it loads Ray, and calls nothing of it before its first request."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(theirs.fileno()), str(environments.source_folder())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                process_group=0,  # Ctrl-C at the terminal is for the process that decides what ends
            )
        self._socket = ours
        self._connection = Connection(os.dup(ours.fileno()))
        self._numbers = itertools.count()
        self._unanswered: set[int] = set()
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._inbox: queue.SimpleQueue[tuple[int, str, Any] | None] = queue.SimpleQueue()
        self._output: collections.deque[str] = collections.deque(maxlen=100)
        self._threads = [
            threading.Thread(target=work, name=f"featray-ray-{work.__name__.strip('_')}", daemon=True)
            for work in (self._send, self._receive, self._read_output)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Return the process id, which is also its group's."""
        return self._process.pid

    def _send(self) -> None:
        """Write requests in a thread: Ctrl-C in the middle of a message would spoil every later one."""
        with contextlib.suppress(OSError):  # the server is gone: `_receive` tells it
            while (message := self._outbox.get()) is not None:
                self._connection.send(message)
            self._socket.shutdown(socket.SHUT_WR)

    def _receive(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._inbox.put(self._connection.recv())
        self._inbox.put(None)

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            text = line.decode(errors="replace").rstrip()
            self._output.append(text)
            _log.debug("ray: %s", text)

    def call(self, method: str, *arguments: Any, limit_s: float) -> Any:
        """Call a method of the server's cluster and wait for its answer.

        Raises:
            ServerGone: it has ended, or did not answer in time.
            FeatrayError: what the method raised.
        """
        if self._unanswered:
            self._catch_up()
        number = next(self._numbers)
        self._unanswered.add(number)
        self._outbox.put((number, method, arguments))
        kind, answer = self._wait_for(number, limit_s)
        if kind == "error":
            assert isinstance(answer, FeatrayError)
            raise answer
        return answer

    def _catch_up(self) -> None:
        """Wait a moment for answers that nobody waits for any more; a server that is busy with one hears nothing."""
        for number in sorted(self._unanswered):
            self._wait_for(number, BEHIND_S)

    def _wait_for(self, number: int, limit_s: float) -> tuple[str, Any]:
        deadline = time.monotonic() + limit_s
        while True:
            try:
                message = self._inbox.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise ServerGone(f"it did not answer for {limit_s:.0f} s") from None
            if message is None:
                self._inbox.put(None)
                raise ServerGone(self._how_it_ended())
            answered, kind, answer = message
            if kind == "log":
                _log.log(*answer)
                continue
            self._unanswered.discard(answered)
            if answered == number:
                return kind, answer

    def _how_it_ended(self) -> str:
        """Say by what the process ended, with its last words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(EXIT_S)
        self._threads[-1].join(EXIT_S)
        code = self._process.poll()
        ended = "it closed its connection" if code is None else describe_exit(code)
        words = " ".join([line.strip() for line in self._output if line.strip()][-LAST_LINES:])
        return f"{ended}; its last words: {words}" if words else ended

    def end(self, limit_s: float = 0.0) -> None:
        """End the process, and every process below it, such as those of an embedded Ray.

        Args:
            limit_s: How long it gets to end by itself.
        """
        below: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            below = psutil.Process(self._process.pid).children(recursive=True)
        self._outbox.put(None)
        try:
            self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.kill()
        wait_until_ended(below, EXIT_S)
        for thread in self._threads:
            thread.join(EXIT_S)
        self._socket.close()
        self._connection.close()
        if self._process.stdout is not None:
            self._process.stdout.close()


def wait_until_ended(processes: Sequence[psutil.Process], limit_s: float) -> None:
    """Wait until processes have ended, but no longer than `limit_s`.

    Whoever inherits an ended process may take a second to collect it; it holds nothing any more.
    """
    deadline = time.monotonic() + limit_s
    while any(map(raylet_records.is_running, processes)) and time.monotonic() < deadline:
        time.sleep(LOOK_S)
