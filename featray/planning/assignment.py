"""Assignment: which interchangeable invocation each target would end first, for all that wait, by arrays.

Flow: `schedule.Schedule` -> `Assigner.assign` -> a queue of invocations for each lease.
Pure. Every waiting invocation is weighed on every target, so that 8000 of them on 1000 targets are 8 million sums.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from featray.planning.planned_invocation import PlannedInvocation

SLACK = 0.25
"""Share of its own length by which an invocation on its cell's own target must end before the sweep: lengths are known
to a fifth."""

Queues = Mapping[str, list[tuple[PlannedInvocation, str]]]
"""Lease -> its invocations in the order in which it would start them, each with its target's id."""


class Assigner:
    """The targets, and how long each waiting invocation would take on each."""

    def __init__(self, leases: Mapping[str, str]) -> None:
        """Take the targets that work may be given to: target id -> lease."""
        self._leases = leases
        self._columns = {target_id: column for column, target_id in enumerate(leases)}
        self._targets = list(leases)
        by_lease: dict[str, list[int]] = {}
        for target_id, lease in leases.items():
            by_lease.setdefault(lease, []).append(self._columns[target_id])
        self._of_lease = {lease: np.array(columns) for lease, columns in by_lease.items()}
        self._seconds: dict[int, tuple[PlannedInvocation, np.ndarray]] = {}  # by id of the invocation, which is kept

    def assign(
        self,
        waiting: Sequence[PlannedInvocation],
        ready_s: Mapping[str, float],
        own_target: Callable[[PlannedInvocation], str | None],
    ) -> Queues:
        """Give every waiting invocation, in order, to the target that would end it first.

        Cells with a target of their own go there instead, as long as that does not make the sweep end later.

        Args:
            waiting: In the order in which they are given.
            ready_s: Lease -> when it is free for them.
            own_target: Names the target that an invocation's cells were measured on.
        """
        self._seconds = {id(planned): self._known(planned) for planned in waiting}
        given = self._give(waiting, ready_s, own_target, -np.inf)
        latest_s = max((end_s for _, _, end_s in given), default=-np.inf)
        queues: dict[str, list[tuple[PlannedInvocation, str]]] = {}
        for planned, target_id, _ in self._give(waiting, ready_s, own_target, latest_s):
            queues.setdefault(self._leases[target_id], []).append((planned, target_id))
        return queues

    def _known(self, planned: PlannedInvocation) -> tuple[PlannedInvocation, np.ndarray]:
        """Give the seconds of an invocation on each target, infinite where it may not run."""
        known = self._seconds.get(id(planned))
        if known is not None and known[0] is planned:
            return known
        seconds = np.full(len(self._targets), np.inf)
        for target, expected_s in planned.everywhere():
            if target.target_id in self._columns:
                seconds[self._columns[target.target_id]] = expected_s
        return planned, seconds

    def _give(
        self,
        waiting: Sequence[PlannedInvocation],
        ready_s: Mapping[str, float],
        own_target: Callable[[PlannedInvocation], str | None],
        latest_s: float,
    ) -> list[tuple[PlannedInvocation, str, float]]:
        """Give every invocation to a target; to its own one where it would end by `latest_s`, `SLACK` included.

        Returns:
            Invocation, target id, and when it would end.
        """
        ready = np.array([ready_s[lease] for lease in self._leases.values()])
        given = []
        for planned in waiting:
            seconds = self._seconds[id(planned)][1]
            column = self._own_column(own_target(planned), ready, seconds, latest_s)
            if column is None:
                column = self._first_to_end(planned, ready + seconds)
            end_s = float(ready[column] + seconds[column])
            ready[self._of_lease[self._leases[self._targets[column]]]] = end_s
            given.append((planned, self._targets[column], end_s))
        return given

    def _first_to_end(self, planned: PlannedInvocation, ends_s: np.ndarray) -> int:
        """Find the column of the smallest end; of equal ones that of the target which the plan meant."""
        column, planned_column = int(ends_s.argmin()), self._columns.get(planned.target.target_id)
        is_equal = planned_column is not None and ends_s[planned_column] <= ends_s[column]
        return planned_column if is_equal and planned_column is not None else column

    def _own_column(self, own: str | None, ready: np.ndarray, seconds: np.ndarray, latest_s: float) -> int | None:
        """Find the column of an invocation's own target, where it would end there in time."""
        column = None if own is None else self._columns.get(own)
        if column is None:
            return None
        end_s = ready[column] + seconds[column] * (1 + SLACK)
        return column if end_s <= latest_s else None
