"""Joint row: the rows of several processes side by side as one row.

Flow: `joint_run` -> `join` -> the row that is stored. Pure.

A process gives so many calls per second; several give the sum. `timed_s` of the joint row is the seconds per call of
all together: with two processes that take 2 s per call each, 1 s. So throughput, and the ratio to one process alone,
follow from it as from any row. Each process's own times are in `process_timed_s`.

A process times its repeats at its own pace, and goes on calling until the others have timed theirs. The repeats of one
number, begun together, are added up; those that a faster process has beyond the slowest one's number are its own alone.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean, median
from typing import Any

from featray.core.row import Row
from featray.core.status import Status
from featray.measurement import protocol
from featray.measurement.cell_run import TimeSpan

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
        mps_daemon=mps_daemon if first.gpu_uuid else None,
        timed_s=timed_s,
        warmup_s=add_rates([row.warmup_s or [] for row in rows]),
        process_timed_s={str(number): row.timed_s or [] for number, row in enumerate(rows, start=1)},
        face_s=median(timed_s) / shown.faces if shown.face_s is not None and shown.faces else None,
        unmet_rules=_unmet(members, timed_s, spread_max),
        **_start(rows),
        **_after_timing(rows),
        **_resources(rows),
        **_machine(rows, pinned=pinned_cpus is not None, mps_daemon=mps_daemon),
        energy_j=_energy_j(rows, timed_s, lambda row: row.energy_j),
        cpu_energy_j=_energy_j(rows, timed_s, lambda row: row.cpu_energy_j),
        idle_power_w=_of_known(min, (row.idle_power_w for row in rows)),  # the others may have begun to load
        cpu_idle_power_w=_of_known(min, (row.cpu_idle_power_w for row in rows)),
    )


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


def _resources(rows: Sequence[Row]) -> dict[str, Any]:
    """Add up what each process has for itself; of the device's figures, which all read, take the middle or the peak."""
    own = ("rss_peak_b", "gpu_memory_allocated_peak_b", "gpu_memory_reserved_peak_b")
    middle = ("gpu_utilization_median", "sm_clock_median_hz", "power_median_w")
    peak = ("gpu_memory_used_peak_b", "temperature_max_c")
    reasons = [row.throttle_reasons for row in rows if row.throttle_reasons is not None]
    return {
        **{name: _sum(getattr(row, name) for row in rows) for name in own},
        **{name: _of_known(median, (getattr(row, name) for row in rows)) for name in middle},
        **{name: _largest(getattr(row, name) for row in rows) for name in peak},
        "throttle_reasons": sorted({reason for each in reasons for reason in each}) if reasons else None,
        "throttled": any(row.throttled for row in rows) if any(row.throttled is not None for row in rows) else None,
    }


def _machine(rows: Sequence[Row], *, pinned: bool, mps_daemon: bool) -> dict[str, Any]:
    """Give what the machine did besides all of these processes."""
    foreign = _largest(row.foreign_gpu_processes for row in rows)
    own = len(rows) - 1 + mps_daemon  # MPS has a process of its own on the GPU
    return {
        "cpu_affinity": _sum(row.cpu_affinity for row in rows) if pinned else rows[0].cpu_affinity,
        "cpu_utilization": _of_known(fmean, (row.cpu_utilization for row in rows)),
        "cpu_other": _cpu_other(rows),
        "steal_share": _of_known(fmean, (row.steal_share for row in rows)),
        "load_1m": min((row.load_1m for row in rows if row.load_1m is not None), default=None),
        "foreign_gpu_processes": None if foreign is None else max(0, foreign - own),
    }


def _cpu_other(rows: Sequence[Row]) -> float | None:
    """Give the share of the processors that neither of the processes took: each row counts the other processes too."""
    if any(row.cpu_utilization is None or row.cpu_other is None for row in rows):
        return None
    busy = [(row.cpu_utilization or 0.0) - (row.steal_share or 0.0) for row in rows]
    own = [share - (row.cpu_other or 0.0) for row, share in zip(rows, busy, strict=True)]
    return min(1.0, max(0.0, fmean(busy) - sum(own)))


def _energy_j(rows: Sequence[Row], timed_s: Sequence[float], read: Callable[[Row], float | None]) -> float | None:
    """Give the energy of as many calls as `timed_s` stands for.

    Each row has the energy of the whole GPU, or of all processors, during its own calls. While a process makes one, all
    together make as many as there are processes.
    """
    calls = [len(row.timed_s or ()) * (row.calls_per_repeat or 1) for row in rows]
    energies = [energy_j for row in rows if (energy_j := read(row)) is not None]
    if len(energies) < len(rows) or not all(calls):
        return None
    per_call_j = fmean(energy_j / count for energy_j, count in zip(energies, calls, strict=True)) / len(rows)
    return per_call_j * len(timed_s) * (rows[(rows[0].invocation - 1) % len(rows)].calls_per_repeat or 1)


def _of_known(reduce: Callable[[list[float]], float], values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return reduce(known) if known else None


def _largest(values: Iterable[Any]) -> Any:
    return max((value for value in values if value is not None), default=None)


def _sum(values: Iterable[int | None]) -> int | None:
    """Add up; None if one is unknown."""
    parts = list(values)
    return sum(part or 0 for part in parts) if None not in parts else None
