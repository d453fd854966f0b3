"""Joint row: the rows of several processes side by side as one row.

Flow: `joint_run` -> `join` -> the row that is stored. Pure.

A process gives so many calls per second; several give the sum. `timed_s` of the joint row is the seconds per call of
all together: with two processes that take 2 s per call each, 1 s. So throughput, and the ratio to one process alone,
follow from it as from any row. Each process's own times are in `process_timed_s`.

On all GPUs of a host at the same time, each GPU has its own processes. The row then holds what docs/processes.md says:
power and energy are sums, memory is that of the fullest GPU.

A process times its repeats at its own pace, and goes on calling until the others have timed theirs. The repeats of one
number, begun together, are added up; those that a faster process has beyond the slowest one's number are its own alone.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import Any, TypeVar

from featray.core import gpus
from featray.core.row import Row
from featray.core.status import Status
from featray.measurement import protocol
from featray.measurement.cell_run import TimeSpan

Number = TypeVar("Number", int, float)

TOGETHER_MIN = 0.95
"""Share of a process's timed seconds in which each other one was in a call too. Where a process is alone for longer, it
may be up to twice as fast meanwhile: 5% of that is as much as the 3% that a verdict calls a difference allow for."""


@dataclasses.dataclass(frozen=True)
class MeasuredMember:
    """What one of the processes measured, and when it was in a call."""

    row: Row
    timed_spans: Sequence[TimeSpan] = ()
    other_spans: Sequence[TimeSpan] = ()  # of calls that were not timed, while other processes were


def join(members: Sequence[MeasuredMember], *, pinned_cpus: str | None, mps_daemon: bool, spread_max: float) -> Row:
    """Make one row of what all processes measured.

    The output of another process stands in the row of each invocation, so that those of all are compared.

    Args:
        members: Each with a row of status ok, of one cell and invocation.
        pinned_cpus: Processors of each process, for people; None: they were not pinned.
        mps_daemon: They shared a GPU through NVIDIA's MPS.
        spread_max: Most that repeats may scatter, as in the measuring rules.

    Returns:
        Of status ok; wrong_work where the processes computed different things.
    """
    rows = [member.row for member in members]
    first, shown = rows[0], rows[(rows[0].invocation - 1) % len(rows)]
    groups = _by_gpu(rows)
    if fault := _difference(rows):
        return dataclasses.replace(first, status=Status.WRONG_WORK.value, reason=fault, **NO_FIGURES)
    timed_s = add_rates([row.timed_s or [] for row in rows])
    return dataclasses.replace(
        shown,
        process=first.process,
        started_at=min(row.started_at for row in rows),
        ended_at=max((row.ended_at for row in rows if row.ended_at), default=None),
        reason=_reasons(rows),
        pinned_cpus=pinned_cpus,
        mps_daemon=mps_daemon if first.gpu_uuid and len(rows) > len(groups) else None,
        timed_s=timed_s,
        warmup_s=add_rates([row.warmup_s or [] for row in rows]),
        process_timed_s={str(number): row.timed_s or [] for number, row in enumerate(rows, start=1)},
        face_s=median(timed_s) / shown.faces if shown.face_s is not None and shown.faces else None,
        unmet_rules=_unmet(members, timed_s, spread_max),
        **_start(rows),
        **_after_timing(rows),
        **_resources(groups),
        **(_several_gpus(groups) if first.gpus else {}),
        **_machine(groups, pinned=pinned_cpus is not None, mps_daemon=mps_daemon),
        energy_j=_energy_j(groups, timed_s, shown, lambda row: row.energy_j),
        cpu_energy_j=_energy_j([rows], timed_s, shown, lambda row: row.cpu_energy_j),
        idle_power_w=_sum(_of_known(min, (row.idle_power_w for row in own)) for own in groups),  # others may load
        cpu_idle_power_w=_of_known(min, (row.cpu_idle_power_w for row in rows)),
    )


def _by_gpu(rows: Sequence[Row]) -> list[list[Row]]:
    """Group rows by their GPU, in order; all of one target are one group."""
    groups: dict[str | None, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.gpu_uuid if row.gpus else None, []).append(row)
    return list(groups.values())


NO_FIGURES: dict[str, Any] = dict.fromkeys(
    ("timed_s", "warmup_s", "sustained_hz", "stages_s", "energy_j", "cpu_energy_j", "face_s")
)


def add_rates(seconds: Sequence[Sequence[float]]) -> list[float]:
    """Give the seconds per call of all processes together, repeat by repeat.

    Args:
        seconds: Of each process, the seconds per call of each repeat.
    """
    return [1 / sum(1 / time_s for time_s in times) for times in zip(*seconds, strict=False) if min(times) > 0]


def _difference(rows: Sequence[Row]) -> str | None:
    """Say which process computed something else than the first."""
    for number, row in enumerate(rows[1:], start=2):
        if row.work_id != rows[0].work_id:
            work, other = rows[0].work or {}, row.work or {}
            keys = sorted(key for key in {*work, *other} if work.get(key) != other.get(key))
            return f"process {number} of {len(rows)} computed other work than process 1: {', '.join(keys)}"
    return None


def _reasons(rows: Sequence[Row]) -> str | None:
    told = [f"process {number}: {row.reason}" for number, row in enumerate(rows, start=1) if row.reason]
    return "; ".join(told) or None


def _unmet(members: Sequence[MeasuredMember], timed_s: Sequence[float], spread_max: float) -> list[str]:
    """List the rules that any process does not meet; the scatter counts of all together."""
    rules = list(dict.fromkeys(rule for member in members for rule in member.row.unmet_rules or ()))
    scatter = protocol.spread(timed_s)
    if protocol.SPREAD in rules and scatter is not None and scatter < spread_max:
        rules.remove(protocol.SPREAD)
    runs = [member.row.sustained_hz for member in members]
    if any(runs) and not all(runs) and protocol.SUSTAINED not in rules:
        rules.append(protocol.SUSTAINED)
    share = share_together(members)
    return [*rules, *([protocol.TOGETHER] if share is not None and share < TOGETHER_MIN else [])]


def share_together(members: Sequence[MeasuredMember]) -> float | None:
    """Give the least share of a process's timed seconds in which another one was in a call; None if unknown."""
    if not all(member.timed_spans for member in members):
        return None
    pairs = [(member, other) for member in members for other in members if other is not member]
    return min((_overlap(member, other) for member, other in pairs), default=None)


