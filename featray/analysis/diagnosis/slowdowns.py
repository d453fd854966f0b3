"""Slowdowns: larger batches that are slower than smaller ones, and the evidence for their cause.

Flow: batch curves -> `find` -> `Slowdown`; `find_evidence` -> `SlowdownEvidence` -> `regressions`.
Pure. A one-off cost is paid once per call, whatever the call's length; a rate is paid for every frame. Inputs of
different length and first calls separate the two. A single input in a single batch cannot separate them.
"""

import dataclasses
import math
from collections.abc import Hashable, Iterable, Iterator
from statistics import fmean, median

from featray.analysis.diagnosis import batch_curves
from featray.analysis.diagnosis.batch_curves import Curve
from featray.analysis.units import Unit
from featray.core.rules import FEW_BATCHES

SAME_EXCESS = 0.25
"""Share within which two excesses are the same. Each is a difference of two times that may be off by the assumed sd, so
that an excess as large as the time itself is known to 8% and half as large to 15%, and two of them are compared."""

LENGTHS = 2.0  # one input must have at least so many times the other's frames to separate one-off cost from rate
FIRST_SHARE = 0.5  # first calls explain an excess if they exceed the others by at least this share of it

ONE_OFF, RATE, UNDECIDED = "one-off cost", "rate", "not separable here"


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
    """What speaks for either cause. Other slowdowns are between the same batches of the same detector."""

    same_per_call: tuple[Slowdown, ...]  # other lengths, the same excess per call
    other_per_call: tuple[Slowdown, ...]  # other lengths that are slower too, but by another excess per call
    same_per_frame: tuple[Slowdown, ...]  # other lengths, the same excess per frame
    on_other_gpus: tuple[Slowdown, ...]  # the same excess per call
    unaffected: tuple[Unit, ...]  # other inputs with enough batches, no slower
    first_calls: bool
    few_batches: bool

    @property
    def cause(self) -> str:
        """Name the cause, or say that it cannot be known here.

        A one-off cost is the same for every length: a length with another excess speaks against it.
        """
        if self.same_per_frame and not self.same_per_call:
            return RATE
        return ONE_OFF if (self.same_per_call or self.first_calls) and not self.other_per_call else UNDECIDED

    @property
    def suggests_one_off(self) -> bool:
        """Return True if something points to a one-off cost although nothing proves it.

        Unaffected inputs point to neither cause: here something may make it a rate that they do not have, such as five
        faces per image instead of one.
        """
        return not self.other_per_call and (self.few_batches or bool(self.on_other_gpus))


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
        others = (_between(curve, slowdown) for curve in self._by_input[_input_key(slowdown.after)])
        model = slowdown.after.row.gpu_name
        return [other for other in others if other and model and other.after.row.gpu_name not in (None, model)]


def _target_key(unit: Unit) -> Hashable:
    return unit.row.detector, unit.row.run_id, unit.row.target_id


def _input_key(unit: Unit) -> Hashable:
    return unit.row.detector, unit.row.device, unit.row.section_kind, unit.row.section_label


def _between(curve: Curve, slowdown: Slowdown) -> Slowdown | None:
    """Find the same two batches on another curve."""
    before, after = curve.at(slowdown.before.row.batch_size), curve.at(slowdown.after.row.batch_size)
    if before is None or after is None or after is slowdown.after:
        return None
    return Slowdown(before=before, after=after)


def find(curve: Curve, margin: float) -> Iterator[Slowdown]:
    """List the batches of a curve that are slower than the fastest smaller batch."""
    for index, after in enumerate(curve.units[1:], start=1):
        before = min(curve.units[:index], key=lambda unit: fmean(unit.logs))
        if batch_curves.is_slower(before, after, margin):
            yield Slowdown(before=before, after=after)


def find_evidence(slowdown: Slowdown, related: RelatedCurves, margin: float) -> SlowdownEvidence:
    """Look at the other curves and at the first calls for the cause of a slowdown."""
    other_inputs = related.other_inputs(slowdown)
    other_lengths = [
        other
        for other in other_inputs
        if batch_curves.is_slower(other.before, other.after, margin) and _has_other_length(other, slowdown)
    ]
    excess_s, frame_excess_s = slowdown.excess_s, slowdown.frame_excess_s
    return SlowdownEvidence(
        same_per_call=tuple(other for other in other_lengths if _is_same(other.excess_s, excess_s)),
        other_per_call=tuple(other for other in other_lengths if not _is_same(other.excess_s, excess_s)),
        same_per_frame=tuple(other for other in other_lengths if _is_same(other.frame_excess_s, frame_excess_s)),
        on_other_gpus=tuple(other for other in related.other_gpus(slowdown) if _is_same(other.excess_s, excess_s)),
        unaffected=tuple(other.after for other in other_inputs if _is_unaffected(other, margin)),
        first_calls=_are_first_calls(slowdown),
        few_batches=batches(slowdown.after) < FEW_BATCHES,
    )


def _has_other_length(other: Slowdown, slowdown: Slowdown) -> bool:
    shorter, longer = sorted((other.after.row.frames or 1, slowdown.after.row.frames or 1))
    return longer / shorter >= LENGTHS


def _is_unaffected(other: Slowdown, margin: float) -> bool:
    return fmean(other.after.logs) - fmean(other.before.logs) < margin and batches(other.after) >= FEW_BATCHES


def _is_same(excess: float, other: float) -> bool:
    return abs(excess - other) <= SAME_EXCESS * max(abs(excess), abs(other)) and excess * other > 0


def batches(unit: Unit) -> int:
    """Count the batches of a call."""
    return unit.row.batches or -(-(unit.row.frames or 0) // unit.row.batch_size)


def _are_first_calls(slowdown: Slowdown) -> bool:
    """Return True if the first timed call of most invocations holds the excess: warm-up was too short."""
    first_excesses = [
        row.timed_s[0] - median(row.timed_s[1:])
        for row in slowdown.after.measured
        if len(row.timed_s or ()) > 1 and row.timed_s
    ]
    return bool(first_excesses) and median(first_excesses) >= FIRST_SHARE * slowdown.excess_s
