"""Pilots: how many invocations each unit gets, fixed once from the spread of its first ones. Pure.

Flow: what the store has of a run -> `wanted` -> `plan.make`.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from featray import stats
from featray.core.status import Status, is_final, precedence
from featray.planning import placement, plan
from featray.store import UnitState
from featray.sweep import Invocations


def wanted(asked: Invocations, placed: placement.Placement, own: Sequence[UnitState]) -> Callable[[str, str], int]:
    """Decide how many invocations each unit gets: the pilot, then once what the pilot's spread asks for.

    All cells that one process measures get the same number, the largest that any of them needs, and so do the same in
    other environments, so that both sides of every comparison among them do. Only the pilot's own rows count, so the
    number never changes once it is fixed.
    """
    if asked.max == asked.pilot:
        return lambda cell_id, target_id: asked.pilot  # noqa: ARG005
    pilots: dict[tuple[str, str], list[UnitState]] = {}
    for row in settled(own):
        if row.invocation <= asked.pilot:
            pilots.setdefault((row.cell_id, row.target_id), []).append(row)
    groups: dict[str, list[tuple[str, str]]] = {}
    for unit in placed.units:
        key = plan.group_key(dataclasses.replace(unit.cell, requirements=()), unit.target.target_id)
        groups.setdefault(key, []).append((unit.cell_id, unit.target.target_id))
    counts = {
        unit: _needed(asked, [pilots.get(each, []) for each in group]) for group in groups.values() for unit in group
    }
    return lambda cell_id, target_id: counts[cell_id, target_id]


def settled(own: Iterable[UnitState]) -> list[UnitState]:
    """Keep the attempt that counts of each unit in each invocation, where no further one is due."""
    last: dict[tuple[str, str, int], UnitState] = {}
    for row in own:
        key = (row.cell_id, row.target_id, row.invocation)
        if key not in last or precedence(row.status, row.attempt) > precedence(last[key].status, last[key].attempt):
            last[key] = row
    return [row for row in last.values() if row.order_index is not None and is_final(Status(row.status), row.attempt)]


def _needed(asked: Invocations, pilots: Sequence[Sequence[UnitState]]) -> int:
    """Fix one number for the cells of one process, once the pilots of all of them are there."""
    if any(len(pilot) < asked.pilot for pilot in pilots):
        return asked.pilot
    timed = [[row.timed_s for row in pilot if row.status == Status.OK and row.timed_s] for pilot in pilots]
    logs = [[stats.log_median(repeats) for repeats in pilot] for pilot in timed if len(pilot) >= asked.pilot]
    return stats.planned_together(logs, half_width=asked.half_width, least=asked.pilot, most=asked.max)
