"""Output agreement: whether rows have the same output, by its columns' means and by weighted sums of its values.

Flow: `Row.output_summary`, `Row.output_sums` -> `find_column_differences`, `find_disagreements` between two rows,
`find_deviations` within a unit -> `comparison.work`, `cautions`. Pure.

Outputs are not bit-stable, so comparing digests of them would refuse equal work: batch 1 instead of 4, or 1 thread
instead of 2, moves continuous values by up to 6e-5 on a CPU, and values that come from trees may jump. Means show what
moved a whole column. Sums show what left the means alone, such as a swap of two frames; older rows have
none, and are compared by their means.
"""

import dataclasses
import math
import weakref
from collections.abc import Iterator, Mapping, Sequence

from featray.analysis.unit import Unit
from featray.core import output_sums, wording
from featray.core.output_families import Family
from featray.core.output_sums import MISSING, Sums
from featray.core.row import OutputSummary, Row

RMS_TOLERANCES: Mapping[str, tuple[float, str]] = {
    Family.BOX: (0.5, "px"),
    Family.LANDMARKS: (0.5, "px"),
    Family.SCORE: (0.01, ""),
    Family.POSE: (0.003, "rad"),
    Family.GAZE: (0.003, "rad"),
    Family.ACTION_UNITS: (0.05, ""),
    Family.EMOTIONS: (0.005, ""),
    Family.BLENDSHAPES: (0.005, ""),
    Family.IDENTITY: (0.002, ""),
}
"""Family -> the root mean square by which its values may differ, and its unit.

Batches and threads moved action units of ten faces by 0.02, since trees step, and all else by less than 0.00003 px and
0.000004 (19 outputs of four detectors on a CPU). bfloat16, which rounds 8 times as coarsely as the TF32 of GPUs, moved
landmarks by 0.2 px, gaze by 0.002, emotions by 0.0005 and blendshapes by 0.0008. So TF32 stays within, also on faces of
1000 px."""

RMS_SHARE = 0.02
"""The same for the other families, whose scale is unknown: as a share of the root mean square of the values."""


ABSOLUTE_TOLERANCE = 6e-5
"""How far a mean or sd of an output column may move: the most that batch and thread count alone moved any value
(py-feat 2.1.5 on a CPU, batch 1 against 4 and 1 thread against 2). It decides for columns that are nearly 0."""

RELATIVE_TOLERANCE = 5e-3
"""The same as a share of the column's size (mean or sd, whichever is larger): ten times the rounding of TF32 (2^-11),
in which convolutions run on NVIDIA GPUs but not on CPUs. On a CPU, batch and threads moved continuous columns of
retinaface and detectorv2 by up to 1.3e-5 of their size."""

STEP_TOLERANCE = 0.10
"""How far, as a share of its size, a column of steps may move. Action units come from trees, whose value jumps where
an input crosses a split: of four frames, batch 4 instead of 1 moved one AU09 by 0.03, and the column by 1.3%."""

STEP_TOLERANCE_WITH_SUMS = 0.20
"""The same for rows with weighted sums, which tell a corrupted column from one that steps: of ten faces, two threads
instead of one moved one AU01 of img2pose by 0.17, and the deviation of the column by 12.6%."""

STEPPING = 0.25
"""Share of the columns that may move so far: 20 of retinaface's 45 come from trees, and one of them stepped. Another
model moves at least one column beyond STEP_TOLERANCE; a change that reaches all columns moves over a quarter."""


@dataclasses.dataclass(frozen=True)
class Disagreement:
    """One family in which two outputs differ too much, as text: `landmarks by 30 px`."""

    family: str
    text: str


def find_column_differences(before: Row, after: Row) -> Iterator[str]:
    """Say in which columns two rows differ too much; nothing where a row has no summary."""
    has_sums = before.output_sums and after.output_sums
    step = STEP_TOLERANCE_WITH_SUMS if has_sums else STEP_TOLERANCE
    yield from _compare_columns(before.output_summary, after.output_summary, step)


