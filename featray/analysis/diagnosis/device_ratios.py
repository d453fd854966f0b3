"""Device ratios: one device of a host against another, for every detector and input.

Flow: best settings, units -> `findings`. Pure. All GPUs at the same time are no device: see `gpu_scaling`.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import combinations
from statistics import fmean

from featray.analysis import unit_wording
from featray.analysis.comparison import Pair, matching
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis import judged_pairs
from featray.analysis.diagnosis.batch_curves import BestBatch
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.diagnosis.judged_pairs import CHOSEN, JudgedPairs
from featray.analysis.unit import Unit
from featray.core import report_order, wording
from featray.core.choices import Device
from featray.stats import Verdict

DeviceKey = tuple[int, str, str]
"""Rank, kind of device, model of GPU: GPUs of one model on one host are one device here."""

Devices = tuple[str, DeviceKey, DeviceKey]
"""Host id and two of its devices."""

DevicePair = tuple[Unit, Unit]
"""What two devices measured of the same work, the device of the lower rank first."""


def findings(best: Sequence[BestBatch], units: Iterable[Unit], margin: float, noise: Noise) -> Iterator[Finding]:
    """Compare each two devices of every host, at their best settings and with equal settings."""
    latest, _ = matching.split_latest(units)
    at_best = _match([batch.unit for batch in best], _work)
    of_latest = _match([unit for unit in latest if unit.logs and unit.row.frames], _cell)
    alike = {devices: of_latest.get(devices, []) for devices in at_best}
    slower_first = {devices for devices, pairs in at_best.items() if sum(map(_log_speedup, pairs)) < 0}
    for devices in slower_first:
        at_best[devices], alike[devices] = ([pair[::-1] for pair in pairs[devices]] for pairs in (at_best, alike))
    judged = judged_pairs.judge_groups(at_best, ("device", *CHOSEN), margin, noise, best_of=CHOSEN)
    judged_alike = judged_pairs.judge_groups(alike, ("device",), margin, noise)
    for devices, pairs in judged.items():
        if pairs.told:
            yield _finding(pairs, judged_alike[devices])


def _log_speedup(pair: DevicePair) -> float:
    return fmean(pair[0].logs) - fmean(pair[1].logs)


def _work(unit: Unit) -> Hashable:
    row = unit.row
    return row.detector, row.section_kind, row.section_label, row.weights


def _cell(unit: Unit) -> Hashable:
    row = unit.row
    return _work(unit), row.batch_size, row.num_workers, unit.asked_threads, unit.processes, row.environment


def _match(units: Iterable[Unit], key: Callable[[Unit], Hashable]) -> dict[Devices, list[DevicePair]]:
    """Match the units of each two devices of a host."""
    hosts: dict[str, dict[DeviceKey, dict[Hashable, list[Unit]]]] = {}
    for unit in (unit for unit in units if not unit.is_whole):
        devices = hosts.setdefault(unit.target.host_id, {})
        devices.setdefault(_device(unit), {}).setdefault(key(unit), []).append(unit)
    return {
        (host, one, other): [
            (devices[one][shared][0], unit)
            for shared in devices[one]
            if shared in devices[other]
            for unit in devices[other][shared]
        ]
        for host, devices in hosts.items()
        for one, other in combinations(sorted(devices), 2)
    }


def _device(unit: Unit) -> DeviceKey:
    row = unit.row
    return report_order.device_rank(row.device), row.device, row.gpu_name or ""


def _finding(pairs: JudgedPairs, alike: JudgedPairs) -> Finding:
    told = pairs.told
    slow, fast = _name(pair.baseline for pair in told), _name(pair.candidate for pair in told)
    ratios = judged_pairs.speedups(told)
    where = told[0].candidate.target.host_name
    by_detector: dict[str, list[Pair]] = {}
    for pair in told:
        by_detector.setdefault(unit_wording.detector(pair.candidate.row), []).append(pair)
    detectors = wording.listed(
        f"{name} {judged_pairs.span(judged_pairs.speedups(own))}" for name, own in by_detector.items()
    )
    each = f"each at its best batch ({detectors})"
    text = (
        f"On {where}, {fast} is {judged_pairs.span(ratios)} as fast as {slow}, {each}."
        if pairs.decided
        else f"On {where}, {fast} measured {judged_pairs.span(ratios)} the speed of {slow}, {each}; "
        f"not decided{judged_pairs.why_undecided(told)}."
    )
    return Finding(
        kind=FindingKind.DEVICES,
        text=f"{text}{judged_pairs.remarks(pairs, 'best setting')}{_with_equal_settings(alike, pairs)}",
        figures=judged_pairs.range_figures(ratios, pairs),
        units=judged_pairs.list_units(pairs),
    )


def _name(units: Iterable[Unit]) -> str:
    """Name a device of one host: `CPU`, `RTX 3090`, `Apple M5 Max (mps)`."""
    units = list(units)
    names = wording.listed(f"{unit.target.device_name}{unit_wording.in_run(unit)}" for unit in units)
    is_apple = units[0].row.device == Device.MPS and units[0].row.gpu_name
    return f"{names} ({Device.MPS})" if is_apple else names


def _with_equal_settings(alike: JudgedPairs, at_best: JudgedPairs) -> str:
    """Say in how many cells with equal settings the device is faster; empty if the best settings are all there is."""
    told = alike.told
    if len(told) <= len(at_best.told):
        return ""
    slower = [pair for pair in told if _is_slower(pair)]
    faster = [pair for pair in told if not _is_slower(pair) and pair.verdict is not Verdict.EQUIVALENT]
    verb = "is faster" if alike.decided else "took less time"
    text = f" With equal settings it {verb} in {wording.share(len(faster), len(told), 'cell').lower()}"
    if slower:
        names = wording.phrases([unit_wording.unit(pair.candidate) for pair in slower])
        text += f" and {'is slower' if alike.decided else 'took longer'} in {len(slower)} ({names})"
    return f"{text}.{judged_pairs.remarks(alike, 'cell')}"


def _is_slower(pair: Pair) -> bool:
    return pair.decision is not None and pair.decision.speedup < 1 and pair.verdict is not Verdict.EQUIVALENT
