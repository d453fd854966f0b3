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
from featray.planning.known_times import KnownTimes
from featray.planning.placement import Placement
from featray.planning.plan import Plan
from featray.planning.planned_invocation import PlannedInvocation


@dataclasses.dataclass(frozen=True)
class _Part:
    """Some cells of one invocation, in one process."""

    cell_ids: tuple[str, ...]
    seconds: Mapping[Hashable, float]  # kind of host that can run it -> its time there

    @property
    def shortest_s(self) -> float:
        return min(self.seconds.values())


def share_out(
    work: Plan, placed: Placement, kinds: Mapping[str, Hashable], slack: float, known: KnownTimes
) -> dict[str, HostFigures]:
    """Share the invocations of a plan out over hosts.

    Args:
        work: Its invocations may run on hosts that stand for their kinds.
        placed: What it was made of.
        kinds: Id of each host, those that stand for others included -> its kind.
        slack: Times as long as it takes if every unit needs as many invocations as the sweep allows.
        known: What earlier rows tell of times.

    Returns:
        Id of a host that measures, or has measured, something -> what it does.
    """
    hosts, busy_s = list(kinds), np.zeros(len(kinds))
    rows = {kind: row for row, kind in enumerate(dict.fromkeys(kinds.values()))}
    row_of_host = np.array([rows[kind] for kind in kinds.values()])
    given: dict[str, list[_Part]] = collections.defaultdict(list)
    for part in sorted(_parts(work, kinds, known), key=lambda part: -part.shortest_s):
        seconds = np.full(len(rows), np.inf)
        seconds[[rows[kind] for kind in part.seconds]] = list(part.seconds.values())
        ends_s = busy_s + seconds[row_of_host]
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


def _parts(work: Plan, kinds: Mapping[str, Hashable], known: KnownTimes) -> Iterator[_Part]:
    """Divide each invocation over the hosts that can run it, as far as there are more of these than invocations."""
    counts = collections.Counter(kinds.values())
    groups = max(1, sum(planned.invocation.block == 1 for planned in work.invocations))
    for planned in work.invocations:
        hosts = sum(counts[kind] for kind in {kinds[target.host.host_id] for target, _ in planned.everywhere()})
        count = min(len(planned.cell_ids), -(-hosts // groups))
        yield from (_part(planned, planned.cell_ids[number::count], kinds, known) for number in range(count))


def _part(
    planned: PlannedInvocation, cell_ids: Sequence[str], kinds: Mapping[str, Hashable], known: KnownTimes
) -> _Part:
    share, seconds = len(cell_ids) / len(planned.cell_ids), dict[Hashable, float]()
    for target, whole_s in planned.everywhere():
        kind, start_s = kinds[target.host.host_id], known.start_s(planned.invocation.cells[0], target.target_id)
        expected_s = start_s + (whole_s - start_s) * share
        seconds[kind] = min(expected_s, seconds.get(kind, expected_s))
    return _Part(tuple(cell_ids), seconds)


def _done(work: Plan, placed: Placement) -> Mapping[str, dict[str, int]]:
    """Count the measurements that the store has, by host and cell."""
    hosts = {target.target_id: target.host.host_id for unit in placed.units for target in unit.targets}
    found: dict[str, dict[str, int]] = collections.defaultdict(dict)
    for (cell_id, target_id), (done, _) in work.progress.items():
        if done:
            found[hosts[target_id]][cell_id] = done
    return found
