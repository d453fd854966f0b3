"""Wall time: which target each planned invocation should run on, and when the last one of each lease ends. Pure.

Flow: planned invocations -> `expect` -> `plan.Plan.expected_s`, `shared_fleet`.
Leases run side by side, each one invocation at a time. While all GPUs of a host work at the same time, nothing else
runs there. Interchangeable work goes where `schedule` would send it when the sweep starts: the most urgent first, each
to the target that would end it first.
"""

import collections
import dataclasses
from collections.abc import Mapping, Sequence

from featray.core.choices import Exclusive
from featray.planning.planned_invocation import PlannedInvocation


@dataclasses.dataclass(frozen=True)
class WallTime:
    """What is expected of a plan, in seconds from its start."""

    ends_s: Mapping[str, float]  # lease -> when its last invocation ends
    shared: Mapping[str, Sequence[PlannedInvocation]]  # target id -> the interchangeable invocations that it gets

    @property
    def end_s(self) -> float:
        """Give the seconds until the last invocation ends; 0 where there is none."""
        return max(self.ends_s.values(), default=0.0)


def expect(invocations: Sequence[PlannedInvocation], exclusive: Exclusive) -> WallTime:
    """Expect where invocations run, and when they end."""
    busy_s = _busy_s([planned for planned in invocations if not planned.alternatives], exclusive)
    shared = [planned for planned in invocations if planned.alternatives]
    return _share_out(shared, busy_s, exclusive) if shared else WallTime(busy_s, {})


def _busy_s(fixed: Sequence[PlannedInvocation], exclusive: Exclusive) -> dict[str, float]:
    """Add up the seconds of each lease; what all GPUs of a host do at the same time counts for each of its leases."""
    alone: dict[str, float] = collections.defaultdict(float)
    leases: dict[str, dict[str, float]] = collections.defaultdict(dict)
    for planned in fixed:
        target, host = planned.target, planned.target.host.host_id
        lease = target.lease(exclusive)
        own_s = 0.0 if target.is_whole else planned.expected_s
        alone[host] += planned.expected_s if target.is_whole else 0.0
        leases[host][lease] = leases[host].get(lease, 0.0) + own_s
    return {lease: own_s + alone[host] for host, of_host in leases.items() for lease, own_s in of_host.items()}


def _share_out(shared: Sequence[PlannedInvocation], busy_s: Mapping[str, float], exclusive: Exclusive) -> WallTime:
    from featray.planning.assignment import Assigner  # imports numpy, which work that is bound to targets does not need
    from featray.planning.waiting import OwnTargets, PlacesFinder, Waiting, urgency

    finder, own_targets, leases = PlacesFinder(), OwnTargets(), dict[str, str]()
    waiting: list[Waiting] = []
    for planned in shared:
        places, are_new = finder.find(planned)
        targets = (planned.target, *planned.alternatives) if are_new else ()
        leases |= {target.target_id: target.lease(exclusive) for target in targets if target.target_id not in leases}
        if planned.was_measured_here:
            own_targets.keep(planned)
        waiting.append(Waiting(planned, places))
    ends_s = {lease: busy_s.get(lease, 0.0) for lease in leases.values()}
    queues, _ = Assigner(leases).assign(sorted(waiting, key=urgency), ends_s, own_targets.find)
    given: dict[str, list[PlannedInvocation]] = collections.defaultdict(list)
    for lease, queue in queues.items():
        for one, target_id in queue:
            given[target_id].append(one.planned)
            ends_s[lease] += one.places.seconds[target_id]
    return WallTime({**busy_s, **ends_s}, given)
