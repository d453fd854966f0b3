"""Bounds: what limits a best setting, the host or the device, and what the device still has room for."""

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from statistics import fmean, median

from featray import stats
from featray.analysis import footprint, unit_wording
from featray.analysis.comparison import Calibration
from featray.analysis.diagnosis import batch_curves
from featray.analysis.diagnosis.batch_curves import BestBatch
from featray.analysis.diagnosis.finding import Finding, FindingKind, WantedCells
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.choices import Device
from featray.core.status import Status

HOST_BOUND = 0.5
"""GPU utilisation below which the host is the limit: it is the share of time in which any kernel runs, so under a half
the GPU waits longer than it works. Source: definition of utilisation in NVML's reference."""

DEVICE_BOUND = 0.9  # utilisation from which only a tenth could be gained by a faster host

MEMORY_ROOM = 0.5  # share of the memory below which a batch twice as large still fits: memory grows no faster than it

DOUBLINGS = 2  # batches beyond the largest that are proposed: the next point and one to see the bend


def findings(
    best: Sequence[BestBatch], units: Sequence[Unit], margin: float, known: Mapping[str, Calibration]
) -> Iterator[Finding]:
    """Say what limits the best settings, and where larger_batches batches are worth a try."""
    yield from _bound(best)
    yield from _headroom([each for each in best if _still_rises(each, margin, known)], units)


def gpu_utilization(unit: Unit) -> float | None:
    """Give the median over invocations of the GPU's utilisation in timed calls, 0 to 1."""
    known = [row.gpu_utilization_median for row in unit.measured if row.gpu_utilization_median is not None]
    return median(known) if known else None


def _bound(best: Sequence[BestBatch]) -> Iterator[Finding]:
    known = [(each, share) for each in best if (share := gpu_utilization(each.unit)) is not None]
    low = [(each, share) for each, share in known if share < HOST_BOUND]
    high = [(each, share) for each, share in known if share >= DEVICE_BOUND]
    if low:
        alike = _by_work_and_host(best)
        names = [
            f"{unit_wording.unit(each.unit)} {wording.percent(share)}{_why(each, alike[_work_and_host(each)])}"
            for each, share in low
        ]
        yield _named(FindingKind.HOST_BOUND, "The GPU waits for the host, busy less than half of the time", names, low)
    if high:
        names = [f"{unit_wording.unit(each.unit)} {wording.percent(share)}" for each, share in high]
        yield _named(FindingKind.DEVICE_BOUND, "The GPU is the limit", names, high)


def _named(kind: FindingKind, text: str, names: Sequence[str], about: Sequence[tuple[BestBatch, float]]) -> Finding:
    shares = [share for _, share in about]
    return Finding(
        kind=kind,
        text=f"{text}: {wording.phrases(names)}.",
        figures={"utilization_min": min(shares), "utilization_max": max(shares)},
        units=tuple(each.unit.key for each, _ in about),
    )


def _why(each: BestBatch, alike: Sequence[BestBatch]) -> str:
    """Add what else is known: the longest stage, and another GPU model of the host that is as fast."""
    clues = [clue for clue in (_longest_stage(each.unit), _equal(each, alike)) if clue]
    return f" ({'; '.join(clues)})" if clues else ""


def _longest_stage(unit: Unit) -> str | None:
    stages = unit.stages_s
    whole = sum(stages.values())
    if not whole:
        return None
    name = max(stages, key=lambda stage: stages[stage])
    return f"{wording.percent(stages[name] / whole)} of a call is {wording.short(name)}"


def _equal(each: BestBatch, alike: Sequence[BestBatch]) -> str | None:
    """Say that another GPU model of the same host is no faster or slower, which a host-bound setting should be."""
    unit = each.unit
    same = [
        other.unit
        for other in alike
        if other.unit.row.gpu_name not in (None, unit.row.gpu_name)
        and abs(fmean(other.unit.logs) - fmean(unit.logs)) < stats.MARGIN
    ]
    return f"as fast on {same[0].target.name}" if same else None


def _by_work_and_host(best: Iterable[BestBatch]) -> dict[Hashable, list[BestBatch]]:
    groups: dict[Hashable, list[BestBatch]] = {}
    for each in best:
        groups.setdefault(_work_and_host(each), []).append(each)
    return groups


def _work_and_host(each: BestBatch) -> Hashable:
    return (*batch_curves.detector_input_target(each.unit)[:3], each.unit.row.host_id)


