"""Ear: hears events in a thread of its own, so that whoever polls is never stuck in a call that does not return.

Ray's `wait` ignores its timeout while the head does not answer.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable

from featray.backends import Event

IDLE_S = 0.02  # between two tries when nothing is running


class Ear:
    """A thread that hears, and a queue of what it heard."""

    def __init__(self, hear: Callable[[], Iterable[Event]]) -> None:
        """Begin to hear.

        Args:
            hear: Waits a moment for events and returns those that came; it is called again and again.
        """
        self._hear = hear
        self._heard: queue.SimpleQueue[Event | Exception] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="featray-ear", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            silent = True
            try:
                for event in self._hear():
                    silent = False
                    self._heard.put(event)
            except Exception as wrong:  # noqa: BLE001 - raised again by whoever polls
                self._heard.put(wrong)
                return
            if silent:
                time.sleep(IDLE_S)

    def poll(self, timeout_s: float) -> list[Event]:
        """Wait for the first event and return all that have come.

        Raises:
            Exception: what `hear` raised.
        """
        events: list[Event] = []
        try:
            heard = self._heard.get(timeout=timeout_s)
            while True:
                if isinstance(heard, Exception):
                    raise heard
                events.append(heard)
                heard = self._heard.get_nowait()
        except queue.Empty:
            return events

    def stop(self, timeout_s: float) -> None:
        """Hear no more; a call under way is given so long to return and then left to itself."""
        self._stopped.set()
        self._thread.join(timeout_s)
