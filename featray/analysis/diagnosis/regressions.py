"""Regressions along the batch size: larger batches that are slower, whether that is a one-off cost or a rate.

Flow: `slowdowns` -> `slowdown_evidence` -> `findings`. Pure.
One effect is told once: the same batches of one detector on one target, for all inputs that show it. If the rows cannot
separate the two causes, the finding says so and names the cells that would. What fewer than three invocations show is
a hint: it is worded so, and asks for no cells unless it is imported, where a report is all that there is.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.diagnosis import batch_curves, slowdown_evidence, slowdown_wording, slowdowns
from featray.analysis.diagnosis.batch_curves import Curve
from featray.analysis.diagnosis.batch_steps import ComparedCurve
from featray.analysis.diagnosis.finding import Finding, FindingKind, WantedCells
from featray.analysis.diagnosis.slowdown_evidence import LENGTHS, ONE_OFF, RATE, UNDECIDED, RelatedCurves
from featray.analysis.diagnosis.slowdown_wording import Effect, ExplainedSlowdown
from featray.analysis.diagnosis.slowdowns import Slowdown
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.rules import FEW_BATCHES


def findings(about: Sequence[ComparedCurve], baseline: Iterable[Curve], margin: float) -> Iterator[Finding]:
    """List every effect of the report, explained by its own and the baseline's other curves.

    Args:
        about: Curves of the report.
        baseline: Curves of the baseline.
        margin: Least log ratio that counts.
    """
    related = RelatedCurves([*(compared.curve for compared in about), *baseline])
    settings = batch_curves.make_settings_writer(compared.curve for compared in about)
    effects: dict[Hashable, list[ExplainedSlowdown]] = {}
    for slowdown in slowdowns.find(about, margin):
        evidence = slowdown_evidence.find_evidence(slowdown, related, margin)
        effects.setdefault(_effect_key(slowdown), []).append(ExplainedSlowdown(slowdown, evidence))
    for same in _told_alike(effects.values()):
        yield _finding(same, settings)


def _effect_key(slowdown: Slowdown) -> Hashable:
    row = slowdown.after.row
    settings = row.num_workers, slowdown.after.asked_threads, slowdown.after.processes, row.environment, row.weights
    return row.detector, row.run_id, row.target_id, settings, _batches(slowdown), slowdown.why_undecided


def _batches(slowdown: Slowdown) -> tuple[int, ...]:
    units = slowdown.before, slowdown.after, *slowdown.larger
    return tuple(unit.row.batch_size for unit in units)


def _told_alike(effects: Iterable[Effect]) -> list[list[Effect]]:
    """Group the effects of several detectors and settings on one target that differ in their figures only."""
    groups: dict[Hashable, list[Effect]] = {}
    for effect in effects:
        slowdown = effect[0].slowdown
        place = slowdown.after.row.run_id, slowdown.after.row.target_id
        text = slowdown_wording.clues(effect, has_figures=False), _conclusion(effect)
        groups.setdefault((place, _batches(slowdown), slowdown.why_undecided, text), []).append(effect)
    return list(groups.values())


def _finding(effects: Sequence[Effect], settings: Callable[[Unit], str]) -> Finding:
    members = [explained.slowdown for effect in effects for explained in effect]
    first, effect = members[0], effects[0]
    clues = "" if _is_hint(effect) else slowdown_wording.clues(effect, has_figures=len(effects) == 1)
    units = [unit.key for member in members for unit in (member.before, member.after, *member.larger)]
    return Finding(
        kind=FindingKind.BATCH_CURVE,
        text=f"{slowdown_wording.what(members, settings)}{f' Clues: {clues}.' if clues else ''} {_conclusion(effect)}",
        figures={
            "excess_s": first.excess_s,
            "frame_s": first.after.frame_s,
            "frame_s_before": first.before.frame_s,
            "batches": slowdowns.batches(first.after),
            "curves": len(members),
            "cause": _cause(effect),
        },
        units=tuple(dict.fromkeys(units)),
        wanted=tuple(wanted for same in effects for wanted in _wanted(same)),
    )


def _is_hint(effect: Effect) -> bool:
    """Return True if too few invocations were measured to look for a cause; a report will never have more."""
    slowdown = effect[0].slowdown
    return bool(slowdown.why_undecided) and not slowdown.after.is_imported


def _cause(effect: Effect) -> str:
    """Name the cause that some input shows, if no other input shows the other one."""
    if _is_hint(effect):
        return UNDECIDED
    causes = {explained.evidence.cause for explained in effect} - {UNDECIDED}
    return causes.pop() if len(causes) == 1 else UNDECIDED


def _conclusion(effect: Effect) -> str:
    cause, verb = _cause(effect), "looks like" if effect[0].slowdown.why_undecided else "is"
    if _is_hint(effect):
        return f"Measure both batches at least {stats.INVOCATIONS_MIN} times."
    if cause == ONE_OFF:
        return f"This {verb} a one-off cost{_where_shown(effect)}: every call pays it once."
    if cause == RATE:
        return f"This {verb} a rate{_where_shown(effect)}: it grows with the frames and faces of a call."
    suspicion = (
        "Probably a one-off cost, but these runs cannot prove it."
        if all(explained.evidence.suggests_one_off for explained in effect)
        else "These runs cannot separate a cost per call from a cost per frame."
    )
    slowdown = effect[0].slowdown
    batches = f"b={slowdown.before.row.batch_size} and b={slowdown.after.row.batch_size}"
    return f"{suspicion} To find out, measure {_other_length(slowdown)[0]} at {batches}."


def _where_shown(effect: Effect) -> str:
    """Name the inputs that show the cause, if others do not."""
    clips = [
        unit_wording.clip(explained.slowdown.after.row) for explained in effect if explained.evidence.cause != UNDECIDED
    ]
    return "" if len(clips) == len(effect) else f" on {wording.listed(clips)}"


def _wanted(effect: Effect) -> tuple[WantedCells, ...]:
    """Ask for both batches on two lengths of the first input, if the cause is unknown."""
    if _cause(effect) != UNDECIDED or _is_hint(effect):
        return ()
    slowdown = effect[0].slowdown
    description, other_length = _other_length(slowdown)
    batches = {"batch_size": (slowdown.before.row.batch_size, slowdown.after.row.batch_size)}
    return tuple(
        WantedCells(
            unit=slowdown.after,
            reason=f"separates a cost per call from a cost per frame: {description}",
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
