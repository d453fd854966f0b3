"""Liveness: whether the head and the nodes that run something are still there, told before Ray acts on it; who joins.

Ray ends the whole driver process a minute after its head went, without a word that a user could act on; and the
reference of a task on a host behind a broken network never resolves, long after Ray has declared the node dead.
"""

import socket
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from featray.errors import HeadGone

EVERY_S = 5.0  # between two looks
CONNECT_S = 2.0  # a head within reach answers within milliseconds
HEAD_S = 20.0  # without an answer: a restart or a burst of load is over; Ray gives up at 60 s
SETTLE_S = 10.0  # after Ray declared a node dead: it tells the tasks' owners itself when it can


class HeadWatch:
    """Whether the head answers."""

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin; `address` is `host:port` of Ray's control store."""
        host, _, port = address.rpartition(":")
        self._address, self._place, self._clock = address, (host, int(port)), clock
        self._looked = self._answered = clock()
        self._reason = ""

    def answers(self) -> bool:
        """Look now: where nothing answers, Ray's own calls would wait for a minute and then end this process."""
        self._looked = self._clock()
        try:
            socket.create_connection(self._place, timeout=CONNECT_S).close()
        except OSError as wrong:
            self._reason = str(wrong)
            return False
        self._answered = self._looked
        return True

    def look(self) -> None:
        """Look, where the last look is a few seconds old.

        Raises:
            HeadGone: there was no answer for too long.
        """
        if self._clock() - self._looked >= EVERY_S:
            self.answers()
        if self._looked - self._answered > HEAD_S:
            raise HeadGone(
                f"the Ray head at {self._address} is gone ({self._reason}); finished rows are stored, and the next "
                "submit goes on from there"
            )


class NodeWatch:
    """Which nodes are dead for so long that nothing more will be heard of them, and which have come."""

    def __init__(self, known: Iterable[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with the nodes that are there, none known to be dead."""
        self._clock = clock
        self._known = set(known)
        self._looked = clock()
        self._dead_since: dict[str, float] = {}
        self._lost_at: dict[str, float] = {}

    def is_due(self) -> bool:
        """Tell whether it is time to look again."""
        return self._clock() - self._looked >= EVERY_S

    def note(self, alive: Mapping[str, bool]) -> Collection[str]:
        """Take in Ray's list of nodes; return those given up."""
        now = self._looked = self._clock()
        self._dead_since = {node: self._dead_since.get(node, now) for node, is_alive in alive.items() if not is_alive}
        return {node for node, since in self._dead_since.items() if now - since >= SETTLE_S}

    def lose(self, node: str) -> None:
        """Take in that a task has ended with its node; Ray's list may still have it for a while."""
        self._lost_at[node] = self._clock()

    def is_dead(self, node: str) -> bool:
        """Tell whether a node was dead at the last look, or has just taken a task along."""
        lost_at = self._lost_at.get(node)
        return node in self._dead_since or (lost_at is not None and self._clock() - lost_at < SETTLE_S)

    def come(self, alive: Mapping[str, bool]) -> list[str]:
        """Take in Ray's list of nodes; return the live ones that were never there before."""
        fresh = [node for node, is_alive in alive.items() if is_alive and node not in self._known]
        self._known.update(fresh)
        return fresh
