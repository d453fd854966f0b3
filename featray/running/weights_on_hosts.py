"""Weights on hosts: pretrained weights are downloaded where a plan needs them, before anything is measured.

Flow: `SubmitPlan` -> `fetch` -> `Backend.fetch` -> the same plan, or one without the hosts that cannot have them.
"""

import dataclasses
from collections.abc import Iterator

from featray import errors
from featray.backends import Backend
from featray.core.cell import Cell
from featray.core.choices import WeightsKind
from featray.measurement import weights
from featray.planning import placement
from featray.planning.inventory import Target
from featray.planning.obstacle import Obstacle, ObstacleCause
from featray.planning.plan import Plan
from featray.running import preparation
from featray.running.preparation import SubmitPlan, SubmitRequest


def fetch(request: SubmitRequest, prepared: SubmitPlan, backend: Backend) -> SubmitPlan:
    """Fetch weights on every host that the plan may use; a host that cannot have them measures only other cells.

    Raises:
        NotReady: no host is left for any cell; the message names files, repositories and hosts.
    """
    needs = _needed(prepared.plan)
    missing = backend.fetch(needs) if needs else {}
    if not missing:
        return prepared

    def find_obstacle(cell: Cell, target: Target) -> Obstacle | None:
        reasons = missing.get(target.host.host_id) if _needs_download(cell) else None
        if not reasons:
            return None
        return Obstacle(
            cause=ObstacleCause.WEIGHTS_MISSING, reason=f"weights are missing: {reasons[0].splitlines()[0]}"
        )

    usable = placement.exclude(prepared.placement, find_obstacle)
    remaining = preparation.plan_run(request, usable, prepared.plan.run.run_id)
    if not remaining.plan.invocations:
        hostnames = {target.host.host_id: target.host.hostname for target in _targets(prepared.plan)}
        lines = [f"{hostnames[host]}: {reason}" for host in sorted(missing) for reason in missing[host]]
        raise errors.NotReady("weights are missing, and nothing was measured:\n  " + "\n  ".join(lines))
    return dataclasses.replace(remaining, problems=prepared.problems)


def list_synthetic(work: Plan) -> set[weights.HubFile]:
    """List the synthetic files that a plan needs, without those of environments, which have a py-feat of their own."""
    cells = (cell for planned in work.invocations for cell in planned.invocation.cells)
    detectors = {
        id(cell.detector): cell.detector
        for cell in cells
        if cell.weights == WeightsKind.SYNTHETIC and cell.detector.is_pyfeat and not cell.requirements
    }
    return {file for detector in detectors.values() for file in weights.list_required(detector)}


def _needs_download(cell: Cell) -> bool:
    return cell.weights == WeightsKind.PRETRAINED and cell.detector.is_pyfeat


def _targets(work: Plan) -> Iterator[Target]:
    for planned in work.invocations:
        yield from (planned.target, *planned.alternatives)


def _needed(work: Plan) -> dict[str, set[weights.HubFile]]:
    """List the hub files that each host will load, by host id."""
    needs: dict[str, set[weights.HubFile]] = {}
    for planned in work.invocations:
        hosts = {target.host.host_id for target in (planned.target, *planned.alternatives)}
        for cell in filter(_needs_download, planned.invocation.cells):
            for host in hosts:
                needs.setdefault(host, set()).update(weights.list_required(cell.detector))
    return needs
