"""Slowdown evidence: what speaks for a one-off cost or a rate as the cause of a slowdown.

Flow: `Slowdown`, `RelatedCurves` -> `find_evidence` -> `SlowdownEvidence` -> `regressions`.
Pure. A one-off cost is paid once per call, whatever the call's work; a rate is paid for every frame or face. Inputs of
unlike work and first calls separate the two. A single input in a single batch cannot separate them.
"""

import dataclasses
from collections.abc import Hashable, Iterable
from statistics import fmean, median

from featray.analysis.diagnosis import batch_steps
from featray.analysis.diagnosis.batch_curves import Curve
from featray.analysis.diagnosis.slowdowns import Slowdown, batches, faces, frames
from featray.analysis.unit import Unit
from featray.core.rules import FEW_BATCHES

SAME_EXCESS = 0.25
"""Share within which two excesses are the same. Each is a difference of two times that may be off by the assumed sd, so
that an excess as large as the time itself is known to 8% and half as large to 15%, and two of them are compared."""

LENGTHS = 2.0
"""One input must have at least so many times the other's frames, and its faces, to separate one-off cost from rate: 72
frames of one face and 16 images of five faces cost a detector about the same, whatever a frame or a face costs."""

FIRST_SHARE = 0.5  # first calls explain an excess if they exceed the others by at least this share of it

ONE_OFF, RATE, UNDECIDED = "one-off cost", "rate", "not separable here"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SlowdownEvidence:
    """What speaks for either cause. Other slowdowns are between the same batches of the same detector."""

    same_per_call: tuple[Slowdown, ...]  # inputs of unlike work, the same excess per call
    other_per_call: tuple[Slowdown, ...]  # inputs of unlike work that are slower too, but by another excess per call
    same_per_work: tuple[Slowdown, ...]  # the same excess per frame or per face, of which they have unlike numbers
    on_other_gpus: tuple[Slowdown, ...]  # the same excess per call although the smaller batch is faster or slower there
    unaffected: tuple[Unit, ...]  # other inputs with enough batches, no slower
    first_calls: bool
    few_batches: bool

    @property
    def cause(self) -> str:
        """Name the cause, or say that it cannot be known here.

        A one-off cost is the same for every input: an input with another excess speaks against it.
        """
        if self.same_per_work and not self.same_per_call:
            return RATE
        return ONE_OFF if (self.same_per_call or self.first_calls) and not self.other_per_call else UNDECIDED

    @property
    def suggests_one_off(self) -> bool:
        """Return True if something points to a one-off cost although nothing proves it.

        Unlike GPUs pay a rate at unlike speeds. Few batches and unaffected inputs point to neither cause: here
        something may make it a rate that they do not have, such as five faces per image instead of one.
        """
        return not self.other_per_call and bool(self.on_other_gpus)


class RelatedCurves:
    """Curves by what may explain a slowdown: other inputs on its target, and its input on other targets."""

    def __init__(self, curves: Iterable[Curve]) -> None:
        self._by_target: dict[Hashable, list[Curve]] = {}
        self._by_input: dict[Hashable, list[Curve]] = {}
        for curve in curves:
            self._by_target.setdefault(_target_key(curve.first), []).append(curve)
            self._by_input.setdefault(_input_key(curve.first), []).append(curve)

    def other_inputs(self, slowdown: Slowdown) -> list[Slowdown]:
        """List the same two batches of the detector on other inputs of the same target and run."""
        others = (_between(curve, slowdown) for curve in self._by_target[_target_key(slowdown.after)])
        return [other for other in others if other and _input_key(other.after) != _input_key(slowdown.after)]

    def other_gpus(self, slowdown: Slowdown) -> list[Slowdown]:
        """List the same two batches of the detector and input on other models of GPU."""
        of_input = self._by_input[_input_key(slowdown.after)]
        others = (_between(curve, slowdown) for curve in of_input if not curve.first.is_whole)
        model = slowdown.after.row.gpu_name
        return [other for other in others if other and model and other.after.row.gpu_name not in (None, model)]


