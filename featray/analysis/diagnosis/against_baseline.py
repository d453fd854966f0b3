"""Against the baseline: best settings compared with the baseline's best settings, and the headline of a report.

Flow: best settings of both sides -> `compare` -> `BaselineComparison` -> `headline`, `ratios`, `coverage`. Pure.
"""

import collections
import dataclasses
from collections.abc import Hashable, Iterable, Sequence

from featray.analysis import comparison, unit_wording
from featray.analysis.advice import settings, speeds
from featray.analysis.comparison import Pair
from featray.analysis.comparison.noise import Noise
from featray.analysis.diagnosis.batch_curves import BestBatch, detector_input_target
from featray.analysis.diagnosis.finding import Figure, Finding, FindingKind
from featray.analysis.outputs import NO_OUTPUTS, Outputs
from featray.analysis.unit import Unit
from featray.core import wording
from featray.stats import Verdict

CHOSEN = ("batch_size", "num_workers", "threads", "processes", "environment")
"""What each side chooses for its best time. What differs inside an environment is still a factor."""


@dataclasses.dataclass(frozen=True)
class BaselineComparison:
    """Pairs of best settings, and those without a counterpart on either side."""

    pairs: tuple[Pair, ...]
    only_report: tuple[BestBatch, ...]
    only_baseline: tuple[BestBatch, ...]


def compare(
    best: Sequence[BestBatch],
    baseline: Sequence[BestBatch],
    margin: float,
    noise: Noise,
    *,
    outputs: Outputs = NO_OUTPUTS,
    over: Sequence[str] = (),
) -> BaselineComparison:
    """Compare every best setting with the baseline's of the same detector and input.

    What `over` names may differ, beside what each side chooses for itself. A target is compared with itself if the
    baseline has it, and otherwise with the baseline's targets of the same kind of device: one, or all GPUs of a host.
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
            comparison.judge(
                counterpart.unit,
                batch.unit,
                (*CHOSEN, *over),
                margin=margin,
                noise=noise,
                best_of=CHOSEN,
                outputs=outputs,
            )
            for counterpart in counterparts
        ]
    only_baseline = tuple(batch for batch in baseline if id(batch) not in with_counterpart)
    return BaselineComparison(tuple(comparison.mark_daggers(pairs)), tuple(only_report), only_baseline)


def _counterparts(batch: BestBatch, candidates: Sequence[BestBatch]) -> list[BestBatch]:
    row, is_whole = batch.unit.row, batch.unit.is_whole
    same_target = [other for other in candidates if other.unit.row.target_id == row.target_id]
    alike = [other for other in candidates if (other.unit.row.device, other.unit.is_whole) == (row.device, is_whole)]
    return same_target or alike


def headline(units: Sequence[Unit], pairs: Sequence[Pair], baseline: Sequence[Unit]) -> Finding | None:
    """Say how the best settings compare, and the throughput to plan with; None if nothing was measured."""
    measured = [unit for unit in units if unit.logs and unit.row.frames]
    if not measured:
        return None
    ratio_text, figures = _ratios(pairs, baseline)
    top, basis = _to_plan_with(units, measured)
    hz = speeds.of_unit(top).hz
    figures |= {"frames_per_s": hz, "throughput_of": basis}
    realtime_text = ""
    if top.realtime is not None and top.clip_fps is not None:
        realtime = top.realtime * hz / top.throughput_hz
        figures["realtime"] = realtime
        realtime_text = f", {wording.digits(realtime)}x realtime at {wording.frame_rate(top.clip_fps)} fps"
    title = "Sustained throughput" if basis == SUSTAINED else f"Setting to use on the {basis}"
    frames = "fps" if top.is_video else "images/s"
    throughput = f"{title}: {wording.rate(hz)} {frames}{realtime_text} ({unit_wording.unit(top)})."
    text = f"{ratio_text} {throughput}" if ratio_text else throughput
    return Finding(kind=FindingKind.HEADLINE, text=text, figures=figures, units=(top.key,))


SUSTAINED = "sustained runs"


def _to_plan_with(units: Sequence[Unit], measured: Sequence[Unit]) -> tuple[Unit, str]:
    """Choose the unit whose speed holds longest, and say why: a short clip is over before a machine is hot.

    Sustained runs come first, then the clip with the most frames, then the most images; of these the setting to use.
    """
    clips = [unit for unit in measured if unit.is_video] or measured
    sustained = [unit for unit in clips if speeds.is_sustained(unit)]
    most = max(unit.row.frames or 0 for unit in sustained or clips)
    longest = [unit for unit in sustained or clips if unit.row.frames == most]
    keys = {unit.key for unit in longest}
    labels = {unit.row.section_label for unit in longest}
    to_use = settings.choose_current([unit for unit in units if unit.row.section_label in labels])
    top = next((setting.unit for setting in to_use if setting.unit.key in keys), longest[0])
    return top, SUSTAINED if sustained else "longest clip" if top.is_video else "most images"


def _ratios(pairs: Sequence[Pair], baseline: Sequence[Unit]) -> tuple[str | None, dict[str, Figure]]:
    """Count the verdicts, and write the range of the decided ratios; of the measured ones if none is decided."""
    if not pairs:
        return None, {}
    name = wording.listed(wording.short(unit.row.sweep) for unit in baseline)
    text = f"{wording.count(len(pairs), 'best setting')} against {name}: "
    decided = [pair.decision.speedup for pair in pairs if pair.decision and pair.is_decided]
    speedups = decided or [pair.decision.speedup for pair in pairs if pair.decision]
    if not speedups:
        return f"{text}{_counts(pairs)}.", {"pairs": len(pairs), "decided": 0}
    low, high = min(speedups), max(speedups)
    span = wording.times(low) if len(speedups) == 1 else f"{wording.times(low)} to {wording.times(high)}"
    key = "speedup" if decided else "measured"
    figures: dict[str, Figure] = {f"{key}_low": low, f"{key}_high": high, "pairs": len(pairs), "decided": len(decided)}
    if decided:
        text += f"{_counts(pairs)}, {span}" if len(pairs) == 1 else f"{_counts(pairs)}; where decided, {span}"
        return f"{text} as fast.", figures
    others = _counts(pair for pair in pairs if not pair.decision)
    return f"{text}measured {span}, none decided{f'; {others}' if others else ''}.", figures


def _counts(pairs: Iterable[Pair]) -> str:
    """Count what the pairs show: `2 faster, 1 undecided`. A difference that may be chance is undecided."""
    counts = collections.Counter(map(_outcome, pairs))
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])


OUTCOMES = ("faster", "slower", "equivalent", "undecided", "not comparable", "without a number")


def _outcome(pair: Pair) -> str:
    if pair.is_decided or pair.verdict is Verdict.NOT_COMPARABLE:
        return pair.verdict.lower()
    return "undecided" if pair.decision else "without a number"
