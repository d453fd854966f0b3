"""Against the baseline: best settings compared with the baseline's best settings, and the headline of a report.

Flow: best settings of both sides -> `compare` -> `BaselineComparison` -> `headline`, `ratios`, `coverage`. Pure.
"""

import collections
import dataclasses
from collections.abc import Hashable, Iterable, Sequence

from featray.analysis import comparison, unit_wording
from featray.analysis.comparison import Pair
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis.batch_curves import BestBatch, detector_input_target
from featray.analysis.diagnosis.finding import Figure, Finding, FindingKind
from featray.analysis.units import Unit
from featray.core import wording
from featray.stats import Verdict

CHOSEN = ("batch_size", "num_workers", "threads", "environment")
"""What each side chooses for its best time. What differs inside an environment is still a factor."""


@dataclasses.dataclass(frozen=True)
class BaselineComparison:
    """Pairs of best settings, and those without a counterpart on either side."""

    pairs: tuple[Pair, ...]
    only_report: tuple[BestBatch, ...]
    only_baseline: tuple[BestBatch, ...]


def compare(
    best: Sequence[BestBatch], baseline: Sequence[BestBatch], margin: float, noise: Noise
) -> BaselineComparison:
    """Compare every best setting with the baseline's of the same detector and input.

    A target is compared with itself if the baseline has it, and otherwise with the baseline's targets of the same kind
    of device.
    """
    pairs: list[Pair] = []
    only_report, with_counterpart = [], set[int]()
    by_work: dict[Hashable, list[BestBatch]] = {}
    for batch in baseline:
        by_work.setdefault(detector_input_target(batch.unit)[:3], []).append(batch)
    for batch in best:
        counterparts = _counterparts(batch, by_work.get(detector_input_target(batch.unit)[:3], ()))
        with_counterpart |= {id(counterpart) for counterpart in counterparts}
        only_report += [] if counterparts else [batch]
        pairs += [
            comparison.judge(counterpart.unit, batch.unit, CHOSEN, margin=margin, noise=noise, best_of=CHOSEN)
            for counterpart in counterparts
        ]
    only_baseline = tuple(batch for batch in baseline if id(batch) not in with_counterpart)
    return BaselineComparison(tuple(comparison.mark_daggers(pairs)), tuple(only_report), only_baseline)


def _counterparts(batch: BestBatch, candidates: Sequence[BestBatch]) -> list[BestBatch]:
    row = batch.unit.row
    same_target = [other for other in candidates if other.unit.row.target_id == row.target_id]
    return same_target or [other for other in candidates if other.unit.row.device == row.device]


def headline(units: Sequence[Unit], pairs: Sequence[Pair], baseline: Sequence[Unit]) -> Finding | None:
    """Say the range of the ratios and the highest throughput of any unit; None if nothing was measured."""
    measured = [unit for unit in units if unit.logs and unit.row.frames]
    if not measured:
        return None
    top = max([unit for unit in measured if unit.is_video] or measured, key=lambda unit: unit.throughput_hz)
    ratio_text, figures = _ratios(pairs, baseline)
    figures["frames_per_s"] = top.throughput_hz
    realtime_text = ""
    if top.realtime is not None and top.clip_fps is not None:
        figures["realtime"] = top.realtime
        realtime_text = f", {wording.digits(top.realtime)}x realtime at {wording.frame_rate(top.clip_fps)} fps"
    throughput = f"Highest throughput: {unit_wording.rate(top)}{realtime_text} ({unit_wording.unit(top)})."
    text = f"{ratio_text} {throughput}" if ratio_text else throughput
    return Finding(kind=FindingKind.HEADLINE, text=text, figures=figures, units=(top.key,))


def _ratios(pairs: Sequence[Pair], baseline: Sequence[Unit]) -> tuple[str | None, dict[str, Figure]]:
    """Write the range of the ratios with their verdicts, and how many pairs have no ratio."""
    name = wording.listed(wording.short(unit.row.sweep) for unit in baseline)
    speedups = [pair.decision.speedup for pair in pairs if pair.decision]
    without_ratio = _verdicts(pair for pair in pairs if not pair.decision)
    if not speedups:
        return (f"No ratio to {name}: {without_ratio}." if without_ratio else None), {}
    low, high = min(speedups), max(speedups)
    span = wording.times(low) if len(speedups) == 1 else f"{wording.times(low)} to {wording.times(high)}"
    text = f"{span} as fast as {name} for {wording.count(len(speedups), 'best setting')}"
    text += f" ({_verdicts(pair for pair in pairs if pair.decision)})" + (f", {without_ratio}" if without_ratio else "")
    return f"{text}.", {"speedup_low": low, "speedup_high": high, "pairs": len(speedups)}


def _verdicts(pairs: Iterable[Pair]) -> str:
    """Count the verdicts: `2 FASTER, 1 INCONCLUSIVE`."""
    counts = collections.Counter(pair.verdict for pair in pairs)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
