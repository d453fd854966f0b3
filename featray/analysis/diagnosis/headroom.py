"""Headroom: batch curves that still rise where the sweep stopped, and the larger batches to try."""

import math
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from statistics import fmean

from featray.analysis import footprint, unit_wording
from featray.analysis.diagnosis import batch_steps, jumps
from featray.analysis.diagnosis.batch_curves import BestBatch, detector_input_target
from featray.analysis.diagnosis.batch_steps import ComparedCurve
from featray.analysis.diagnosis.finding import Finding, FindingKind, WantedCells
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.choices import Device
from featray.core.status import Status

MEMORY_ROOM = 0.5  # share of the memory below which a doubled batch still fits: memory grows no faster than the batch

DOUBLINGS = 2  # larger batches that are proposed: the next point, and one to see the curve bend


def findings(
    best: Sequence[BestBatch], units: Sequence[Unit], curves: Sequence[ComparedCurve], margin: float
) -> Iterator[Finding]:
    """List the devices on which larger batches are worth a try; GPUs of one model and memory are one finding.

    Args:
        best: Best settings of the report.
        units: Of the report, for batches that ran out of memory.
        curves: Of the report.
        margin: Least log ratio that counts.
    """
    exhausted, rising = _exhausted_batches(units), _still_rising(curves, margin)
    groups: dict[Hashable, list[BestBatch]] = {}
    for batch in best:
        unit = batch.unit
        is_untried = exhausted.get((detector_input_target(unit), unit.processes), 0) <= unit.row.batch_size
        if is_untried and id(unit) in rising and _has_room(unit):
            model = unit.row.gpu_name if not unit.is_whole else None
            groups.setdefault((model or unit.row.target_id, footprint.total_b(unit)), []).append(batch)
    disturbed = frozenset(id(jump.after) for jump in jumps.find(curves))
    for about in groups.values():
        yield _finding(about, disturbed)


def _exhausted_batches(units: Iterable[Unit]) -> dict[Hashable, int]:
    """Give the largest batch that ran out of memory, by detector, input, target and number of processes."""
    largest: dict[Hashable, int] = {}
    for unit in units:
        if any(row.status in (Status.OOM, Status.SKIPPED) for row in unit.failed):
            key = detector_input_target(unit), unit.processes
            largest[key] = max(unit.row.batch_size, largest.get(key, 0))
    return largest


def _still_rising(curves: Sequence[ComparedCurve], margin: float) -> set[int]:
    """Give the ids of the largest batches that are faster than the batch before."""
    last_steps = batch_steps.find_shorter(curves, margin, lambda compared: compared.last)
    return {id(after) for pairs in last_steps for _, after in pairs}


def _has_room(unit: Unit) -> bool:
    """Return True if a larger batch can be tried: there is memory, and there are frames to fill it."""
    if unit.row.device == Device.CPU:
        return False  # memory is not what limits a processor
    if (unit.row.frames or 0) <= unit.row.batch_size:
        return False  # already a single batch: a larger one would be the same call
    used, total = footprint.used_b(unit), footprint.total_b(unit)
    return used is None or total is None or used < MEMORY_ROOM * total


def larger_batches(unit: Unit) -> tuple[int, ...]:
    """List the batches to try beyond the largest: doubled, and at most the whole input in one batch."""
    doubled = [unit.row.batch_size * 2**step for step in range(1, DOUBLINGS + 1)]
    frames = unit.row.frames or 0
    return tuple(dict.fromkeys(min(size, frames) for size in doubled))


def last_gain(batch: BestBatch) -> float:
    """Give the log ratio by which the last batch is faster than the one before."""
    before, last = batch.curve.units[-2:]
    return fmean(before.logs) - fmean(last.logs)


def _finding(about: Sequence[BestBatch], disturbed: Collection[int]) -> Finding:
    total = footprint.total_b(about[0].unit)
    used = max((value for batch in about if (value := footprint.used_b(batch.unit)) is not None), default=None)
    where = wording.listed(unit_wording.place(batch.unit) for batch in about)
    why = batch_steps.why_undecided(map(_last_step, about))
    rose = "seemed still to rise" if why else "still rose"
    text = (
        f"Headroom on {where} ({_memory(total, used)}): throughput {rose} at the largest batch "
        f"({wording.phrases(_gains(about, disturbed))}){f'; not decided{why}' if why else ''}. "
        f"Batches to try: {_batches_to_try(about)}."
    )
    return Finding(
        kind=FindingKind.HEADROOM,
        text=text,
        figures={"memory_b": total, "used_b": used, "settings": len(about)},
        units=tuple(batch.unit.key for batch in about),
        wanted=tuple(
            WantedCells(
                unit=batch.unit,
                reason=f"throughput still rose at b={batch.unit.row.batch_size}",
                settings={"batch_size": (batch.unit.row.batch_size, *larger_batches(batch.unit))},
            )
            for batch in about
            if batch.unit.is_imported or not batch_steps.why_undecided([_last_step(batch)])  # a hint asks for no cells
        ),
    )


def _last_step(batch: BestBatch) -> tuple[Unit, Unit]:
    before, last = batch.curve.units[-2:]
    return before, last


def _memory(total: int | None, used: int | None) -> str:
    memory = "memory of the device unknown" if total is None else f"{wording.size(total)} of memory"
    return f"{memory}, {'use unknown' if used is None else f'at most {wording.size(used)} used'}"


def _gains(about: Sequence[BestBatch], disturbed: Collection[int]) -> list[str]:
    """Write the last gain of each detector and input: `img2pose long (472 frames) +30% from b=4 to b=16`.

    Args:
        about: Best settings that are the largest batch of their curve.
        disturbed: Ids of units that are faster than fewer batches explain.
    """
    gains: dict[tuple[str, str], list[float]] = {}
    for batch in about:
        before, last = batch.curve.units[-2:]
        name = f"{unit_wording.detector(last.row)} {unit_wording.clip(last.row)}"
        step = f"from b={before.row.batch_size} to b={last.row.batch_size}"
        step += ", probably disturbed" if id(last) in disturbed else ""
        gains.setdefault((name, step), []).append(last_gain(batch))
    return [f"{name} {_span(logs)} {step}" for (name, step), logs in gains.items()]


def _span(logs: Sequence[float]) -> str:
    """Write gains as `+30%`, or as `+25% to +30%` for several targets."""
    ends = (f"+{wording.percent(math.expm1(log))}" for log in (min(logs), max(logs)))
    return " to ".join(dict.fromkeys(ends))


def _batches_to_try(about: Sequence[BestBatch]) -> str:
    """List the batches; a batch that is no doubling holds the whole input."""
    explanations = {size: "" for batch in about for size in larger_batches(batch.unit)}
    for batch in about:
        frames = batch.unit.row.frames or 0
        if frames in explanations and frames != 2 * batch.unit.row.batch_size:
            explanations[frames] = f" (all of {unit_wording.clip(batch.unit.row)})"
    return ", ".join(f"{size}{explanation}" for size, explanation in sorted(explanations.items()))
