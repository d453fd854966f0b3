"""Recommendation cautions: what makes the recommended setting doubtful, and which others may be better.

Flow: `settings.Setting` -> `of_best` -> `recommendation`. Pure. Warnings about one unit come from `cautions`.
"""

from collections.abc import Iterator, Sequence

from featray import stats
from featray.analysis import cautions, unit_wording
from featray.analysis.advice import settings, speeds
from featray.analysis.advice.candidates import Candidate
from featray.analysis.advice.memory_use import MemoryScope
from featray.analysis.advice.settings import Setting
from featray.analysis.cautions import Caution, CautionKind
from featray.analysis.unit import Unit
from featray.core import wording


def of_best(best: Setting, others: Sequence[Setting], left_out: Sequence[Unit]) -> Iterator[Caution]:
    """List the cautions about a recommendation.

    Args:
        best: The recommended setting.
        others: Settings of other detectors and targets, compared with it.
        left_out: Units of which it is unknown whether they fit into the memory.
    """
    yield from cautions.of_origin(best.unit)
    yield from cautions.few_invocations(best.unit)
    yield from cautions.of_times(best.unit)
    yield from _outdated(best.candidate)
    yield from _weaker(best)
    yield from _tied(others)
    yield from _claimed(best, others)
    yield from _memory(best)
    if left_out:
        verb, pronoun = ("is", "its") if len(left_out) == 1 else ("are", "their")
        sentence = f"{wording.count(len(left_out), 'setting')} {verb} left out because {pronoun} memory use is unknown"
        yield Caution(
            kind=CautionKind.UNKNOWN_MEMORY,
            sentence=sentence,
            what_to_do="Measure again while nobody else uses the GPU",
            units=tuple(left_out),
        )


def _outdated(candidate: Candidate) -> Iterator[Caution]:
    if candidate.older:
        yield Caution(
            kind=CautionKind.STALE,
            sentence=f"measured before a change ({wording.listed(candidate.older)}); since then nothing was measured "
            f"{stats.INVOCATIONS_MIN} times without a failure",
            what_to_do="Measure it again",
            units=(candidate.unit,),
        )
    if candidate.is_pyfeat_protocol and not candidate.unit.is_imported:
        yield Caution(
            kind=CautionKind.UNMET,
            sentence="measured as py-feat's own script does, with one warm-up call and one timed call",
            what_to_do="Measure it with `protocol: featray`",
            units=(candidate.unit,),
        )


def _weaker(best: Setting) -> Iterator[Caution]:
    """Name settings of the same detector and target that look faster, but were measured too few times."""
    speed = speeds.of_calls(best.unit).hz
    few = [
        candidate.unit
        for candidate in best.weaker
        if candidate.is_few and not (candidate.failures or candidate.older or best.unit.is_imported)
        if candidate.size != best.candidate.size and candidate.unit.throughput_hz > speed
    ]
    if few:
        names = list(dict.fromkeys(", ".join(unit_wording.settings(unit)) for unit in few))
        verb, pronoun = ("has", "it") if len(names) == 1 else ("have", "them")
        text = f"{wording.phrases(names)} may be faster, but {verb} fewer than {stats.INVOCATIONS_MIN} invocations"
        yield Caution(
            kind=CautionKind.FEW,
            sentence=text,
            what_to_do=f"Measure {pronoun} in one sweep with this setting",
            units=tuple(few),
        )


def _tied(others: Sequence[Setting]) -> Iterator[Caution]:
    """Name measured settings of other detectors and targets that are not decided to be slower."""
    near = [setting.unit for setting in others if not setting.unit.is_imported and _may_be_as_fast(setting)]
    if near:
        difference = "the difference is" if len(near) == 1 else "the differences are"
        sentence = f"{wording.count(len(near), 'other setting')} may be as fast: {difference} not decided"
        yield Caution(
            kind=CautionKind.TIED, sentence=sentence, what_to_do="Measure them in one sweep", units=tuple(near)
        )


def _may_be_as_fast(setting: Setting) -> bool:
    pair = setting.against_best
    return pair is not None and not pair.is_decided and settings.is_equally_good(pair)


def _claimed(best: Setting, others: Sequence[Setting]) -> Iterator[Caution]:
    """Name imported settings that a report says are faster than what featray measured."""
    faster = [
        setting.unit
        for setting in others
        if setting.unit.is_imported and not best.unit.is_imported and setting.frames_per_s > best.frames_per_s
    ]
    if faster:
        verb = "is" if len(faster) == 1 else "are"
        sentence = f"{wording.count(len(faster), 'imported setting')} {verb} faster according to a report"
        yield Caution(
            kind=CautionKind.IMPORTED, sentence=sentence, what_to_do="Measure them with featray", units=tuple(faster)
        )


def _memory(best: Setting) -> Iterator[Caution]:
    if best.memory and best.memory.scope is MemoryScope.SHARED:
        yield Caution(
            kind=CautionKind.UNKNOWN_MEMORY,
            sentence=f"{wording.size(best.memory.size_b)} of memory were in use on the GPU, other processes included; "
            "what the setting takes itself is unknown",
            what_to_do="Measure again while nobody else uses the GPU",
            units=(best.unit,),
        )


def of_longer_clip(best: Setting, longest: Setting) -> Iterator[Caution]:
    """Warn if the longest clip has another detector or target: only its speed is hardly affected by start-up."""
    is_shorter = best.unit.is_video and (best.unit.row.frames or 0) < (longest.unit.row.frames or 0)
    if is_shorter and longest.unit.is_video and best.candidate.detector != longest.candidate.detector:
        label, detector = wording.plain(longest.unit.row.section_label), wording.short(longest.unit.row.detector)
        yield Caution(
            kind=CautionKind.TIED,
            sentence=f"for a longer clip, {label}, {detector} on {longest.unit.target.place} is recommended",
            what_to_do="Use that one unless your clips are as short as this one",
            units=(longest.unit,),
        )
