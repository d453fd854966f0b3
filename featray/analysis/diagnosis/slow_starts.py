"""Slow starts: detectors that start later and are then faster, such as a compiled one, and from where on that pays.

Flow: best settings -> `findings`. Pure. A start is import, load, and what the first call takes longer than a usual one.
"""

import dataclasses
from collections.abc import Hashable, Iterator, Sequence
from itertools import permutations

from featray.analysis import cold_start, unit_wording
from featray.analysis.diagnosis.batch_curves import BestBatch
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.unit import Unit
from featray.core import wording
from featray.stats import break_even, curves
from featray.stats.break_even import BreakEven

LATER_LEAST_S = 1.0
"""Seconds by which a start must be later to be worth a sentence. A choice: nobody waits for less."""


@dataclasses.dataclass(frozen=True)
class _Pair:
    quick: Unit  # starts sooner
    slow: Unit  # starts later, and is faster
    point: BreakEven


def findings(best: Sequence[BestBatch]) -> Iterator[Finding]:
    """List the slow starts that pay, corrected for how many pairs were looked at."""
    pairs = [pair for members in _alike(best).values() for pair in _pairs(members)]
    kept = curves.survive([pair.point.chance for pair in pairs])
    for pair, is_real in zip(pairs, kept, strict=True):
        if is_real:
            yield _finding(pair)


def _alike(best: Sequence[BestBatch]) -> dict[Hashable, list[Unit]]:
    """Group the best settings of one class on one input and target in one run."""
    groups: dict[Hashable, list[Unit]] = {}
    for batch in best:
        row, asked = batch.unit.row, batch.unit.asked.get("detector")
        if isinstance(asked, dict):
            key = (asked.get("class_name"), row.run_id, row.target_id, row.section_label, row.weights)
            groups.setdefault(key, []).append(batch.unit)
    return groups


def _pairs(units: Sequence[Unit]) -> Iterator[_Pair]:
    for quick, slow in permutations(units, 2):
        point = break_even.find(
            cold_start.starts_s(slow), _frames_s(slow), cold_start.starts_s(quick), _frames_s(quick)
        )
        if point is not None and point.later_s >= LATER_LEAST_S:
            yield _Pair(quick, slow, point)


def _frames_s(unit: Unit) -> list[float]:
    frames = unit.row.frames or 0
    return [seconds / frames for seconds in unit.medians_s] if frames else []


def _finding(pair: _Pair) -> Finding:
    quick, slow, point = pair.quick, pair.slow, pair.point
    kind = "frames" if slow.is_video else "images"
    speedup = (quick.frame_s or 0.0) / (slow.frame_s or 1.0)
    names = [f"{unit_wording.detector(unit.row)} (b={unit.row.batch_size})" for unit in (slow, quick)]
    text = (
        f"{unit_wording.clip(slow.row)}, {unit_wording.place(slow)}: {names[0]} starts {wording.extra(point.later_s)} "
        f"later than {names[1]} and is then {wording.times(speedup)} as fast. It pays from about "
        f"{_whole(point.frames)} {kind} on (95% CI {_whole(point.low)} to {_whole(point.high)}){_film(slow, point)}."
    )
    return Finding(
        kind=FindingKind.COLD_START,
        text=text,
        figures={
            "frames": point.frames,
            "frames_low": point.low,
            "frames_high": point.high,
            "later_s": point.later_s,
            "saved_per_frame_s": point.saved_s,
        },
        units=(quick.key, slow.key),
    )


def _whole(frames: float) -> str:
    """Write frames with two significant digits: `3100`."""
    return f"{float(f'{frames:.1e}'):.0f}"


def _film(unit: Unit, point: BreakEven) -> str:
    rate_hz = unit.clip_fps
    return "" if rate_hz is None else f", which is {wording.duration(point.frames / rate_hz)} of this clip"
