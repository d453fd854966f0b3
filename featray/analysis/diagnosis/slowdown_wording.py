"""Slowdown wording: what a finding says about slower batches, and its clues to the cause.

Flow: `Effect` -> `what`, `clues` -> `regressions`. Pure.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from featray.analysis import unit_wording
from featray.analysis.diagnosis import slowdowns
from featray.analysis.diagnosis.slowdown_evidence import SlowdownEvidence
from featray.analysis.diagnosis.slowdowns import Slowdown
from featray.analysis.unit import Unit
from featray.core import wording

GROWN = 0.1  # a stage is named if its growth is at least this share of the excess


@dataclasses.dataclass(frozen=True)
class ExplainedSlowdown:
    """A slowdown and the evidence for its cause."""

    slowdown: Slowdown
    evidence: SlowdownEvidence


Effect = Sequence[ExplainedSlowdown]
"""The same slower batches of one detector on one target, on every input that shows them."""


def what(members: Sequence[Slowdown], settings: Callable[[Unit], str]) -> str:
    """Say which batches are slower than which, where, and by how much.

    Args:
        members: Slowdowns between the same batches on one target.
        settings: Names what else was set for a unit.
    """
    return _one(members[0], settings) if len(members) == 1 else _several(members, settings)


def _one(slowdown: Slowdown, settings: Callable[[Unit], str]) -> str:
    row, verb = slowdown.after.row, "looks" if slowdown.why_undecided else "is"
    return (
        f"{unit_wording.detector(row)} on {unit_wording.clip(row)}, {unit_wording.place(slowdown.after)}"
        f"{settings(slowdown.after)}, {verb} slower at {_larger(slowdown)} than at b={slowdown.before.row.batch_size} "
        f"({_times(slowdown)}): {_excess(slowdown)}{_remark(slowdown)}."
    )


def _several(members: Sequence[Slowdown], settings: Callable[[Unit], str]) -> str:
    after, before = members[0].after, members[0].before
    singular, plural = ("looks", "look") if members[0].why_undecided else ("is", "are")
    several_settings = len({settings(member.after) for member in members}) > 1
    place = unit_wording.place(after)
    where = place if several_settings else f"{place}{settings(after)}"
    larger, smaller = _larger(members[0]), before.row.batch_size
    if len({member.after.row.detector for member in members}) == 1:
        text, describe = (
            f"{unit_wording.detector(after.row)} on {where} {singular} slower at {larger} than at",
            unit_wording.clip,
        )
    else:
        text = f"On {where}, {larger} {plural if members[0].larger else singular} slower than"
        describe = unit_wording.detector_and_clip
    names = [f"{describe(member.after.row)}{settings(member.after) if several_settings else ''}" for member in members]
    parts = [f"{name} {_times(member)}, {_excess(member)}" for name, member in zip(names, members, strict=True)]
    return f"{text} b={smaller}: {wording.phrases(parts)}{_remark(members[0])}."


def _remark(slowdown: Slowdown) -> str:
    return f"; not decided{slowdown.why_undecided}" if slowdown.why_undecided else ""


def _slower_units(slowdown: Slowdown) -> tuple[Unit, ...]:
    return slowdown.after, *slowdown.larger


def _larger(slowdown: Slowdown) -> str:
    return _joined(f"b={unit.row.batch_size}" for unit in _slower_units(slowdown))


def _times(slowdown: Slowdown) -> str:
    """Write the times per frame: `94.0 against 19.4 ms/image`."""
    *larger, last = _slower_units(slowdown)
    smaller = [wording.milliseconds(unit.frame_s or math.nan) for unit in larger]
    return _joined([*smaller, unit_wording.per_frame(last, slowdown.before)])


def _excess(slowdown: Slowdown) -> str:
    excesses = [Slowdown(before=slowdown.before, after=unit).excess_s for unit in _slower_units(slowdown)]
    return f"{_joined(map(wording.extra, excesses))} more per call"


def _joined(values: Iterable[str]) -> str:
    *head, last = values
    return f"{', '.join(head)} and {last}" if head else last


def clues(effect: Effect, *, has_figures: bool = True) -> str:
    """Write the clues to the cause; empty if there are none.

    Args:
        effect: At least one slowdown.
        has_figures: Whether to give seconds, which differ between the detectors that share an effect.
    """
    found = (*_shared_clues(effect), *_clues_of_others(effect), *_clues_within(effect))
    return "; ".join(
        dict.fromkeys(f"{clue}{f' ({figure})' if figure and has_figures else ''}" for clue, figure in found)
    )


Clue = tuple[str, str]
"""What it says, and its figure; empty without one."""


def _shared_clues(effect: Effect) -> Iterator[Clue]:
    """Say what the inputs of an effect have in common, and which inputs do not show it."""
    if all(explained.evidence.few_batches for explained in effect):
        counts = {slowdowns.batches(explained.slowdown.after) for explained in effect}
        limit = "" if len(counts) == 1 else "at most "
        yield f"{limit}{wording.count(max(counts), 'batch', 'batches')} per call", ""
    for explained in effect:
        for other in explained.evidence.on_other_gpus[:1]:
            yield f"the same extra time on {unit_wording.place(other.after)}", wording.extra(other.excess_s)
    unaffected = {id(unit): unit for explained in effect for unit in explained.evidence.unaffected}
    if unaffected:
        yield f"{wording.listed(unit_wording.clip(unit.row) for unit in unaffected.values())} not slower", ""


def _clues_of_others(effect: Effect) -> Iterator[Clue]:
    """Say how much longer the same batches take on inputs that the finding does not list."""
    listed = {id(explained.slowdown.after) for explained in effect}
    for explained in effect:
        same_per_call, other_per_call, same_per_work = (
            [other for other in others if id(other.after) not in listed]
            for others in (
                explained.evidence.same_per_call,
                explained.evidence.other_per_call,
                explained.evidence.same_per_work,
            )
        )
        for other in same_per_call[:1]:
            yield f"as much more per call on {unit_wording.clip(other.after.row)}", wording.extra(other.excess_s)
        for other in sorted(other_per_call, key=lambda other: -abs(other.excess_s - explained.slowdown.excess_s))[:1]:
            yield f"not as much more per call on {unit_wording.clip(other.after.row)}", wording.extra(other.excess_s)
        for other in same_per_work[:1]:
            figure = f"{wording.milliseconds(other.frame_excess_s)} ms"
            yield f"as much more per frame on {unit_wording.clip(other.after.row)}", figure


def _clues_within(effect: Effect) -> Iterator[Clue]:
    """Say where in a call the extra time is."""
    if all(explained.evidence.first_calls for explained in effect):
        yield "the first timed call takes most of it", ""
    grown = [_grown_stages(explained.slowdown) for explained in effect]
    if all(grown):
        stages = {stage: growth_s for own in grown for stage, growth_s in own.items()}
        figures = (
            wording.listed(f"+{wording.extra(growth_s)}" for growth_s in stages.values()) if len(effect) == 1 else ""
        )
        yield f"stages that take longer: {wording.listed(stages)}", figures


def _grown_stages(slowdown: Slowdown) -> Mapping[str, float]:
    """List the stages that take longer at the larger batch, with the seconds per call, the most first."""
    before, after = slowdown.before.stages_s, slowdown.after.stages_s
    growth_s = {stage: after[stage] - before[stage] for stage in after if stage in before}
    grown = [stage for stage in growth_s if growth_s[stage] >= GROWN * slowdown.excess_s]
    return {stage: growth_s[stage] for stage in sorted(grown, key=lambda stage: -growth_s[stage])}
