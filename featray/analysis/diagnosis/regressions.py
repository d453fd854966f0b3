"""Regressions along the batch size: a larger batch that is slower, and whether that is a one-off cost or a rate.

A one-off cost is paid once per call, whatever its length; a rate is paid for every frame. They are told apart by inputs
of different length, by first calls, and by nothing else: a single input of a single batch cannot tell, and the finding
then says so and names the cells that would.
"""

import dataclasses
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from statistics import fmean, median

from featray import stats
from featray.analysis import unit_wording
from featray.analysis.comparison import Calibration
from featray.analysis.diagnosis import batch_curves
from featray.analysis.diagnosis.batch_curves import Curve
from featray.analysis.diagnosis.finding import Finding, FindingKind, WantedCells
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.invocation import FEW_BATCHES

SAME_EXCESS = 0.25
"""Two excesses are the same within this share: each is a difference of two times that may be off by the assumed sd, so
that an excess as large as the time itself is known to 8% and half as large to 15%, and two of them are compared."""

LENGTHS = 2.0  # inputs tell one-off cost from rate when one has at least so many times the other's frames
FIRST_SHARE = 0.5  # first calls explain an excess when they exceed the others by at least this share of it


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slowdown:
    """A batch size that is slower than a smaller one."""

    before: Unit  # the fastest smaller batch
    after: Unit

    @property
    def excess_s(self) -> float:
        """Give the seconds per call that the larger batch costs more."""
        return (self.after.call_s or math.nan) - (self.before.call_s or math.nan)

    @property
    def frame_excess_s(self) -> float:
        """Give the same per frame."""
        return self.excess_s / (self.after.row.frames or math.nan)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SlowdownEvidence:
    """What speaks for either cause. Other rises are between the same batches of the same detector."""

    additive: tuple[Slowdown, ...]  # other lengths, the same excess per call
    dissenting: tuple[Slowdown, ...]  # other lengths that rose too, but by another excess per call
    proportional: tuple[Slowdown, ...]  # other lengths, the same excess per frame
    elsewhere: tuple[Slowdown, ...]  # other GPUs, the same excess per call
    unaffected: tuple[Unit, ...]  # other inputs with enough batches, no slower
    first_calls: bool
    few_batches: bool

    @property
    def verdict(self) -> str:
        """Name the cause, or that it cannot be told here.

        A one-off cost is the same for every length: one that pays another excess speaks against it.
        """
        if self.proportional and not self.additive:
            return RATE
        return ONE_OFF if (self.additive or self.first_calls) and not self.dissenting else UNDECIDED

    @property
    def suggests_one_off(self) -> bool:
        """Tell whether anything points to a one-off cost though nothing proves it.

        That other inputs are not affected points to neither: they may have what makes it a rate here, such as one face
        to an image instead of five.
        """
        return not self.dissenting and (self.few_batches or bool(self.elsewhere))


ONE_OFF, RATE, UNDECIDED = "one-off cost", "rate", "not separable here"


def findings(
    units: Iterable[Unit], baseline: Iterable[Unit], margin: float, known: Mapping[str, Calibration]
) -> Iterator[Finding]:
    """List every curve of the report that rises again, explained by its own and the baseline's other curves."""
    found = batch_curves.gather(units)
    related = _Related([*found, *batch_curves.gather(baseline)])
    for curve in found:
        for rise in _rises(curve, margin, known):
            yield _finding(rise, _evidence(rise, related, margin, known))


class _Related:
    """Curves by what may explain another: other inputs on its target, and its input elsewhere."""

    def __init__(self, found: Iterable[Curve]) -> None:
        self._here: dict[Hashable, list[Curve]] = {}
        self._elsewhere: dict[Hashable, list[Curve]] = {}
        for curve in found:
            self._here.setdefault(_here(curve.first), []).append(curve)
            self._elsewhere.setdefault(_clip(curve.first), []).append(curve)

    def inputs(self, rise: Slowdown) -> list[Slowdown]:
        """List the same two batches of the detector on other inputs of the same target and run."""
        others = (_between(curve, rise) for curve in self._here[_here(rise.after)])
        return [other for other in others if other and _clip(other.after) != _clip(rise.after)]

    def gpus(self, rise: Slowdown) -> list[Slowdown]:
        """List the same two batches of the detector and input on other models of GPU."""
        others = (_between(curve, rise) for curve in self._elsewhere[_clip(rise.after)])
        name = rise.after.row.gpu_name
        return [other for other in others if other and name and other.after.row.gpu_name not in (None, name)]


