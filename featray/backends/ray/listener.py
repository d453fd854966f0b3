"""Listener: receives events in a thread of its own, so that polling never blocks in a call that does not return.

Flow: `supervisor` in a Ray task yields an event -> Ray carries it here -> `backend` receives it, in the thread of
`Listener` -> `poll`.
Ray's `wait` ignores its timeout while the head does not answer.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable

from featray.backends import Event

IDLE_S = 0.02  # between two tries when nothing runs


class Listener:
    """A thread that receives events, and a queue of those that came."""

    def __init__(self, receive: Callable[[], Iterable[Event]]) -> None:
        """Start receiving.

        Args:
            receive: Waits a moment for events and returns those that came; it is called again and again.
        """
        self._receive = receive
        self._events: queue.SimpleQueue[Event | Exception] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="featray-listener", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            is_idle = True
            try:
                for event in self._receive():
                    is_idle = False
                    self._events.put(event)
            except Exception as wrong:  # noqa: BLE001 - `poll` raises it again
                self._events.put(wrong)
                return
            if is_idle:
                time.sleep(IDLE_S)

    def poll(self, timeout_s: float) -> list[Event]:
        """Wait for the first event and return all that have come.

        Raises:
            Exception: what `receive` raised, once every event that came before it was returned; and at each later call.
        """
        events: list[Event] = []
        try:
            event = self._events.get(timeout=timeout_s)
            while not isinstance(event, Exception):
                events.append(event)
                event = self._events.get_nowait()
        except queue.Empty:
            return events
        self._events.put(event)  # nothing follows it: the thread has ended
        if not events:
            raise event
        return events

    def stop(self, timeout_s: float) -> None:
        """Stop receiving; a call that is under way gets this long to return, and is then left alone."""
        self._stopped.set()
        self._thread.join(timeout_s)