def _overlap(member: MeasuredMember, other: MeasuredMember) -> float:
    at_work = [*other.timed_spans, *other.other_spans]
    both_s = sum(
        max(0.0, min(end, to) - max(start, since)) for start, end in member.timed_spans for since, to in at_work
    )
    return both_s / sum(end - start for start, end in member.timed_spans)


def _start(rows: Sequence[Row]) -> dict[str, Any]:
    """Give the times of the slowest start: they start together."""
    return {name: _largest(getattr(row, name) for row in rows) for name in ("import_s", "load_s", "first_call_s")}


def _after_timing(rows: Sequence[Row]) -> dict[str, Any]:
    """Give the stages of the median process, and the rate of the sustained runs of all."""
    profiles = [row.stages_s for row in rows if row.stages_s]
    names = dict.fromkeys(name for profile in profiles for name in profile)
    ratios = [row.profiled_ratio for row in rows if row.profiled_ratio is not None]
    runs = [row.sustained_hz for row in rows if row.sustained_hz]
    return {
        "stages_s": {name: median(profile.get(name) or 0.0 for profile in profiles) for name in names} or None,
        "profiled_ratio": median(ratios) if ratios else None,
        "sustained_hz": [sum(window) for window in zip(*runs, strict=False)] if len(runs) == len(rows) else None,
    }


def _resources(groups: Sequence[Sequence[Row]]) -> dict[str, Any]:
    """Add up what each process has for itself; of what all processes of a GPU read, take the middle or the peak.

    Args:
        groups: The rows of each GPU; of any other target all rows.
    """
    rows = [row for own in groups for row in own]
    reasons = [row.throttle_reasons for row in rows if row.throttle_reasons is not None]
    return {
        "rss_peak_b": _sum(row.rss_peak_b for row in rows),
        "gpu_memory_allocated_peak_b": _fullest(groups, lambda row: row.gpu_memory_allocated_peak_b),
        "gpu_memory_reserved_peak_b": _fullest(groups, lambda row: row.gpu_memory_reserved_peak_b),
        "gpu_memory_used_peak_b": _largest(row.gpu_memory_used_peak_b for row in rows),
        "gpu_utilization_median": _of_known(fmean, _middles(groups, lambda row: row.gpu_utilization_median)),
        "power_median_w": _sum(_middles(groups, lambda row: row.power_median_w)),
        **_slowest_clock(groups),
        "temperature_max_c": _largest(row.temperature_max_c for row in rows),
        "throttle_reasons": sorted({reason for each in reasons for reason in each}) if reasons else None,
        "throttled": any(row.throttled for row in rows) if any(row.throttled is not None for row in rows) else None,
    }


def _fullest(groups: Sequence[Sequence[Row]], read: Callable[[Row], int | None]) -> int | None:
    """Give the sum over the processes of the GPU that has most: it is what a GPU must hold."""
    sums = [_sum(read(row) for row in own) for own in groups]
    return None if None in sums else max(size for size in sums if size is not None)


def _middles(groups: Sequence[Sequence[Row]], read: Callable[[Row], float | None]) -> list[float | None]:
    return [_of_known(median, (read(row) for row in own)) for own in groups]


def _slowest_clock(groups: Sequence[Sequence[Row]]) -> dict[str, Any]:
    """Give the clock, and the highest and the application clock, of the GPU that ran furthest below its highest."""

    def clocks(own: Sequence[Row]) -> dict[str, float | None]:
        clock_hz = _of_known(median, (row.sm_clock_median_hz for row in own))
        return {
            "sm_clock_median_hz": clock_hz,
            "sm_clock_max_hz": own[0].sm_clock_max_hz,
            "sm_clock_application_hz": own[0].sm_clock_application_hz,
        }

    def share(read: Mapping[str, float | None]) -> float:
        clock_hz, max_hz = read["sm_clock_median_hz"], read["sm_clock_max_hz"]
        return clock_hz / max_hz if clock_hz is not None and max_hz else math.inf

    return min(map(clocks, groups), key=share)