def _here(unit: Unit) -> Hashable:
    return unit.row.detector, unit.row.run_id, unit.row.target_id


def _clip(unit: Unit) -> Hashable:
    return unit.row.detector, unit.row.device, unit.row.section_kind, unit.row.section_label


def _rises(curve: Curve, margin: float, known: Mapping[str, Calibration]) -> Iterator[Slowdown]:
    for place, after in enumerate(curve.units[1:], start=1):
        before = min(curve.units[:place], key=lambda unit: fmean(unit.logs))
        if batch_curves.is_slower(before, after, margin, known):
            yield Slowdown(before=before, after=after)


def _evidence(rise: Slowdown, related: _Related, margin: float, known: Mapping[str, Calibration]) -> SlowdownEvidence:
    inputs = related.inputs(rise)
    risen = [
        other
        for other in inputs
        if batch_curves.is_slower(other.before, other.after, margin, known) and _is_other_length(other, rise)
    ]
    return SlowdownEvidence(
        additive=tuple(other for other in risen if _is_same(other.excess_s, rise.excess_s)),
        dissenting=tuple(other for other in risen if not _is_same(other.excess_s, rise.excess_s)),
        proportional=tuple(other for other in risen if _is_same(other.frame_excess_s, rise.frame_excess_s)),
        elsewhere=tuple(other for other in related.gpus(rise) if _is_same(other.excess_s, rise.excess_s)),
        unaffected=tuple(
            other.after
            for other in inputs
            if fmean(other.after.logs) - fmean(other.before.logs) < margin and _batches(other.after) >= FEW_BATCHES
        ),
        first_calls=_are_first_calls(rise),
        few_batches=_batches(rise.after) < FEW_BATCHES,
    )


def _between(curve: Curve, rise: Slowdown) -> Slowdown | None:
    """Find the same two batches on another curve."""
    before, after = curve.at(rise.before.row.batch_size), curve.at(rise.after.row.batch_size)
    if before is None or after is None or after is rise.after:
        return None
    return Slowdown(before=before, after=after)


def _is_other_length(other: Slowdown, rise: Slowdown) -> bool:
    lengths = sorted((other.after.row.frames or 1, rise.after.row.frames or 1))
    return lengths[1] / lengths[0] >= LENGTHS


def _is_same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME_EXCESS * max(abs(one), abs(other)) and one * other > 0


