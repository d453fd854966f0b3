"""Shared fleet: interchangeable cells on many hosts: which host measures what, so that the last one ends early.

Flow: the plan of one host of each kind, all hosts -> `share_out` -> `HostFigures` -> `running.fleet_planning`. Pure.

An invocation's cells are divided over as many hosts as there are for it. The longest part goes first, each to the host
that would end it first, among those that can run it. A submit decides the same anew whenever a host is free.
"""

import collections
import dataclasses
from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np

from featray.planning.fleet_plan import HostFigures
from featray.planning.placement import Placement
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation
from featray.planning.time_estimate import LOAD_S


@dataclasses.dataclass(frozen=True)
class _Part:
    """Some cells of one invocation, in one process."""

    cell_ids: tuple[str, ...]
    seconds: Mapping[Hashable, float]  # kind of host that can run it -> its time there

    @property
    def shortest_s(self) -> float:
        return min(self.seconds.values())


def share_out(work: Plan, placed: Placement, kinds: Mapping[str, Hashable], slack: float) -> dict[str, HostFigures]:
    """Share the invocations of a plan out over hosts.

    Args:
        work: Its invocations may run on hosts that stand for their kinds.
        placed: What it was made of.
        kinds: Id of each host, those that stand for others included -> its kind.
        slack: Times as long as it takes if every unit needs as many invocations as the sweep allows.

    Returns:
        Id of a host that measures, or has measured, something -> what it does.
    """
    hosts, busy_s = list(kinds), np.zeros(len(kinds))
    columns = {kind: np.array([kinds[host] == kind for host in hosts]) for kind in dict.fromkeys(kinds.values())}
    given: dict[str, list[_Part]] = collections.defaultdict(list)
    for part in sorted(_parts(work, kinds), key=lambda part: -part.shortest_s):
        ends_s = np.full(len(hosts), np.inf)
        for kind, seconds in part.seconds.items():
            ends_s[columns[kind]] = busy_s[columns[kind]] + seconds
        first = int(ends_s.argmin())
        busy_s[first] = ends_s[first]
        given[hosts[first]].append(part)
    done = _done(work, placed)
    return {
        host: HostFigures(
            units=len({cell_id for part in given[host] for cell_id in part.cell_ids} | done[host].keys()),
            done=sum(done[host].values()),
            left=sum(len(part.cell_ids) for part in given[host]),
            invocations=len(given[host]),
            time_s=float(time_s),
            time_max_s=float(time_s) * slack,
        )
        for host, time_s in zip(hosts, busy_s, strict=True)
        if given[host] or done[host]
    }


def _parts(work: Plan, kinds: Mapping[str, Hashable]) -> Iterator[_Part]:
    """Divide each invocation over the hosts that can run it, as far as there are more of these than invocations."""
    counts = collections.Counter(kinds.values())
    groups = max(1, sum(planned.invocation.block == 1 for planned in work.invocations))
    for planned in work.invocations:
        seconds: dict[Hashable, float] = {}
        for target, expected_s in planned.everywhere():
            kind = kinds[target.host.host_id]
            seconds[kind] = min(expected_s, seconds.get(kind, expected_s))
        hosts = sum(counts[kind] for kind in seconds)
        count = min(len(planned.cell_ids), -(-hosts // groups))
        yield from (_part(planned, planned.cell_ids[number::count], seconds) for number in range(count))


def _part(planned: PlannedInvocation, cell_ids: Sequence[str], seconds: Mapping[Hashable, float]) -> _Part:
    share = len(cell_ids) / len(planned.cell_ids)
    return _Part(tuple(cell_ids), {kind: LOAD_S + (whole_s - LOAD_S) * share for kind, whole_s in seconds.items()})


def _done(work: Plan, placed: Placement) -> Mapping[str, dict[str, int]]:
    """Count the measurements that the store has, by host and cell."""
    hosts = {target.target_id: target.host.host_id for unit in placed.units for target in unit.targets}
    found: dict[str, dict[str, int]] = collections.defaultdict(dict)
    for (cell_id, target_id), (done, _) in work.progress.items():
        if done:
            found[hosts[target_id]][cell_id] = done
    return found
