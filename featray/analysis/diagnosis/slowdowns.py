"""Slowdowns: larger batches that are slower than smaller ones.

Flow: `batch_steps.ComparedCurve` -> `find` -> `Slowdown` -> `slowdown_evidence`, `regressions`. Pure.
"""

import dataclasses
import math
from collections.abc import Sequence

from featray.analysis.diagnosis import batch_steps
from featray.analysis.diagnosis.batch_steps import BatchPair, ComparedCurve
from featray.analysis.unit import Unit
from featray.core import inputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slowdown:
    """A batch size that is slower than a smaller one."""

    before: Unit  # the largest smaller batch that is not slower itself
    after: Unit  # the smallest that is slower than it
    larger: tuple[Unit, ...] = ()  # further batches that are slower than the same smaller one

    @property
    def excess_s(self) -> float:
        """Give the seconds per call that the larger batch costs more."""
        return (self.after.call_s or math.nan) - (self.before.call_s or math.nan)

    @property
    def why_undecided(self) -> str:
        """Say why it is a hint and no fact, in brackets; empty if it is decided."""
        return batch_steps.why_undecided((self.before, unit) for unit in (self.after, *self.larger))

    @property
    def frame_excess_s(self) -> float:
        """Give the same per frame."""
        return self.excess_s / (self.after.row.frames or math.nan)


def find(about: Sequence[ComparedCurve], margin: float) -> list[Slowdown]:
    """List the batches of a report's curves that are slower than a smaller one, corrected for their number."""
    return [slowdown for pairs in batch_steps.find_longer(about, margin) for slowdown in _of_curve(pairs)]


def _of_curve(pairs: Sequence[BatchPair]) -> list[Slowdown]:
    """Measure each slower batch from the largest smaller one that is not slower itself.

    It is the neighbour of the turn, also where several smaller batches are equally fast, so that one effect has one
    name. Batches that are slower than the same one are one slowdown.
    """
    slower = {id(after) for _, after in pairs}
    before_of: dict[int, BatchPair] = {}
    for before, after in pairs:
        best = before_of.get(id(after))
        if id(before) not in slower and (best is None or before.row.batch_size > best[0].row.batch_size):
            before_of[id(after)] = before, after
    by_before: dict[int, list[BatchPair]] = {}
    for before, after in sorted(before_of.values(), key=lambda pair: pair[1].row.batch_size):
        by_before.setdefault(id(before), []).append((before, after))
    return [
        Slowdown(before=members[0][0], after=members[0][1], larger=tuple(after for _, after in members[1:]))
        for members in by_before.values()
    ]


def faces(unit: Unit) -> int | None:
    """Count the faces of a call: as detected, or as the catalogue and the report say; None if unknown."""
    row = unit.row
    clip = inputs.CATALOGUE.get(row.input)
    if row.faces is not None:
        return row.faces
    if clip is not None and clip.faces is not None and row.section_label == clip.section_label:
        return clip.frames * clip.faces
    return row.fex_rows


def frames(unit: Unit) -> int | None:
    """Count the frames or images of a call; None if unknown."""
    return unit.row.frames


def batches(unit: Unit) -> int:
    """Count the batches of a call."""
    return unit.row.batches or -(-(unit.row.frames or 0) // unit.row.batch_size)