def _target_key(unit: Unit) -> Hashable:
    row = unit.row
    return row.detector, row.run_id, row.target_id, row.num_workers, unit.asked_threads, unit.processes, row.environment


def _input_key(unit: Unit) -> Hashable:
    return unit.row.detector, unit.row.device, unit.row.section_kind, unit.row.section_label


def _between(curve: Curve, slowdown: Slowdown) -> Slowdown | None:
    """Find the same two batches on another curve."""
    before, after = curve.at(slowdown.before.row.batch_size), curve.at(slowdown.after.row.batch_size)
    if before is None or after is None or after is slowdown.after:
        return None
    return Slowdown(before=before, after=after)


def find_evidence(slowdown: Slowdown, related: RelatedCurves, margin: float) -> SlowdownEvidence:
    """Look at the other curves and at the first calls for the cause of a slowdown."""
    other_inputs = related.other_inputs(slowdown)
    slower = [other for other in other_inputs if batch_steps.is_longer(other.before, other.after, margin)]
    unlike = [other for other in slower if _has_unlike_work(other, slowdown)]
    excess_s = slowdown.excess_s
    return SlowdownEvidence(
        same_per_call=tuple(other for other in unlike if _is_same(other.excess_s, excess_s)),
        other_per_call=tuple(other for other in unlike if not _is_same(other.excess_s, excess_s)),
        same_per_work=tuple(other for other in slower if _is_same_rate(other, slowdown)),
        on_other_gpus=tuple(other for other in related.other_gpus(slowdown) if _is_same_on_unlike(other, slowdown)),
        unaffected=tuple(other.after for other in other_inputs if _is_unaffected(other, margin)),
        first_calls=_are_first_calls(slowdown),
        few_batches=batches(slowdown.after) < FEW_BATCHES,
    )


def _has_unlike_work(other: Slowdown, slowdown: Slowdown) -> bool:
    """Return True if one input has more frames and more faces than the other, each by LENGTHS at least."""
    ratios = [_ratio(count(other.after), count(slowdown.after)) for count in (frames, faces)]
    return min(ratios) >= LENGTHS or max(ratios) <= 1 / LENGTHS


def _is_same_rate(other: Slowdown, slowdown: Slowdown) -> bool:
    """Return True if the excess per frame, or per face, is the same although the numbers are not."""
    for count in (frames, faces):
        one, two = count(other.after), count(slowdown.after)
        is_unlike = one and two and not 1 / LENGTHS < one / two < LENGTHS
        if one and two and is_unlike and _is_same(other.excess_s / one, slowdown.excess_s / two):
            return True
    return False


def _ratio(one: int | None, two: int | None) -> float:
    """Divide two counts; 1 if either is unknown, which is no difference."""
    return one / two if one and two else 1.0


def _is_same_on_unlike(other: Slowdown, slowdown: Slowdown) -> bool:
    """Return True if two GPUs of unlike speed have the same excess: a rate would follow the speed."""
    is_unlike = not _is_same(other.before.call_s or 0.0, slowdown.before.call_s or 0.0)
    return is_unlike and _is_same(other.excess_s, slowdown.excess_s)


def _is_unaffected(other: Slowdown, margin: float) -> bool:
    return fmean(other.after.logs) - fmean(other.before.logs) < margin and batches(other.after) >= FEW_BATCHES


def _is_same(excess: float, other: float) -> bool:
    return abs(excess - other) <= SAME_EXCESS * max(abs(excess), abs(other)) and excess * other > 0


def _are_first_calls(slowdown: Slowdown) -> bool:
    """Return True if the first timed call of most invocations holds the excess: warm-up was too short."""
    first_excesses = [
        row.timed_s[0] - median(row.timed_s[1:])
        for row in slowdown.after.measured
        if len(row.timed_s or ()) > 1 and row.timed_s
    ]
    return bool(first_excesses) and median(first_excesses) >= FIRST_SHARE * slowdown.excess_s
