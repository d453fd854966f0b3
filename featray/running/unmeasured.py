"""Unmeasured: the rows of units that no process measured, because none could run them or the process was lost.

Flow: refusals of `plan.Plan`, losses of the runner -> rows -> store, so that every planned unit has a status and a
reason.
"""

from collections.abc import Collection

from featray.core import clock
from featray.core.cell import Cell
from featray.core.invocation import Invocation, record
from featray.core.row import NO_TARGET, Row
from featray.core.status import Status
from featray.planning.inventory import Target
from featray.planning.obstacle import ObstacleCause
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation


def make_row(planned: PlannedInvocation, cell: Cell, status: Status, reason: str) -> Row:
    """Make the row of a cell whose process sent none."""
    now = clock.utc_now()
    host = planned.target.host
    return record(
        planned.invocation,
        cell,
        status=status.value,
        reason=reason,
        started_at=now,
        ended_at=now,
        hostname=host.hostname,
        host_id=host.host_id,
        os=host.os,
        arch=host.arch,
        gpu_name=planned.target.gpu_name,
        gpu_uuid=planned.target.gpu_uuid,
    )


def make_refusals(work: Plan, stored: Collection[tuple[str, str]]) -> list[Row]:
    """Make the rows of the cells that cannot run, without those that the run already has.

    A host with one GPU has no unit of all GPUs at the same time: it lacks nothing if another host runs the cell.

    Args:
        work: The plan.
        stored: (cell_id, target_id) of the stored refusals.
    """
    rows: list[Row] = []
    placed = {cell_id for cell_id, _ in work.progress}
    for refusal in work.refusals:
        if refusal.cause is ObstacleCause.ONE_GPU and refusal.cell_id in placed:
            continue
        target_id = refusal.target.target_id if refusal.target else NO_TARGET
        if (refusal.cell_id, target_id) not in stored:
            rows.append(_make_refusal(work, refusal.cell, refusal.target, refusal.reason))
    return rows


def _make_refusal(work: Plan, cell: Cell, target: Target | None, reason: str) -> Row:
    invocation = Invocation(
        sweep=work.run.sweep,
        run_id=work.run.run_id,
        description=work.run.description,
        baseline=work.run.baseline,
        reference=work.run.reference,
        search_limits=work.run.search_limits,
        target_id=target.target_id if target else NO_TARGET,
        device=cell.device,
        gpus=target.names_by_uuid if target else {},
        invocation=1,
        attempt=0,  # never started: if the unit runs later, its first row has attempt 1 and counts instead
        block=1,
        order=(0,),
        cells=(cell,),
        rules=work.run.rules,
        exclusive=work.run.exclusive,
    )
    return record(
        invocation,
        cell,
        status=(Status.UNSUPPORTED if target else Status.INFEASIBLE).value,
        reason=reason,
        started_at=clock.utc_now(),
        block=None,
        order_index=None,  # no process was started: the next submit plans the cell again
        hostname=target.host.hostname if target else None,
        host_id=target.host.host_id if target else None,
        gpu_name=target.gpu_name if target else None,
        gpu_uuid=target.gpu_uuid if target else None,
    )
