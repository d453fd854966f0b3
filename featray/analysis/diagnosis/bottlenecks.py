"""Bottlenecks: what limits a best setting, the host or the device."""

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Sequence
from statistics import fmean, median

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.diagnosis import batch_curves
from featray.analysis.diagnosis.batch_curves import BestBatch
from featray.analysis.diagnosis.finding import Finding, FindingKind, WantedCells
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.choices import Device

HOST_BOUND = 0.5
"""GPU utilisation below which the host is the limit: it is the share of time in which any kernel runs, so below a half
the GPU waits longer than it works. Source: definition of utilisation in NVML's reference."""

DEVICE_BOUND = 0.9  # utilisation above which a faster host could gain only a tenth

WAITING = "The GPU is busy less than half of the time and waits for the host"

PROCESSES = (1, 2, 4)
"""Processes to measure side by side where a GPU waits. A choice: of a GPU that is busy for less than half of the time,
two may take up the rest; four show whether that goes on."""

Utilized = tuple[BestBatch, float]
"""A best setting with the utilisation of its GPU."""


def findings(best: Sequence[BestBatch]) -> Iterator[Finding]:
    """Say which best settings the host limits, and which the GPU limits."""
    utilized = [(batch, share) for batch in best if (share := gpu_utilization(batch.unit)) is not None]
    low = [(batch, share) for batch, share in utilized if share < HOST_BOUND]
    high = [(batch, share) for batch, share in utilized if share >= DEVICE_BOUND]
    if low:
        groups = _by_work_and_host(best)
        names = [f"{_name(batch, share)}{_clues(batch, groups[_work_and_host(batch)])}" for batch, share in low]
        yield dataclasses.replace(_finding(FindingKind.HOST_BOUND, WAITING, names, low), wanted=tuple(_several(low)))
    if high:
        names = [_name(batch, share) for batch, share in high]
        yield _finding(FindingKind.DEVICE_BOUND, "The GPU limits the speed", names, high)


def gpu_utilization(unit: Unit) -> float | None:
    """Give the GPU's utilisation in timed calls, 0 to 1: the median over invocations."""
    shares = [row.gpu_utilization_median for row in unit.measured if row.gpu_utilization_median is not None]
    return median(shares) if shares else None


def _name(batch: BestBatch, share: float) -> str:
    return f"{unit_wording.unit(batch.unit)} {wording.percent(share)}"


def _finding(kind: FindingKind, text: str, names: Sequence[str], about: Sequence[Utilized]) -> Finding:
    shares = [share for _, share in about]
    return Finding(
        kind=kind,
        text=f"{text}: {wording.phrases(names)}.",
        figures={"utilization_min": min(shares), "utilization_max": max(shares)},
        units=tuple(batch.unit.key for batch, _ in about),
    )


def _several(about: Sequence[Utilized]) -> Iterator[WantedCells]:
    """Ask for several processes side by side, which may keep the GPU at work; not where that was measured already."""
    for batch, _ in about:
        if batch.unit.workers == 1 and batch.unit.row.device == Device.CUDA:
            reason = "the GPU waits for the host: several processes side by side may use it better"
            yield WantedCells(unit=batch.unit, reason=reason, settings={"processes": PROCESSES}, against=None)


def _clues(batch: BestBatch, same_work: Sequence[BestBatch]) -> str:
    """Add the longest stage, and the speed on another GPU model of the host."""
    clues = [clue for clue in (_longest_stage(batch.unit), _other_gpu(batch, same_work)) if clue]
    return f" ({', '.join(clues)})" if clues else ""


def _longest_stage(unit: Unit) -> str | None:
    stages_s = unit.stages_s
    call_s = sum(stages_s.values())
    if not call_s:
        return None
    longest = max(stages_s, key=lambda stage: stages_s[stage])
    return f"{wording.percent(stages_s[longest] / call_s)} of a call is {wording.short(longest)}"


def _other_gpu(batch: BestBatch, same_work: Sequence[BestBatch]) -> str | None:
    """Write the speeds here and on another GPU model of the host, if they are close, as host-bound ones should be."""
    unit = batch.unit
    close = [
        other.unit
        for other in same_work
        if other.unit.row.gpu_name not in (None, unit.row.gpu_name)
        and other.unit.is_whole == unit.is_whole
        and abs(fmean(other.unit.logs) - fmean(unit.logs)) < stats.MARGIN
    ]
    return (
        f"{unit_wording.rate(unit)} here, {unit_wording.rate(close[0])} on {unit_wording.place(close[0])}"
        if close
        else None
    )


def _by_work_and_host(best: Iterable[BestBatch]) -> dict[Hashable, list[BestBatch]]:
    groups: dict[Hashable, list[BestBatch]] = {}
    for batch in best:
        groups.setdefault(_work_and_host(batch), []).append(batch)
    return groups


def _work_and_host(batch: BestBatch) -> Hashable:
    return (*batch_curves.detector_input_target(batch.unit)[:3], batch.unit.row.host_id)
