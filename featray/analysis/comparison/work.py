"""Work: whether two units computed the same, by what was resolved and by what came out.

Outputs are not bit-stable, so a digest of them would refuse what is equal: batch 1 against 4, or 1 thread against 2,
moves continuous values by up to 6e-5 on a CPU, and where one comes from trees it may jump.
"""

import dataclasses
import math
from collections.abc import Collection, Iterator, Sequence

from featray.analysis.comparison import keys
from featray.analysis.units import Unit
from featray.core.row import OutputSummary

ABSOLUTE_TOLERANCE = 6e-5
"""How far a mean or sd of an output column may move: the most that batch and thread count alone moved any value
(py-feat 2.1.5 on a CPU, batch 1 against 4 and 1 thread against 2). It is what counts for columns that are nearly 0."""

RELATIVE_TOLERANCE = 5e-3
"""The same as a share of the column's size (mean or sd, whichever is larger): ten times the rounding of TF32 (2^-11),
in which convolutions run on NVIDIA GPUs but not on CPUs. On a CPU, batch and threads moved continuous columns of
retinaface and detectorv2 by up to 1.3e-5 of their size."""

STEP_TOLERANCE = 0.10
"""How far, as a share of its size, a column of steps may move. Action units come from trees, whose value jumps where
an input crosses a split: of four frames, batch 4 instead of 1 moved one AU09 by 0.03, and the column by 1.3%."""

STEPPING = 0.25
"""Share of the columns that may move so far: 20 of retinaface's 45 come from trees, of which one stepped. Another model
moves at least one of its columns beyond STEP_TOLERANCE; a change that reaches all columns moves more than a quarter."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One key that is not the same on both sides, as text; None where a side has no such key."""

    key: str
    baseline: str | None
    candidate: str | None

    def __str__(self) -> str:
        """Write it as `au_model svm -> xgb`."""
        return f"{self.key} {_named(self.baseline)} -> {_named(self.candidate)}"


def _named(value: str | None) -> str:
    return "absent" if value is None else value


def differences(baseline: Unit, candidate: Unit, over: Collection[str]) -> tuple[Change, ...]:
    """List the work keys in which two units differ though the comparison does not vary them.

    A side that stores no work, such as an import, differs in nothing that could be named.
    """
    ours, theirs = baseline.row.work, candidate.row.work
    if not ours or not theirs:
        return ()
    names = [key for key in dict.fromkeys((*ours, *theirs)) if ours.get(key) != theirs.get(key)]
    return tuple(
        Change(key, keys.work_value(baseline, key), keys.work_value(candidate, key))
        for key in names
        if not _is_meant(key, over, one_sided=(key in ours) != (key in theirs))
    )


def varied_changes(baseline: Unit, candidate: Unit, over: Collection[str]) -> tuple[Change, ...]:
    """List the work keys that the comparison varies and in which two units do differ."""
    parts = keys.detector_parts(over)
    changes = [Change(key, keys.work_value(baseline, key), keys.work_value(candidate, key)) for key in parts]
    return tuple(change for change in changes if change.baseline != change.candidate)


def _is_meant(key: str, over: Collection[str], *, one_sided: bool) -> bool:
    """Tell whether a difference follows from what the comparison varies."""
    if key in over:
        return True
    if key in keys.INPUT_KEYS or key == keys.KIND_OF_WEIGHTS:
        return False
    if "detector" in over:
        return True
    if one_sided and key.startswith(keys.WEIGHT_FILE):
        return any(each.endswith("_model") for each in over)  # another model brings files of its own
    return one_sided and "pyfeat" in over  # a release brings keywords of its own; what came out still has to agree


def output_differences(baseline: Unit, candidate: Unit, over: Collection[str]) -> tuple[str, ...]:
    """Say in what two units' outputs differ too much to be the same work; empty when they agree.

    Where another detector is compared on purpose only the frames have to agree, and where a part of it is, frames and
    faces: its columns cannot.
    """
    ours, theirs = baseline.row, candidate.row
    counts = ["frames"] if "detector" in over else ["frames", "faces", "fex_rows"]
    found = []
    for name in counts:
        pair = getattr(ours, name), getattr(theirs, name)
        if None not in pair and pair[0] != pair[1]:
            found.append(f"{name} {pair[0]} -> {pair[1]}")
    if "detector" not in over and not keys.detector_parts(over):
        found += _columns(ours.output_summary, theirs.output_summary)
    return tuple(found)


def _columns(ours: OutputSummary | None, theirs: OutputSummary | None) -> Iterator[str]:
    if ours is None or theirs is None:
        return
    for side, names in (("baseline", ours.keys() - theirs.keys()), ("candidate", theirs.keys() - ours.keys())):
        if names:
            yield f"columns {_few(sorted(names))} only in the {side}"
    moved = [name for name in ours if name in theirs and not _agree(ours[name], theirs[name], RELATIVE_TOLERANCE)]
    far = [name for name in moved if not _agree(ours[name], theirs[name], STEP_TOLERANCE)]
    if far or len(moved) > STEPPING * len(ours):
        yield f"values of {_few(far or moved)}"


def _agree(ours: Sequence[float | None], theirs: Sequence[float | None], share: float) -> bool:
    """Compare [mean, sd, non-null count]; a mean and sd of nothing are null."""
    if len(ours) != 3 or len(theirs) != 3 or ours[2] != theirs[2]:
        return False
    size = max(abs(value or 0.0) for value in ours[:2])
    allowed = max(ABSOLUTE_TOLERANCE, share * size)
    return all(_is_near(one, other, allowed) for one, other in zip(ours[:2], theirs[:2], strict=True))


def _is_near(one: float | None, other: float | None, allowed: float) -> bool:
    numbers = [each for each in (one, other) if each is not None and not math.isnan(each)]
    return len(numbers) == 0 or (len(numbers) == 2 and abs(numbers[0] - numbers[1]) <= allowed)


NAMED = 4  # columns named in one reason; the report's JSON has the summaries


def _few(names: Sequence[str]) -> str:
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest
