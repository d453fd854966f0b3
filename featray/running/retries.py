"""Retries: what is left of an invocation after a failure: fewer cells, the next attempt, another target. Pure.

Flow: `runner` -> `narrowed`, `next_attempt`, `moved_elsewhere` -> `schedule.Schedule`.
"""

import dataclasses
from collections.abc import Collection

from featray.core.row import Row
from featray.core.status import MAX_ATTEMPTS, RETRIED, Status
from featray.planning import planned_invocation
from featray.planning.planned_invocation import PlannedInvocation


def narrowed(planned: PlannedInvocation, cell_ids: Collection[str], *, attempt: int | None = None) -> PlannedInvocation:
    """Keep some cells of an invocation, for the same attempt or for another."""
    whole = planned.invocation
    cells = zip(planned.cell_ids, whole.cells, whole.order, strict=True)
    kept = [(cell_id, cell, index) for cell_id, cell, index in cells if cell_id in cell_ids]
    share = len(kept) / len(whole.cells)
    invocation = dataclasses.replace(
        whole,
        cells=tuple(cell for _, cell, _ in kept),
        order=tuple(index for _, _, index in kept),
        attempt=attempt or whole.attempt,
    )
    return dataclasses.replace(
        planned,
        invocation=invocation,
        cell_ids=tuple(cell_id for cell_id, _, _ in kept),
        expected_s=planned.expected_s * share,
        elsewhere_s=tuple(seconds * share for seconds in planned.elsewhere_s),
    )


def next_attempt(planned: PlannedInvocation, row: Row) -> PlannedInvocation | None:
    """Plan another attempt of the cell of a failed row, where its status asks for one and it has not had enough.

    A host that is lost costs the cell no try; a cell whose hosts are lost again and again waits for the next submit.
    """
    status, tries, losses = Status(row.status), planned.tries + 1, planned.losses + 1
    if status not in RETRIED:
        return None  # nearly every row, of an invocation that may have thousands of cells
    narrow = narrowed(planned, [row.cell_id], attempt=row.attempt + 1)
    again = dataclasses.replace(narrow, is_retry=True)
    if status == Status.LOST and losses < MAX_ATTEMPTS:
        return moved_elsewhere(dataclasses.replace(again, losses=losses))
    if status != Status.LOST and tries < MAX_ATTEMPTS:
        return dataclasses.replace(again, tries=tries)
    return None


def moved_elsewhere(planned: PlannedInvocation) -> PlannedInvocation:
    """Move an invocation off the host that was lost under it, or at least off the target, where the sweep allows it."""
    lost = planned.target
    others = [target for target in planned.alternatives if target.host.host_id != lost.host.host_id]
    others = others or list(planned.alternatives)
    if not others:
        return planned
    moved = planned_invocation.move(planned, others[0])
    pairs = [pair for pair in zip(moved.alternatives, moved.elsewhere_s, strict=True) if pair[0] in others]
    alternatives, elsewhere_s = tuple(target for target, _ in pairs), tuple(seconds for _, seconds in pairs)
    return dataclasses.replace(moved, alternatives=alternatives, elsewhere_s=elsewhere_s)
