"""Batch patterns: what larger batches do on each device, over all its batch curves.

Flow: `batch_steps.ComparedCurve` -> `findings`. Pure. One sentence for each model of device says in how many curves
throughput rises, falls, turns or stays the same; `regressions` looks at the single curves.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from enum import StrEnum
from statistics import fmean

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.diagnosis import batch_steps, judged_pairs
from featray.analysis.diagnosis.batch_curves import Curve, make_settings_writer
from featray.analysis.diagnosis.batch_steps import BatchPair, ComparedCurve
from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.choices import Device
from featray.stats import Verdict

CURVES_MIN = 2  # a single curve is no pattern


class Pattern(StrEnum):
    """What larger batches do to the throughput of a curve."""

    RISES = "rises"
    TURNS = "rises and then falls"
    FALLS = "falls"
    FLAT = "stays the same"
    UNDECIDED = "is not decided"


@dataclasses.dataclass(frozen=True)
class PatternedCurve:
    """A curve and its pattern."""

    curve: Curve
    pattern: Pattern
    name: str  # in a sentence: `retinaface, short (72 frames), 2 workers`

    @property
    def fastest(self) -> Unit:
        """Give the unit of the fastest batch."""
        return min(self.curve.units, key=lambda unit: fmean(unit.logs))


def findings(about: Sequence[ComparedCurve], margin: float) -> Iterator[Finding]:
    """Describe the curves of each model of device that has at least CURVES_MIN of them, and some decided."""
    about = [compared for compared in about if len(compared.curve.units) > 1]
    longer, shorter = batch_steps.find_longer(about, margin), batch_steps.find_shorter(about, margin)
    write_settings = make_settings_writer(compared.curve for compared in about)
    by_model: dict[tuple[str, str], list[PatternedCurve]] = {}
    for compared, losses, gains in zip(about, longer, shorter, strict=True):
        first, pattern = compared.curve.first, _pattern(compared.curve, losses, gains, margin)
        name = f"{unit_wording.detector_and_clip(first.row)}{write_settings(first)}"
        by_model.setdefault(_model(first), []).append(PatternedCurve(compared.curve, pattern, name))
    for members in by_model.values():
        if len(members) >= CURVES_MIN and any(member.pattern is not Pattern.UNDECIDED for member in members):
            yield _finding(members)


def _model(unit: Unit) -> tuple[str, str]:
    """Give the kind and the model of a unit's device; a processor of unknown model is a model of its own."""
    row = unit.row
    gpu = unit.target.name if unit.is_whole else row.gpu_name
    return row.device, gpu or (row.cpu_model if row.device == Device.CPU else None) or row.target_id


def _pattern(curve: Curve, losses: Sequence[BatchPair], gains: Sequence[BatchPair], margin: float) -> Pattern:
    """Name what larger batches do.

    Args:
        curve: At least two units.
        losses: Pairs whose larger batch takes longer.
        gains: Pairs whose larger batch takes less time.
        margin: Least log ratio that counts.
    """
    first, last = curve.units[0], curve.units[-1]
    if any(after is last for _, after in losses):
        return Pattern.TURNS if any(before is first for before, _ in gains) else Pattern.FALLS
    if any(before is first and after is last for before, after in gains):
        return Pattern.RISES
    fastest, *_, slowest = sorted(curve.units, key=lambda unit: fmean(unit.logs))
    decision = stats.decide(fastest.timings, slowest.timings, margin=margin)
    return Pattern.FLAT if decision.verdict is Verdict.EQUIVALENT else Pattern.UNDECIDED


def _finding(members: Sequence[PatternedCurve]) -> Finding:
    where = _where([member.curve.first for member in members])
    places = [unit_wording.place(member.curve.first) for member in members]
    if len(set(places)) > 1:
        members = [
            dataclasses.replace(one, name=f"{one.name}, {place}") for one, place in zip(members, places, strict=True)
        ]
    by_pattern = {pattern: [member for member in members if member.pattern is pattern] for pattern in Pattern}
    first, *others = sorted(((pattern, own) for pattern, own in by_pattern.items() if own), key=_rank)
    total = wording.count(len(members), "batch curve")
    share = f"all {total}" if not others else f"{len(first[1])} of {total}"
    clauses = [_clause(*first, share), *(_clause(*other, str(len(other[1]))) for other in others)]
    return Finding(
        kind=FindingKind.BATCH_PATTERN,
        text=f"On {where}, throughput with larger batches {'; '.join(clauses)}{_remark(members)}.",
        figures={"curves": len(members), **{pattern.name.lower(): len(own) for pattern, own in by_pattern.items()}},
        units=tuple(unit.key for member in members for unit in member.curve.units),
    )


def _remark(members: Sequence[PatternedCurve]) -> str:
    """Say that some of the patterns are hints: fewer than three invocations decide nothing."""
    told = [member.curve.units for member in members if member.pattern is not Pattern.UNDECIDED]
    reasons = [batch_steps.why_undecided(itertools.pairwise(units)) for units in told]
    if not any(reasons):
        return ""
    which = "" if all(reasons) else f" in {sum(map(bool, reasons))} of them"
    return f"; not decided{which}{next(filter(None, reasons))}"


def _rank(entry: tuple[Pattern, Sequence[PatternedCurve]]) -> tuple[bool, int]:
    """Sort patterns by the number of their curves; what is not decided comes last."""
    pattern, own = entry
    return pattern is Pattern.UNDECIDED, -len(own)


def _where(units: Sequence[Unit]) -> str:
    """Name the devices, and the kind of a processor: processors differ most in what larger batches do."""
    names, row = wording.listed(unit.target.name for unit in units), units[0].row
    processor = row.cpu_model or row.arch
    return f"{names} ({wording.short(processor)})" if row.device == Device.CPU and processor else names


def _clause(pattern: Pattern, own: Sequence[PatternedCurve], share: str) -> str:
    """Write what some curves do: `rises in 3 of 6 batch curves (b=16 is 2.3x to 7.7x as fast as b=1)`."""
    names = wording.phrases([member.name for member in own]) if len(own) <= wording.NAMED else ""
    figures = ""
    if pattern is Pattern.RISES:
        gains = judged_pairs.span(_ratio(member.curve.units[0], member.curve.units[-1]) for member in own)
        names, figures = "", f"{_batch(own, -1)} is {gains} as fast as {_batch(own, 0)}"
    if pattern in (Pattern.TURNS, Pattern.FALLS):
        losses = judged_pairs.span(_ratio(member.curve.units[-1], member.fastest) for member in own)
        figures = f"{_batch(own, -1)} takes {losses} as long as {_fastest_batch(own)}"
    detail = ": ".join(part for part in (figures, names) if part)
    return f"{pattern} in {share}{f' ({detail})' if detail else ''}"


def _ratio(slow: Unit, fast: Unit) -> float:
    return math.exp(fmean(slow.logs) - fmean(fast.logs))


def _batch(own: Sequence[PatternedCurve], place: int) -> str:
    """Name the smallest (0) or the largest (-1) batch of curves."""
    sizes = {member.curve.units[place].row.batch_size for member in own}
    return f"b={sizes.pop()}" if len(sizes) == 1 else f"the {'smallest' if place == 0 else 'largest'} batch"


def _fastest_batch(own: Sequence[PatternedCurve]) -> str:
    sizes = {member.fastest.row.batch_size for member in own}
    return f"b={sizes.pop()}" if len(sizes) == 1 else "the fastest batch"
