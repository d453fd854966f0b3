"""Invocations per unit: how many each unit gets, fixed once from the spread of its first ones, the pilot. Pure.

Flow: the stored units of a run -> `decide` -> `plan.make`.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from featray import stats
from featray.core.status import Status
from featray.core.stored_unit import StoredUnit, last_attempts
from featray.planning import process_names
from featray.planning.placement import PlacedUnit, Placement
from featray.sweep import Invocations


def decide(asked: Invocations, placed: Placement, stored: Iterable[StoredUnit]) -> Callable[[str, str], int]:
    """Decide how many invocations each unit gets: the pilot, then once what the pilot's spread asks for.

    All cells that one process measures get the same number, the largest that any of them needs, and so do the same in
    other environments, so that both sides of every comparison among them do. Only the pilot's own rows count, so the
    number never changes once it is fixed. Where targets are interchangeable, a pilot may have been split over several;
    then the spread on the one that measured most of it counts.

    Args:
        asked: What the sweep says.
        placed: Its units.
        stored: Rows of this run, every attempt.

    Returns:
        (cell_id, target_id) -> number of invocations.
    """
    if asked.max == asked.pilot:
        return lambda cell_id, target_id: asked.pilot  # noqa: ARG005
    pilots = _Pilots(asked.pilot, stored)
    groups: dict[str, list[PlacedUnit]] = {}
    for unit in placed.units:
        process = process_names.process_key(dataclasses.replace(unit.cell, requirements=()), unit.target.target_id)
        groups.setdefault(process, []).append(unit)
    numbers: dict[tuple[str, str], int] = {}
    for group in groups.values():
        members = ((unit.cell_id, unit.target.target_id) for unit in group)
        numbers |= dict.fromkeys(members, _needed(asked, [pilots.of(unit) for unit in group]))
    return lambda cell_id, target_id: numbers[cell_id, target_id]


def finished(stored: Iterable[StoredUnit]) -> list[StoredUnit]:
    """Keep the attempt that counts of each unit in each invocation, where no further one is due."""
    return [unit for unit in last_attempts(stored).values() if unit.is_final]


class _Pilots:
    """What has ended of the pilots, by cell and target."""

    def __init__(self, pilot: int, stored: Iterable[StoredUnit]) -> None:
        self._by_target: dict[str, dict[str, list[StoredUnit]]] = {}
        for unit in finished(stored):
            if unit.invocation <= pilot:
                self._by_target.setdefault(unit.cell_id, {}).setdefault(unit.target_id, []).append(unit)

    def of(self, unit: PlacedUnit) -> tuple[int, Sequence[StoredUnit]]:
        """Count a unit's invocations that have ended, and give those of them whose spread counts."""
        by_target = self._by_target.get(unit.cell_id, {})
        if not unit.is_interchangeable or not by_target:
            own = by_target.get(unit.target.target_id, [])
            return len(own), own
        most = max(sorted(by_target), key=lambda target_id: len(by_target[target_id]))
        return len({ended.invocation for units in by_target.values() for ended in units}), by_target[most]


def _needed(asked: Invocations, pilots: Sequence[tuple[int, Sequence[StoredUnit]]]) -> int:
    """Fix one number for the cells of one process, once the pilots of all of them are there.

    A pilot that lost an invocation still tells a spread, as long as it has enough of them for a verdict.
    """
    if any(ended < asked.pilot for ended, _ in pilots):
        return asked.pilot
    timed = [[unit.timed_s for unit in pilot if unit.status == Status.OK and unit.timed_s] for _, pilot in pilots]
    logs = [[stats.log_median(repeats) for repeats in pilot] for pilot in timed if len(pilot) >= stats.INVOCATIONS_MIN]
    return stats.planned_together(logs, half_width=asked.half_width, least=asked.pilot, most=asked.max)
