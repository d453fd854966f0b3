"""Waiting invocations: interchangeable ones that have not started, and what those of one process share.

Flow: `schedule.Schedule` -> `Waiting` -> `assignment.Assigner`. Pure.
With 1000 hosts an invocation may run on 1000 targets, so what depends on the targets is kept once for each process.
"""

import dataclasses
from collections.abc import Mapping

from featray.planning.inventory import Target
from featray.planning.planned_invocation import PlannedInvocation


@dataclasses.dataclass(frozen=True, eq=False)
class RunPlaces:
    """Where invocations may run, and how long they should take there."""

    seconds: Mapping[str, float]  # by target id
    shared: tuple[object, ...]  # what it was made of; kept, so that `PlacesFinder` knows it again


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

    def find(self, planned: PlannedInvocation) -> tuple[RunPlaces, bool]:
        """Give the places of an invocation, and whether they are new."""
        shared: tuple[object, ...] = planned.alternatives, planned.elsewhere_s, planned.target
        key = tuple(map(id, shared))
        known = self._known.get(key)
        if known is not None and known.seconds[planned.target.target_id] == planned.expected_s:
            return known, False
        found = self._known[key] = RunPlaces(planned.seconds_by_target, shared)
        return found, True


def may_run_on(waiting: Waiting, target: Target) -> bool:
    """Return True if an invocation may run on a target."""
    return target.target_id in waiting.places.seconds
