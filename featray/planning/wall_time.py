"""Wall time: how long a plan should take from its start to its last row. Pure.

Flow: planned invocations -> `expect_s` -> `plan.Plan.expected_s`.
Leases run side by side, each one invocation at a time. While all GPUs of a host work at the same time, nothing else
runs there. Interchangeable work goes wherever it ends early: as many whole invocations of mean length as fit on each
lease, so that they are as many as there are.
"""

import collections
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from featray.core.choices import Exclusive
from featray.planning.planned_invocation import PlannedInvocation

if TYPE_CHECKING:
    import numpy as np

BISECTIONS = 50  # halvings of the bracket


def expect_s(invocations: Sequence[PlannedInvocation], exclusive: Exclusive) -> float:
    """Expect the seconds until the last invocation ends."""
    busy_s = _busy_s([planned for planned in invocations if not planned.alternatives], exclusive)
    shared = [planned for planned in invocations if planned.alternatives]
    return _shared_end_s(shared, busy_s, exclusive) if shared else max(busy_s.values(), default=0.0)


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


def _shared_end_s(shared: Sequence[PlannedInvocation], busy_s: Mapping[str, float], exclusive: Exclusive) -> float:
    import numpy as np

    positions: dict[str, int] = {}  # of each lease
    orders: dict[Hashable, Any] = {}  # targets in an order -> the positions of their leases
    groups: dict[Hashable, tuple[PlannedInvocation, int]] = {}  # invocations that take the same everywhere
    for planned in shared:
        key = (planned.target.target_id, id(planned.alternatives), id(planned.elsewhere_s), planned.expected_s)
        groups[key] = (planned, groups.get(key, (planned, 0))[1] + 1)
    found = []
    for planned, count in groups.values():
        targets = (planned.target, *planned.alternatives)
        order = tuple(map(id, targets))
        if order not in orders:
            names = (target.lease(exclusive) for target in targets)
            orders[order] = np.array([positions.setdefault(name, len(positions)) for name in names])
        found.append((orders[order], np.array((planned.expected_s, *planned.elsewhere_s)), count))
    mean_s, least_s = _mean_s(found, len(positions))
    begun_s = np.array([busy_s.get(lease, 0.0) for lease in positions])
    return max(_end_s(begun_s, mean_s, len(shared)), least_s, max(busy_s.values(), default=0.0))


def _mean_s(found: Sequence[tuple[Any, Any, int]], leases: int) -> tuple["np.ndarray[Any, Any]", float]:
    """Give the mean seconds of an invocation on each lease, infinite where none can run, and the longest of all.

    Args:
        found: Positions of leases, seconds there, and how many invocations take that.
        leases: How many there are.
    """
    import numpy as np

    sums, counts, longest_s = np.zeros(leases), np.zeros(leases), 0.0
    for at, seconds, count in found:
        shortest = np.full(leases, np.inf)
        np.minimum.at(shortest, at, seconds)
        can = np.isfinite(shortest)
        sums[can] += count * shortest[can]
        counts[can] += count
        longest_s = max(longest_s, float(seconds.min()))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, sums / counts, np.inf), longest_s


def _end_s(begun_s: Any, mean_s: Any, count: int) -> float:
    """Find the least time until which so many invocations of mean length fit on all leases together."""
    import numpy as np

    low_s, high_s = 0.0, float((begun_s + count * mean_s).min())
    for _ in range(BISECTIONS):
        middle_s = (low_s + high_s) / 2
        fitting = np.floor(np.maximum(0.0, middle_s - begun_s) / mean_s).sum()
        low_s, high_s = (low_s, middle_s) if fitting >= count else (middle_s, high_s)
    return high_s
