"""Liveness: whether the head and the nodes still answer, and which nodes are new, before Ray itself reacts.

Flow: `hosts` and `backend` -> `HeadWatch`, `NodeWatch`.
Ray ends the whole driver process a minute after its head went away, without a message that helps a user. And the
reference of a task on a host behind a broken network never resolves, long after Ray has declared the node dead.
"""

import socket
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from featray.errors import HeadGone

EVERY_S = 5.0  # between two checks
CONNECT_S = 2.0  # a head that can be reached answers within milliseconds
HEAD_S = 20.0  # without an answer: a restart or a burst of load is over by then; Ray gives up at 60 s
SETTLE_S = 10.0  # after Ray declared a node dead: until then Ray itself may report its tasks as lost


class HeadWatch:
    """Whether the head answers."""

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Start watching; `address` is `host:port` of Ray's control store."""
        host, _, port = address.rpartition(":")
        self._address, self._destination, self._clock = address, (host, int(port)), clock
        self._asked_at = self._answered_at = clock()
        self._reason = ""

    def answers(self) -> bool:
        """Ask now. Without this check, a call of Ray waits a minute for a silent head, and then ends this process."""
        self._asked_at = self._clock()
        try:
            socket.create_connection(self._destination, timeout=CONNECT_S).close()
        except OSError as wrong:
            self._reason = str(wrong)
            return False
        self._answered_at = self._asked_at
        return True

    def check(self) -> None:
        """Ask, unless that was done a few seconds ago.

        Raises:
            HeadGone: there was no answer for `HEAD_S`.
        """
        if self._clock() - self._asked_at >= EVERY_S:
            self.answers()
        if self._asked_at - self._answered_at > HEAD_S:
            raise HeadGone(
                f"the Ray head at {self._address} is gone ({self._reason}); finished rows are stored, and the next "
                "submit goes on from there"
            )


class NodeWatch:
    """Which nodes have been dead for so long that no event of them will come, and which nodes are new."""

    def __init__(self, known: Iterable[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        """Start with the nodes that are there, all alive."""
        self._clock = clock
        self._known = set(known)
        self._updated_at = clock()
        self._dead_since: dict[str, float] = {}
        self._lost_at: dict[str, float] = {}

    def is_due(self) -> bool:
        """Return True when the last update is `EVERY_S` old."""
        return self._clock() - self._updated_at >= EVERY_S

    def update(self, alive: Mapping[str, bool]) -> Collection[str]:
        """Read Ray's list of nodes; return those that have been dead for `SETTLE_S`."""
        now = self._updated_at = self._clock()
        self._dead_since = {node: self._dead_since.get(node, now) for node, is_alive in alive.items() if not is_alive}
        return {node for node, since in self._dead_since.items() if now - since >= SETTLE_S}

    def mark_lost(self, node: str) -> None:
        """Note that a task has ended with its node; Ray's list may show the node as alive for a while."""
        self._lost_at[node] = self._clock()

    def is_dead(self, node: str) -> bool:
        """Return True for a node that was dead at the last update, or has just ended with a task."""
        lost_at = self._lost_at.get(node)
        return node in self._dead_since or (lost_at is not None and self._clock() - lost_at < SETTLE_S)

    def find_new(self, alive: Mapping[str, bool]) -> list[str]:
        """Read Ray's list of nodes; return the live ones that were never in it before."""
        new = [node for node, is_alive in alive.items() if is_alive and node not in self._known]
        self._known.update(new)
        return new
