"""Waiting invocations: interchangeable ones that have not started, and what those of one process share.

Flow: `schedule.Schedule` -> `Waiting` -> `allotment.Allotment`, `assignment.Assigner`. Pure.
With 1000 hosts an invocation may run on 1000 targets, so what depends on the targets is kept once for each process.
"""

import dataclasses
import functools
from collections.abc import Mapping

from featray.planning.inventory import Target
from featray.planning.planned_invocation import PlannedInvocation


@dataclasses.dataclass(frozen=True, eq=False)
class RunPlaces:
    """Where invocations may run, and how long they should take there."""

    seconds: Mapping[str, float]  # by target id
    shared: tuple[object, ...]  # what it was made of; kept, so that `PlacesFinder` knows it again
    alike: int  # the same number where the seconds are the same

    @functools.cached_property
    def fastest_s(self) -> float:
        """Give the seconds on the fastest target."""
        return min(self.seconds.values())


@dataclasses.dataclass(slots=True, eq=False)
class Waiting:
    """An invocation that has not started."""

    planned: PlannedInvocation
    places: RunPlaces
    is_waiting: bool = True


class PlacesFinder:
    """Finds the places of an invocation, the same object for all invocations of one process."""

    def __init__(self) -> None:
        """Know none yet."""
        self._known: dict[tuple[int, ...], RunPlaces] = {}
        self._alike: dict[frozenset[tuple[str, float]], int] = {}

    def find(self, planned: PlannedInvocation) -> tuple[RunPlaces, bool]:
        """Give the places of an invocation, and whether they are new."""
        shared: tuple[object, ...] = planned.alternatives, planned.elsewhere_s, planned.target
        key = tuple(map(id, shared))
        known = self._known.get(key)
        if known is not None and known.seconds[planned.target.target_id] == planned.expected_s:
            return known, False
        seconds = planned.seconds_by_target
        alike = self._alike.setdefault(frozenset(seconds.items()), len(self._alike))
        found = self._known[key] = RunPlaces(seconds, shared, alike)
        return found, True


class OwnTargets:
    """The target that took the first invocation of each interchangeable cell."""

    def __init__(self) -> None:
        """Know none yet."""
        self._by_cell: dict[str, str] = {}

    def keep(self, planned: PlannedInvocation) -> None:
        """Make a target that of an invocation's cells, unless they have one."""
        for cell_id in planned.cell_ids:
            self._by_cell.setdefault(cell_id, planned.target.target_id)

    def find(self, planned: PlannedInvocation) -> str | None:
        """Give the id of the target of an invocation's first cell that has one."""
        for cell_id in planned.cell_ids:
            if cell_id in self._by_cell:
                return self._by_cell[cell_id]
        return None

    def forget(self, target_id: str) -> None:
        """Let the cells of a target that is set aside have another one."""
        self._by_cell = {cell_id: own for cell_id, own in self._by_cell.items() if own != target_id}


def may_run_on(waiting: Waiting, target: Target) -> bool:
    """Return True if an invocation may run on a target."""
    return target.target_id in waiting.places.seconds


def urgency(waiting: Waiting) -> tuple[int, int, float]:
    """Order waiting invocations, most urgent first: those that never failed, then by block, then the longest."""
    planned = waiting.planned
    return (planned.failures, planned.invocation.block, -planned.expected_s)
