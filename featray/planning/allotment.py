"""Allotment: which interchangeable invocation each lease starts next, near the end.

Flow: `schedule.Schedule` -> `Allotment`, with `assignment`, `outlook` and `stand_ins` -> `schedule.Schedule`. Pure.
Every waiting invocation goes to the target that would end it first, and so do those that the outlook expects. A lease
that would start an expected one starts another one in its place, a stand-in, if that ends in time. The expected one may
go where the stand-in would have gone. So no host waits that will be needed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from featray.planning.assignment import Assigner, Queues
from featray.planning.outlook import Outlook
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.stand_ins import StandIns
from featray.planning.waiting import PlacesFinder, Waiting

STALE = 20
"""An assignment serves a twentieth of the leases, or of the waiting invocations where those are fewer. Then it is made
anew: with 1000 hosts that takes 0.1 s, and what has ended meanwhile has changed it little."""


class Allotment:
    """A queue of invocations for each lease, until it is out of date."""

    def __init__(self, places: PlacesFinder, outlook: Outlook | None) -> None:
        """Hold nothing yet.

        Args:
            places: Finds the places of what is expected.
            outlook: What is expected; None: nothing is.
        """
        self._places, self._outlook = places, outlook
        self._stand_ins = StandIns(outlook) if outlook else None
        self._expected: dict[int, Waiting] = {}  # by id of the pilot's invocation that it is like
        self._assigner: Assigner | None = None
        self._queues: Queues | None = None  # None: they are to be made anew
        self._serves = 0  # leases, or waiting invocations, of which a part makes them out of date
        self._releases = 0  # since they were made
        self._missing = 0  # invocations in them that are expected and have not come
        self._is_guess = False  # some were expected when they were made
        self._ends_s = 0.0  # when the sweep then ends
        self._now_s = 0.0
        self._chosen: dict[str, Waiting | None] = {}  # target id -> its stand-in

    @property
    def is_made(self) -> bool:
        """Return True while it can be used."""
        return self._queues is not None

    @property
    def is_guess(self) -> bool:
        """Return True if what waits may have no place, since others were expected."""
        return self._queues is not None and self._is_guess

    def forget(self, *, targets: bool = False) -> None:
        """Have it made anew; also when the targets have changed."""
        self._queues = None
        if targets:
            self._assigner = None

    def add(self, waiting: Waiting) -> list[str]:
        """Put in an invocation that has come: return the ids of targets that waited and can start it at once."""
        if not self._missing:
            self._queues = None
        if self._stand_ins is None:
            return []
        self._missing = max(0, self._missing - 1)
        self._stand_ins.add(waiting)
        left_s = self._ends_s - self._now_s
        idle = [target_id for target_id, chosen in self._chosen.items() if chosen is None]
        found = [target_id for target_id in idle if self._stand_ins.fits(waiting, target_id, left_s)]
        self._chosen |= dict.fromkeys(found, waiting)
        return found

    def make(
        self,
        waiting: Sequence[Waiting],
        leases: Mapping[str, str],
        ready_s: Mapping[str, float],
        own_target: Callable[[PlannedInvocation], str | None],
    ) -> None:
        """Give all that waits and all that is expected to the leases.

        Args:
            waiting: Most urgent first.
            leases: Target id -> lease, of the targets that work may be given to.
            ready_s: Lease -> when it is free.
            own_target: Names the target that an invocation's cells were measured on.
        """
        self._assigner = self._assigner or Assigner(leases)
        expected = [one for one in self._make_expected() if not leases.keys().isdisjoint(one.places.seconds)]
        ordered = [*self._scouts_first(waiting), *expected]
        self._queues, self._ends_s = self._assigner.assign(ordered, ready_s, own_target)
        self._missing = len(expected)
        self._is_guess = bool(expected)
        self._serves, self._releases = min(len(ready_s), len(waiting)), 0
        self._chosen.clear()

    def _scouts_first(self, waiting: Sequence[Waiting]) -> Sequence[Waiting]:
        outlook = self._outlook
        return sorted(waiting, key=lambda one: not outlook.is_scout(one.planned)) if outlook else waiting

    def _make_expected(self) -> Iterator[Waiting]:
        for planned in self._outlook.expected() if self._outlook else ():
            if id(planned) not in self._expected:
                self._expected[id(planned)] = Waiting(planned, self._places.find(planned)[0], is_waiting=False)
            yield self._expected[id(planned)]

    def note_release(self, running: int) -> None:
        """Count an invocation that has ended; of a guess, few may follow that would show that it is out of date.

        Args:
            running: Invocations that still run.
        """
        self._releases += 1
        if self._releases >= (min(self._serves, running) if self._is_guess else self._serves) // STALE:
            self._queues = None

    def next_of(self, lease: str, target_id: str, now_s: float) -> Waiting | None:
        """Give what a target starts now; None where it is another target's turn, or nothing should start."""
        queue = self._queues.get(lease) if self._queues else None
        if not queue:
            return None
        for _ in range(len(queue)):
            if queue[0][0].is_waiting:
                break
            queue.rotate(-1)  # what has not come is put off
        first, its_target_id = queue[0]
        if its_target_id != target_id:
            return None
        return first if first.is_waiting else self._stand_in(target_id, now_s)

    def _stand_in(self, target_id: str, now_s: float) -> Waiting | None:
        """Choose a stand-in; where there is none, none of those that wait will do later."""
        self._now_s = now_s
        chosen = self._chosen.get(target_id)
        if target_id not in self._chosen or (chosen is not None and not chosen.is_waiting):
            chosen = self._stand_ins.find(target_id, self._ends_s - now_s) if self._stand_ins else None
            self._chosen[target_id] = chosen
        return chosen

    def take(self, lease: str, waiting: Waiting) -> bool:
        """Take the next invocation of a lease out; return False if another one stands in for it."""
        return self._queues is None or self._queues[lease].popleft()[0] is waiting