def _several_gpus(groups: Sequence[Sequence[Row]]) -> dict[str, Any]:
    """Give what identifies several GPUs, and how they are set: what is not the same on all of them is left out."""
    firsts = [own[0] for own in groups]
    names = {row.gpu_uuid or "": row.gpu_name or "" for row in firsts}
    alike = ("compute_capability", "gpu_persistence", "gpu_ecc", "gpu_mig")
    return {
        "gpus": names,
        "gpu_name": gpus.joined_name(names.values()),
        "gpu_uuid": None,
        "gpus_memory_reserved_peak_b": _of_each(
            groups, lambda own: _sum(row.gpu_memory_reserved_peak_b for row in own)
        ),
        "gpus_memory_used_peak_b": _of_each(groups, lambda own: _largest(row.gpu_memory_used_peak_b for row in own)),
        "gpu_memory_b": _of_known(min, (row.gpu_memory_b for row in firsts)),
        "power_limit_w": _sum(row.power_limit_w for row in firsts),
        "pcie_generation": _of_known(min, (row.pcie_generation for row in firsts)),
        "pcie_width": _of_known(min, (row.pcie_width for row in firsts)),
        **{name: _shared_value(getattr(row, name) for row in firsts) for name in alike},
    }


def _of_each(groups: Sequence[Sequence[Row]], read: Callable[[Sequence[Row]], int | None]) -> dict[str, int] | None:
    """Map the UUID of each GPU to a figure of its processes; None if one is unknown."""
    found = {own[0].gpu_uuid or "": read(own) for own in groups}
    known = {uuid: value for uuid, value in found.items() if value is not None}
    return known if len(known) == len(found) else None


def _shared_value(values: Iterable[Any]) -> Any:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None


def _machine(groups: Sequence[Sequence[Row]], *, pinned: bool, mps_daemon: bool) -> dict[str, Any]:
    """Give what the machine did besides all of these processes."""
    rows = [row for own in groups for row in own]
    foreign = [_foreign(own, mps_daemon=mps_daemon) for own in groups]
    return {
        "cpu_affinity": _sum(row.cpu_affinity for row in rows) if pinned else rows[0].cpu_affinity,
        "cpu_utilization": _of_known(fmean, (row.cpu_utilization for row in rows)),
        "cpu_other": _cpu_other(rows),
        "steal_share": _of_known(fmean, (row.steal_share for row in rows)),
        "load_1m": min((row.load_1m for row in rows if row.load_1m is not None), default=None),
        "foreign_gpu_processes": _sum(foreign),
    }


def _foreign(own: Sequence[Row], *, mps_daemon: bool) -> int | None:
    """Count the other processes on one GPU: its own ones see each other, and MPS has one there."""
    most = _largest(row.foreign_gpu_processes for row in own)
    return None if most is None else max(0, most - (len(own) - 1 + mps_daemon))


def _cpu_other(rows: Sequence[Row]) -> float | None:
    """Give the share of the processors that neither of the processes took: each row counts the other processes too."""
    if any(row.cpu_utilization is None or row.cpu_other is None for row in rows):
        return None
    busy = [(row.cpu_utilization or 0.0) - (row.steal_share or 0.0) for row in rows]
    own = [share - (row.cpu_other or 0.0) for row, share in zip(rows, busy, strict=True)]
    return min(1.0, max(0.0, fmean(busy) - sum(own)))


def _energy_j(
    groups: Sequence[Sequence[Row]], timed_s: Sequence[float], shown: Row, read: Callable[[Row], float | None]
) -> float | None:
    """Give the energy of as many calls as `timed_s` stands for.

    Each row has the energy of its whole GPU, or of all processors, during its own calls, and so their power. That power
    is needed for as long as all processes together need for these calls.

    Args:
        groups: Rows that read the same counter; the powers of several counters add up.
        timed_s: Seconds per call of all together.
        shown: Row whose `calls_per_repeat` the joint row has.
        read: Gives the energy of a row.
    """
    powers = [[_power_w(row, read(row)) for row in own] for own in groups]
    power_w = _sum(None if None in own else fmean(each for each in own if each is not None) for own in powers)
    return None if power_w is None else power_w * sum(timed_s) * (shown.calls_per_repeat or 1)


def _power_w(row: Row, energy_j: float | None) -> float | None:
    lasted_s = sum(row.timed_s or ()) * (row.calls_per_repeat or 1)
    return energy_j / lasted_s if energy_j is not None and lasted_s else None


def _of_known(reduce: Callable[[list[float]], float], values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return reduce(known) if known else None


def _largest(values: Iterable[Any]) -> Any:
    return max((value for value in values if value is not None), default=None)


def _sum(values: Iterable[Number | None]) -> Number | None:
    """Add up; None if one is unknown."""
    total, *others = values
    for value in others:
        total = None if total is None or value is None else total + value
    return total