def _batches(unit: Unit) -> int:
    return unit.row.batches or -(-(unit.row.frames or 0) // unit.row.batch_size)


def _are_first_calls(rise: Slowdown) -> bool:
    """Tell whether the first timed call of most invocations holds the excess: a warm-up that was too short."""
    firsts = [
        row.timed_s[0] - median(row.timed_s[1:])
        for row in rise.after.measured
        if len(row.timed_s or ()) > 1 and row.timed_s
    ]
    return bool(firsts) and median(firsts) >= FIRST_SHARE * rise.excess_s


def _finding(rise: Slowdown, evidence: SlowdownEvidence) -> Finding:
    after, before = rise.after, rise.before
    text = (
        f"{unit_wording.detector(after.row)} on {unit_wording.clip(after.row)}, {after.target.name}, is slower at "
        f"b={after.row.batch_size} than at b={before.row.batch_size} ({unit_wording.per_frame(after, before)}): "
        f"{wording.extra(rise.excess_s)} more per call"
    )
    clues = "; ".join(_clues(rise, evidence))
    return Finding(
        kind=FindingKind.BATCH_CURVE,
        text=f"{text}{'; ' + clues if clues else ''}; {_conclusion(rise, evidence)}.",
        figures={
            "excess_s": rise.excess_s,
            "frame_s": after.frame_s,
            "frame_s_before": before.frame_s,
            "batches": _batches(after),
            "cause": evidence.verdict,
        },
        units=(before.key, after.key),
        wanted=_wanted(rise) if evidence.verdict == UNDECIDED else (),
    )


def _clues(rise: Slowdown, evidence: SlowdownEvidence) -> Iterator[str]:
    if evidence.few_batches:
        yield f"{wording.count(_batches(rise.after), 'batch', 'batches')} per call"
    for other in evidence.elsewhere[:1]:
        yield f"the same excess on {other.after.target.name} ({wording.extra(other.excess_s)})"
    if evidence.unaffected:
        yield f"{wording.listed(unit_wording.clip(unit.row) for unit in evidence.unaffected)} not affected"
    for other in evidence.additive[:1]:
        clip = unit_wording.clip(other.after.row)
        yield f"{clip} pays {wording.extra(other.excess_s)} per call too{_but(evidence)}"
    for other in evidence.proportional[:1]:
        clip = unit_wording.clip(other.after.row)
        yield f"{clip} pays as much per frame ({wording.milliseconds(other.frame_excess_s)} ms)"
    if evidence.first_calls:
        yield "the first timed call holds most of it"
    grown = _grown(rise)
    if grown:
        yield f"grown stages: {wording.listed(grown)}"


def _but(evidence: SlowdownEvidence) -> str:
    """Name the length that pays most otherwise."""
    if not evidence.dissenting:
        return ""
    most = max(evidence.dissenting, key=lambda other: abs(other.excess_s))
    return f", but {unit_wording.clip(most.after.row)} {wording.extra(most.excess_s)}"


GROWN = 0.1  # a stage is named when it holds at least this share of the excess


def _grown(rise: Slowdown) -> list[str]:
    """Name the stages that grew from the smaller batch to the larger, the most first."""
    before, after = rise.before.stages_s, rise.after.stages_s
    growth = {name: after[name] - before[name] for name in after if name in before}
    named = sorted((name for name in growth if growth[name] >= GROWN * rise.excess_s), key=lambda name: -growth[name])
    return [f"{name} +{wording.extra(growth[name])}" for name in named]


def _conclusion(rise: Slowdown, evidence: SlowdownEvidence) -> str:
    if evidence.verdict != UNDECIDED:
        return f"that is a {evidence.verdict}"
    suspect = "a one-off cost is suspected, but " if evidence.suggests_one_off else "one-off cost or rate: "
    batches = f"b={rise.before.row.batch_size} and b={rise.after.row.batch_size}"
    return f"{suspect}{UNDECIDED}; to tell, measure {_other_length(rise)[0]} at {batches}"


def _wanted(rise: Slowdown) -> tuple[WantedCells, ...]:
    """Ask for both batches on two lengths of the same input."""
    what, longer_or_shorter = _other_length(rise)
    batches = {"batch_size": (rise.before.row.batch_size, rise.after.row.batch_size)}
    return tuple(
        WantedCells(
            unit=rise.after,
            reason=f"tells a one-off cost from a rate: {what}",
            settings={**batches, **length},
            invocations=stats.PILOT,
            against=None,  # its lengths are compared with each other
        )
        for length in ({}, longer_or_shorter)
        if length is not None
    )


def _other_length(rise: Slowdown) -> tuple[str, Mapping[str, tuple[int, ...]] | None]:
    """Describe the input with LENGTHS times the images or more, in FEW_BATCHES batches, or with half the frames.

    A clip cannot be made longer. One of a single batch cannot be halved either, and another clip has to tell.
    """
    row, asked = rise.after.row, rise.after.asked.get("input")
    known, frames, batch = asked if isinstance(asked, dict) else {}, row.frames or 1, row.batch_size
    if not rise.after.is_video:
        copies = int(known.get("copies") or _copies(rise.after))
        times = math.ceil(max(FEW_BATCHES * batch, LENGTHS * frames) / frames)
        often = "twice" if times == 2 else f"{times} times"
        return f"{often} the images as well ({times * frames} in all)", {"copies": (copies * times,)}
    half = int(frames / LENGTHS)
    if half <= batch:
        return "a clip of at least twice the length", None
    return f"the first {half} frames as well", {"frame_limit": (half * int(known.get("skip_frames") or 1),)}


def _copies(unit: Unit) -> int:
    """Read how often an imported list of images repeats: py-feat's labels say `16 x multi_face.jpg = 80 faces`."""
    head = unit.row.section_label.partition(" x ")[0]
    return int(head) if head.isdigit() else 1
