"""Shared fleet: interchangeable cells on many hosts: which host measures what, and when it ends.

Flow: the plan of all hosts -> `share_out` -> `HostFigures` -> `running.fleet_planning`. Pure.

A host gets what `wall_time` expects it to get: `featray plan` tells the same time. A submit decides anew whenever a
host is free.
"""

import collections
from collections.abc import Mapping

from featray.planning.fleet_plan import HostFigures
from featray.planning.placement import Placement
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation


def share_out(work: Plan, placed: Placement) -> dict[str, HostFigures]:
    """Give the figures of each host that measures, or has measured, something, by its id."""
    targets = placed.targets
    given: dict[str, list[PlannedInvocation]] = collections.defaultdict(list)
    for planned in work.invocations:
        if not planned.alternatives:
            given[planned.target.host.host_id].append(planned)
    for target_id, invocations in work.expected.shared.items():
        given[targets[target_id].host.host_id] += invocations
    ends_s: dict[str, float] = collections.defaultdict(float)
    for target in targets.values():
        host, end_s = target.host.host_id, work.expected.ends_s.get(target.lease(work.run.exclusive), 0.0)
        ends_s[host] = max(ends_s[host], end_s)
    slack = work.expected_max_s / work.expected_s if work.invocations else 1.0
    done = _done(work, targets={target_id: target.host.host_id for target_id, target in targets.items()})
    return {
        host: HostFigures(
            units=len({cell_id for planned in given[host] for cell_id in planned.cell_ids} | done[host].keys()),
            done=sum(done[host].values()),
            left=sum(len(planned.cell_ids) for planned in given[host]),
            invocations=len(given[host]),
            time_s=end_s,
            time_max_s=end_s * slack,
        )
        for host, end_s in ends_s.items()
        if given[host] or done[host]
    }


def _done(work: Plan, targets: Mapping[str, str]) -> Mapping[str, dict[str, int]]:
    """Count the measurements that the store has, by host and cell.

    Args:
        work: The plan.
        targets: Target id -> host id.
    """
    found: dict[str, dict[str, int]] = collections.defaultdict(dict)
    for (cell_id, target_id), (done, _) in work.progress.items():
        if done:
            found[targets[target_id]][cell_id] = done
    return found
