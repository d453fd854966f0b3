"""Idle targets: what they go on with while others are still at their pilots, without what is on its way already. Pure.

Flow: `submission` plans the rest -> `only_new`, beside `on_their_way` -> `runner` adds it to its schedule.
"""

from collections.abc import Collection, Iterable, Mapping

from featray.planning.planned_invocation import PlannedInvocation
from featray.running.retries import narrowed

UnitsOnTheirWay = Mapping[tuple[str, int], Collection[str]]
"""(cell id, invocation) -> ids of the targets that it is planned for."""


def on_their_way(unfinished: Iterable[PlannedInvocation]) -> UnitsOnTheirWay:
    """Gather the units that are waiting or running."""
    known: dict[tuple[str, int], set[str]] = {}
    for planned in unfinished:
        for cell_id in planned.cell_ids:
            known.setdefault((cell_id, planned.invocation.invocation), set()).add(planned.target.target_id)
    return known


def only_new(planned: PlannedInvocation, known: UnitsOnTheirWay) -> PlannedInvocation | None:
    """Leave out the units that are on their way: to its target or, if it may move, to any; None if no cell is left."""
    number, target_id = planned.invocation.invocation, planned.target.target_id
    new = [
        cell_id
        for cell_id in planned.cell_ids
        if not (targets := known.get((cell_id, number), ())) or not (planned.alternatives or target_id in targets)
    ]
    return narrowed(planned, new) if new else None