def _compare_columns(before: OutputSummary | None, after: OutputSummary | None, step: float) -> Iterator[str]:
    """Say which columns only one output has, and in which columns mean, deviation or count differ too much."""
    if before is None or after is None:
        return
    for side, names in (("baseline", before.keys() - after.keys()), ("candidate", after.keys() - before.keys())):
        if names:
            yield f"columns {wording.listed(sorted(names))} only in the {side}"
    shared = [name for name in before if name in after]
    moved = [name for name in shared if not _agree(before[name], after[name], RELATIVE_TOLERANCE)]
    far = [name for name in moved if not _agree(before[name], after[name], step)]
    if far or len(moved) > STEPPING * len(before):
        yield f"values of {wording.listed(far or moved)}"


def _agree(before: Sequence[float | None], after: Sequence[float | None], share: float) -> bool:
    """Compare [mean, sd, non-null count]; the mean and sd of no values are null."""
    if len(before) != 3 or len(after) != 3 or before[2] != after[2]:
        return False
    size = max(abs(value or 0.0) for value in before[:2])
    allowed = max(ABSOLUTE_TOLERANCE, share * size)
    return all(_is_near(*both, allowed) for both in zip(before[:2], after[:2], strict=True))


def _is_near(first: float | None, second: float | None, allowed: float) -> bool:
    numbers = [value for value in (first, second) if value is not None and not math.isnan(value)]
    return len(numbers) == 0 or (len(numbers) == 2 and abs(numbers[0] - numbers[1]) <= allowed)


def find_disagreements(first: Row, second: Row) -> tuple[Disagreement, ...]:
    """List the families in which the outputs of two rows differ too much; empty where a row has no sums."""
    before, after = first.output_sums, second.output_sums
    if not before or not after or before == after or first.faces != second.faces:
        return ()  # another number of faces is told as such, and moves every sum
    found = []
    for family in dict.fromkeys((*before, *after)):
        sums = _decoded(before.get(family)), _decoded(after.get(family))
        if family not in before or family not in after:
            found.append(Disagreement(family, f"{family} on one side only"))
        elif sums[0] is not None and sums[1] is not None and (text := _difference(family, sums[0], sums[1])):
            found.append(Disagreement(family, text))
    return tuple(found)


def differ(first: Row, second: Row) -> bool:
    """Return True if the outputs of two rows are known to differ too much."""
    return bool(find_disagreements(first, second)) or any(True for _ in find_column_differences(first, second))


def _decoded(text: str | None) -> Sums | None:
    return None if text is None else output_sums.decode(text)


def _difference(family: str, before: Sums, after: Sums) -> str | None:
    if family == MISSING:
        return None if before == after else MISSING
    if before.values != after.values:
        return f"{family}: {before.values} values against {after.values}"
    moved = output_sums.rms_difference(before, after)
    if family in RMS_TOLERANCES:
        tolerance, unit = RMS_TOLERANCES[family]
        return f"{family} by {moved:.2g} {unit}".rstrip() if moved > tolerance else None
    size = output_sums.rms(before)
    return f"{family} by {wording.percent(moved / size)}" if size > 0 and moved > RMS_SHARE * size else None


def find_deviations(unit: Unit) -> tuple[str, ...]:
    """Say in what the outputs of a unit's invocations differ from those of its representative row."""
    if unit not in _DEVIATIONS:
        _DEVIATIONS[unit] = _find_deviations(unit)
    return _DEVIATIONS[unit]


_DEVIATIONS: weakref.WeakKeyDictionary[Unit, tuple[str, ...]] = weakref.WeakKeyDictionary()
"""Found before: a unit stands in several pairs."""


def _find_deviations(unit: Unit) -> tuple[str, ...]:
    by_text: dict[str, list[int]] = {}
    for row in unit.measured:
        if row is not unit.row:
            texts = [disagreement.family for disagreement in find_disagreements(unit.row, row)]
            texts += find_column_differences(unit.row, row)
            for text in texts:
                by_text.setdefault(text, []).append(row.invocation)
    return tuple(
        f"{family} in {'invocation' if len(rows) == 1 else 'invocations'} {wording.listed(rows)}"
        for family, rows in by_text.items()
    )