def _headroom(best: Sequence[BestBatch], units: Sequence[Unit]) -> Iterator[Finding]:
    """Group the curves that still rise where the sweep stopped by device, GPUs of one model and memory together."""
    groups: dict[Hashable, list[BestBatch]] = {}
    exhausted: dict[Hashable, int] = {}
    for unit in filter(_is_exhausted, units):
        exhausted[batch_curves.detector_input_target(unit)] = max(unit.row.batch_size, exhausted.get(batch_curves.detector_input_target(unit), 0))
    for each in best:
        if _has_room(each) and exhausted.get(batch_curves.detector_input_target(each.unit), 0) <= each.unit.row.batch_size:
            row = each.unit.row
            groups.setdefault((row.gpu_name or row.target_id, footprint.total_b(each.unit)), []).append(each)
    for about in groups.values():
        yield _roomy(about)


def _still_rises(each: BestBatch, margin: float, known: Mapping[str, Calibration]) -> bool:
    """Tell whether the largest batch is the best one, and faster than the one before."""
    units = each.curve.units
    return len(units) > 1 and each.unit is units[-1] and batch_curves.is_slower(units[-1], units[-2], margin, known)


def _has_room(each: BestBatch) -> bool:
    """Tell whether a larger batch can be tried: room in memory, and frames to fill it."""
    unit = each.unit
    if unit.row.device == Device.CPU:
        return False  # what limits a processor is not its memory
    if (unit.row.frames or 0) <= unit.row.batch_size:
        return False  # a single batch already: a larger one would be the same call
    used, total = footprint.used_b(unit), footprint.total_b(unit)
    return used is None or total is None or used < MEMORY_ROOM * total


def last_gain(each: BestBatch) -> float:
    """Give the log ratio by which the last batch is faster than the one before."""
    before, last = each.curve.units[-2:]
    return fmean(before.logs) - fmean(last.logs)


def _is_exhausted(unit: Unit) -> bool:
    return any(row.status in (Status.OOM, Status.SKIPPED) for row in unit.failed)


def _roomy(about: Sequence[BestBatch]) -> Finding:
    first = about[0].unit
    total = footprint.total_b(first)
    used = max((value for each in about if (value := footprint.used_b(each.unit)) is not None), default=None)
    memory = "memory of the device unknown" if total is None else f"{wording.size(total)} of memory"
    taken = "use not measured" if used is None else f"at most {wording.size(used)} used"
    where = wording.listed(each.unit.target.name for each in about)
    gains: dict[tuple[str, str], list[float]] = {}
    for each in about:
        steps = f"from b={each.curve.units[-2].row.batch_size} to b={each.unit.row.batch_size}"
        gains.setdefault(
            (f"{unit_wording.detector(each.unit.row)} {unit_wording.clip(each.unit.row)}", steps), []
        ).append(last_gain(each))
    names = [f"{what} {_span(logs)} {steps}" for (what, steps), logs in gains.items()]
    batches = {batch: "" for each in about for batch in larger_batches(each.unit)}
    for each in about:
        frames = each.unit.row.frames or 0
        if frames in batches and frames != 2 * each.unit.row.batch_size:
            batches[frames] = f" (all of {unit_wording.clip(each.unit.row)})"
    untried = ", ".join(f"{batch}{why}" for batch, why in sorted(batches.items()))
    text = (
        f"Headroom on {where} ({memory}, {taken}): throughput still rose at the largest batch "
        f"({wording.phrases(names)}); untried: b={untried}."
    )
    return Finding(
        kind=FindingKind.HEADROOM,
        text=text,
        figures={"memory_b": total, "used_b": used, "settings": len(about)},
        units=tuple(each.unit.key for each in about),
        wanted=tuple(
            WantedCells(
                unit=each.unit,
                reason=f"throughput still rose at b={each.unit.row.batch_size}",
                settings={"batch_size": (each.unit.row.batch_size, *larger_batches(each.unit))},
            )
            for each in about
        ),
    )


def _span(logs: Sequence[float]) -> str:
    """Write gains as `+30%`, or as `+25% to +30%` of several targets."""
    ends = (f"+{wording.percent(math.expm1(each))}" for each in (min(logs), max(logs)))
    return " to ".join(dict.fromkeys(ends))


def larger_batches(unit: Unit) -> tuple[int, ...]:
    """List the batches to try beyond the largest: doubled, no further than the whole input in one."""
    sizes = [unit.row.batch_size * 2**step for step in range(1, DOUBLINGS + 1)]
    frames = unit.row.frames or 0
    return tuple(dict.fromkeys(min(size, frames) for size in sizes))
