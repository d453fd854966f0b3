"""Invocations per unit: how many each unit gets, fixed once from the spread of its first ones, the pilot. Pure.

Flow: the stored units of a run -> `decide` -> `plan.make`.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from featray import stats
from featray.core.status import Status
from featray.core.stored_unit import StoredUnit, last_attempts
from featray.planning.placement import PlacedUnit, Placement
from featray.planning.process_names import ProcessNames
from featray.sweep import Invocations


@dataclasses.dataclass(frozen=True, kw_only=True)
class NeededInvocations:
    """How many invocations each unit needs; call it with (cell_id, target_id)."""

    pilot: int
    by_unit: Mapping[tuple[str, str], int]  # of units with another number than that of a pilot
    may_come: int
    """Measurements that the pilots which are not over may ask for, at most, beyond themselves."""

    def __call__(self, cell_id: str, target_id: str) -> int:
        """Give the number of invocations of a unit."""
        return self.by_unit.get((cell_id, target_id), self.pilot)


def decide(asked: Invocations, placed: Placement, stored: Iterable[StoredUnit]) -> NeededInvocations:
    """Decide how many invocations each unit gets: the pilot, then once what the pilot's spread asks for.

    All cells that one process measures get the same number, the largest that any of them needs, and so do the same in
    other environments, so that both sides of every comparison among them do. Only the pilot's own rows count, so the
    number never changes once it is fixed. Where targets are interchangeable, a pilot may have been split over several;
    then the spread on the one that measured most of it counts.

    Args:
        asked: What the sweep says.
        placed: Its units.
        stored: Rows of this run, every attempt.
    """
    if asked.max == asked.pilot:
        return NeededInvocations(pilot=asked.pilot, by_unit={}, may_come=0)
    pilots = _Pilots(asked.pilot, stored)
    groups: dict[str, list[PlacedUnit]] = {}
    names = ProcessNames(all_environments=True)
    for unit in placed.units:
        groups.setdefault(names.of(unit.cell, unit.target.target_id), []).append(unit)
    numbers: dict[tuple[str, str], int] = {}
    in_pilot = 0  # units of processes whose pilot is not over
    for group in groups.values():
        needed = _needed(asked, [pilots.of(unit) for unit in group])
        if needed is None:
            in_pilot += len(group)
        elif needed != asked.pilot:
            numbers |= dict.fromkeys(((unit.cell_id, unit.target.target_id) for unit in group), needed)
    return NeededInvocations(pilot=asked.pilot, by_unit=numbers, may_come=in_pilot * (asked.max - asked.pilot))


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


def _needed(asked: Invocations, pilots: Sequence[tuple[int, Sequence[StoredUnit]]]) -> int | None:
    """Fix one number for the cells of one process; None while the pilot of any of them is not over.

    A pilot that lost an invocation still tells a spread, as long as it has enough of them for a verdict.
    """
    if any(ended < asked.pilot for ended, _ in pilots):
        return None
    timed = [[unit.timed_s for unit in pilot if unit.status == Status.OK and unit.timed_s] for _, pilot in pilots]
    logs = [[stats.log_median(repeats) for repeats in pilot] for pilot in timed if len(pilot) >= stats.INVOCATIONS_MIN]
    return stats.planned_together(logs, half_width=asked.half_width, least=asked.pilot, most=asked.max)
