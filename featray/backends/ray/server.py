"""Server: the process that calls Ray for a driver. It ends with the driver, and may end before it.

Flow: `client.RayClient` -> requests -> `backend.RayCluster` -> answers.
"""

import contextlib
import importlib
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from featray.core.events import EventKind
from featray.errors import BackendError, FeatrayError
from featray.planning.planned_invocation import PlannedInvocation

ALONE_S = 15.0  # after the driver is gone, for leaving Ray: Ray itself may wait for a minute

Request = tuple[int, str, tuple[Any, ...]]
"""Number, name of a method of `Server`, arguments."""


def main() -> None:
    """Answer requests until the driver closes the connection."""
    server = Server(Connection(int(sys.argv[1])))
    threading.Thread(target=_load_ray, daemon=True).start()
    server.run()
    os._exit(0)  # Ray's threads may crash while the interpreter ends


def _load_ray() -> None:
    """Load Ray while the driver plans; `open` waits for it, and tells what is wrong if it cannot be loaded."""
    with contextlib.suppress(ImportError, OSError):
        importlib.import_module("featray.backends.ray.backend")


class Server:
    """Answers the requests of one driver."""

    def __init__(self, connection: Connection) -> None:
        """Start reading requests."""
        self._connection = connection
        self._lock = threading.Lock()
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._planned: dict[int, PlannedInvocation] = {}
        self._numbers: dict[int, int] = {}  # id of a planned invocation -> its number
        self._cluster: Any = None
        logging.getLogger("featray").addHandler(_Forwarder(self._send))
        logging.getLogger("featray").propagate = False
        threading.Thread(target=self._receive, daemon=True).start()

    def _send(self, message: tuple[int, str, Any]) -> None:
        with self._lock:
            self._connection.send(message)

    def _receive(self) -> None:
        try:
            while True:
                self._requests.put(self._connection.recv())
        except (EOFError, OSError):
            self._requests.put(None)
            end = threading.Timer(ALONE_S, self._give_up)
            end.daemon = True
            end.start()

    def _give_up(self) -> None:
        from featray.backends.ray import link

        link.kill_embedded()
        os._exit(1)

    def run(self) -> None:
        """Answer until there is no driver any more; an error that is not on purpose ends this process."""
        while (request := self._requests.get()) is not None:
            number, method, arguments = request
            try:
                answer = self._find(method)(*arguments)
            except FeatrayError as wrong:
                self._send((number, "error", wrong))
            else:
                self._send((number, "answer", answer))
        self.close()

    def _find(self, method: str) -> Callable[..., Any]:
        """Find a method: one below, where invocations have numbers, else the cluster's own."""
        own: Callable[..., Any] | None = getattr(self, method, None)
        found: Callable[..., Any] = getattr(self._cluster, method) if own is None else own
        return found

    def open(self, driver: Mapping[str, Any], options: Mapping[str, Any]) -> str | None:
        """Start or join a cluster and return the address of its dashboard.

        Args:
            driver: `argv` and `path` of the driver: the folder of its script and its modules are known to the workers.
            options: Of `RayCluster`.
        """
        sys.argv = list(driver["argv"])
        sys.path += [folder for folder in driver["path"] if folder not in sys.path]
        try:
            from ray import _raylet

            from featray.backends.ray.backend import RayCluster
        except OSError as wrong:
            raise BackendError(f"Ray cannot be loaded: {wrong}") from wrong
        title = " ".join(["featray", *sys.argv[1:]])  # shown by the dashboard, and by ps
        _raylet.setproctitle(title)  # type: ignore[attr-defined] # made in C
        self._cluster = RayCluster(**options)
        # Whoever stops a whole group of processes, or closes a terminal, means the driver.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        dashboard: str | None = self._cluster.dashboard
        return dashboard

    def close(self) -> None:
        """End every invocation and leave Ray."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def start(self, number: int, planned: PlannedInvocation, store: str) -> None:
        """Start an invocation; its events will bear this number."""
        self._planned[number], self._numbers[id(planned)] = planned, number
        self._cluster.start(planned, store)

    def poll(self, timeout_s: float) -> list[tuple[int, dict[str, Any]]]:
        """Give events as (number of the invocation, the other fields)."""
        events = []
        for event in self._cluster.poll(timeout_s):
            if (number := self._numbers.get(id(event.planned))) is not None:
                fields = {field: value for field, value in vars(event).items() if field != "planned"}
                events.append((number, fields))
                if event.kind == EventKind.ENDED:
                    self._forget(number)
        return events

    def cancel(self, number: int) -> None:
        """End an invocation."""
        if number in self._planned:
            self._cluster.cancel(self._forget(number))

    def _forget(self, number: int) -> PlannedInvocation:
        planned = self._planned.pop(number)
        del self._numbers[id(planned)]
        return planned


class _Forwarder(logging.Handler):
    """Sends what featray logs here to the driver, which knows where to show it."""

    def __init__(self, send: Any) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send((-1, "log", (record.levelno, record.getMessage())))
        except OSError:  # the driver is gone
            return
