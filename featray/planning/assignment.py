"""Assignment: which interchangeable invocation each target would end first, for all that wait.

Flow: `allotment.Allotment` -> `Assigner.assign` -> a queue of invocations for each lease.
Pure. Every waiting invocation is weighed on every target: 8000 of them on 1000 targets are 8 million sums. Invocations
of one process take the same time on a target, so where many of these wait, a heap of the ends that they would have
replaces the sums.
"""

import collections
import heapq
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.waiting import RunPlaces, Waiting

SLACK = 0.25
"""Share of its own length by which an invocation on its cell's own target must end before the sweep: lengths are known
to a fifth."""

FEW = 15  # targets for each invocation of a process above which sums are faster than a heap

NOWHERE = -1  # column of what has no target of its own

Queues = Mapping[str, collections.deque[tuple[Waiting, str]]]
"""Lease -> its invocations in the order in which it would start them, each with its target's id."""


class Assigner:
    """The targets, and how long each waiting invocation would take on each."""

    def __init__(self, leases: Mapping[str, str]) -> None:
        """Take the targets that work may be given to: target id -> lease."""
        self._targets = list(leases)
        self._column = {target_id: column for column, target_id in enumerate(leases)}
        self._leases = list(dict.fromkeys(leases.values()))
        number = {lease: at for at, lease in enumerate(self._leases)}
        self._lease_of = [number[lease] for lease in leases.values()]
        self._seconds: dict[int, _Seconds] = {}  # one for processes that take the same time everywhere

    def assign(
        self,
        waiting: Sequence[Waiting],
        ready_s: Mapping[str, float],
        own_target: Callable[[PlannedInvocation], str | None],
    ) -> tuple[Queues, float]:
        """Give every waiting invocation, in order, to the target that would end it first.

        Cells with a target of their own go there instead, as long as that does not make the sweep end later.

        Args:
            waiting: In the order in which they are given.
            ready_s: Lease -> when it is free for them.
            own_target: Names the target that an invocation's cells were measured on.

        Returns:
            The queues, and when the last invocation ends.
        """
        ready = [ready_s[lease] for lease in self._leases]
        seconds = [self._seconds_of(one.places) for one in waiting]
        meant = [self._column.get(one.planned.target.target_id, NOWHERE) for one in waiting]
        nowhere = [NOWHERE] * len(waiting)
        _, latest_s = _Round(self._lease_of, ready, seconds).give(nowhere, meant, -math.inf)
        own = [self._column.get(own_target(one.planned) or "", NOWHERE) for one in waiting]
        columns, ends_s = _Round(self._lease_of, ready, seconds).give(own, meant, latest_s)
        queues = collections.defaultdict[str, collections.deque[tuple[Waiting, str]]](collections.deque)
        for one, column in zip(waiting, columns, strict=True):
            queues[self._leases[self._lease_of[column]]].append((one, self._targets[column]))
        return queues, ends_s

    def _seconds_of(self, places: RunPlaces) -> "_Seconds":
        """Give the seconds on each target, infinite where invocations of these places may not run."""
        known = self._seconds.get(places.alike)
        if known is None:
            known = _Seconds([places.seconds.get(target_id, math.inf) for target_id in self._targets])
            self._seconds[places.alike] = known
        return known


class _Seconds:
    """How long an invocation takes on each target."""

    def __init__(self, on: Sequence[float]) -> None:
        self.on = on
        self.array = np.array(on)


class _Round:
    """One round in which every waiting invocation is given to a target."""

    def __init__(self, lease_of: Sequence[int], ready_s: Sequence[float], seconds: Sequence[_Seconds]) -> None:
        """Take the state at its beginning.

        Args:
            lease_of: Number of the lease of each target.
            ready_s: Of each lease: when it is free. It is not changed.
            seconds: Of each invocation; the same object for those that take the same time everywhere.
        """
        self._lease_of, self._ready_s, self._seconds = lease_of, list(ready_s), seconds
        self._count = collections.Counter(map(id, seconds))
        self._first: dict[int, Callable[[], int]] = {}  # finders, by id of the seconds
        self._ready_of_targets: npt.NDArray[np.float64] | None = None  # only if it is needed
        self._targets_of: list[list[int]] = []  # the same: columns of each lease

    def give(self, own: Sequence[int], meant: Sequence[int], latest_s: float) -> tuple[list[int], float]:
        """Give every invocation to a target; to its own one where it would end by `latest_s`, `SLACK` included.

        Args:
            own: Column of each invocation's own target, or NOWHERE.
            meant: Column of the target that the plan meant: of several that would end it first it gets this one.
            latest_s: When the sweep may end.

        Returns:
            The columns of the targets, and when the last one ends.
        """
        lease_of, ready, last_s, columns = self._lease_of, self._ready_s, -math.inf, []
        for known, column, meant_column in zip(self._seconds, own, meant, strict=True):
            seconds = known.on
            if column < 0 or ready[lease_of[column]] + seconds[column] * (1 + SLACK) > latest_s:
                column = (self._first.get(id(known)) or self._make_finder(known))()
                first_s = ready[lease_of[column]] + seconds[column]
                if meant_column >= 0 and ready[lease_of[meant_column]] + seconds[meant_column] <= first_s:
                    column = meant_column
            lease = lease_of[column]
            end_s = ready[lease] = ready[lease] + seconds[column]
            if self._ready_of_targets is not None:
                self._ready_of_targets[self._targets_of[lease]] = end_s
            if end_s > last_s:
                last_s = end_s
            columns.append(column)
        return columns, last_s

    def _make_finder(self, seconds: _Seconds) -> Callable[[], int]:
        """Make what finds the target that would end an invocation first; of several the first column."""
        is_often = self._count[id(seconds)] * FEW > len(seconds.on)
        self._first[id(seconds)] = found = self._make_heap(seconds.on) if is_often else self._make_sums(seconds.array)
        return found

    def _make_heap(self, seconds: Sequence[float]) -> Callable[[], int]:
        """Find by a heap of ends, which are corrected when they come up: a lease is only ever ready later."""
        lease_of, ready = self._lease_of, self._ready_s
        heap = [
            (ready[lease] + own_s, column) for column, (lease, own_s) in enumerate(zip(lease_of, seconds, strict=True))
        ]
        heapq.heapify(heap)

        def find() -> int:
            while True:
                end_s, column = heap[0]
                now_s = ready[lease_of[column]] + seconds[column]
                if now_s <= end_s:
                    return column
                heapq.heapreplace(heap, (now_s, column))

        return find

    def _make_sums(self, seconds: npt.NDArray[np.float64]) -> Callable[[], int]:
        """Find by adding up the ends on all targets."""
        if self._ready_of_targets is None:
            self._ready_of_targets = np.array(self._ready_s)[list(self._lease_of)]
            self._targets_of = [[] for _ in self._ready_s]
            for column, lease in enumerate(self._lease_of):
                self._targets_of[lease].append(column)
        ready, ends = self._ready_of_targets, np.empty_like(seconds)
        return lambda: int(np.add(ready, seconds, out=ends).argmin())
