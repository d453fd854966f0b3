"""Unmeasured: rows of units that no process answered for, because none could run them or it was lost.

Flow: `plan.Plan` and the runner's losses -> rows -> store, so that every planned unit has a status and a reason.
"""

from collections.abc import Collection

from featray.core import clock
from featray.core import invocation as invocations
from featray.core.cell import Cell
from featray.core.row import NO_TARGET, Row
from featray.core.status import Status
from featray.planning.inventory import Target
from featray.planning.plan import Plan, Planned


def row(planned: Planned, cell: Cell, status: Status, reason: str) -> Row:
    """Make the row of a cell whose process gave none."""
    now = clock.utc_now()
    host, gpu = planned.target.host, planned.target.gpu
    return invocations.record(
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
        gpu_name=gpu.name if gpu else None,
        gpu_uuid=gpu.uuid if gpu else None,
    )


def refusals(work: Plan, known: Collection[tuple[str, str]]) -> list[Row]:
    """Make the rows of the cells that cannot run, less those that the run already holds.

    Args:
        work: The plan.
        known: (cell_id, target_id) of refusals that are stored.
    """
    made: list[Row] = []
    for refusal in work.refusals:
        target_id = refusal.target.target_id if refusal.target else NO_TARGET
        if (refusal.cell_id, target_id) in known:
            continue
        made.append(_refused(work, refusal.cell, refusal.target, refusal.reason))
    return made


def _refused(work: Plan, cell: Cell, target: Target | None, reason: str) -> Row:
    now = clock.utc_now()
    invocation = invocations.Invocation(
        sweep=work.campaign.sweep,
        run_id=work.campaign.run_id,
        description=work.campaign.description,
        baseline=work.campaign.baseline,
        target_id=target.target_id if target else NO_TARGET,
        device=cell.device,
        invocation=1,
        attempt=0,  # never started: a row of this unit that was, should it once run, is another and counts
        block=1,
        order=(0,),
        cells=(cell,),
        rules=work.campaign.rules,
        exclusive=work.campaign.exclusive,
    )
    return invocations.record(
        invocation,
        cell,
        status=(Status.UNSUPPORTED if target else Status.INFEASIBLE).value,
        reason=reason,
        started_at=now,
        block=None,
        order_index=None,  # no process was ever started: the planner asks again next time
        hostname=target.host.hostname if target else None,
        host_id=target.host.host_id if target else None,
        gpu_name=target.gpu.name if target and target.gpu else None,
        gpu_uuid=target.gpu.uuid if target and target.gpu else None,
    )
