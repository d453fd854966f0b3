"""Output agreement: whether rows have the same output, judged by the weighted sums that every row holds.

Flow: `Row.output_sums` -> `find_disagreements` between two rows, `find_deviations` within a unit -> `comparison.work`,
`cautions`. Pure. Rows without sums, as older ones, agree with every row: other checks must tell them apart.
"""

import dataclasses
import functools
from collections.abc import Mapping

from featray.analysis.units import Unit
from featray.core import output_sums, wording
from featray.core.output_families import Family
from featray.core.output_sums import MISSING, Sums
from featray.core.row import Row

TOLERANCES: Mapping[str, tuple[float, str]] = {
    Family.BOX: (0.5, "px"),
    Family.LANDMARKS: (0.5, "px"),
    Family.SCORE: (0.01, ""),
    Family.POSE: (0.003, "rad"),
    Family.GAZE: (0.003, "rad"),
    Family.ACTION_UNITS: (0.02, ""),
    Family.EMOTIONS: (0.005, ""),
    Family.BLENDSHAPES: (0.005, ""),
    Family.IDENTITY: (0.002, ""),
}
"""Family -> the root mean square by which its values may differ, and its unit.

Batches and threads moved action units by 0.008, since trees step, and all else by less than 0.00002 px and 0.000004
(18 outputs of four detectors on a CPU). bfloat16, which rounds 8 times as coarsely as the TF32 of GPUs, moved landmarks
by 0.2 px, gaze by 0.002, emotions by 0.0005 and blendshapes by 0.0008. So TF32 stays within, also on faces of
1000 px."""

RELATIVE_TOLERANCE = 0.02
"""The same for the other families, whose scale is unknown: as a share of the root mean square of the values."""


@dataclasses.dataclass(frozen=True)
class Disagreement:
    """One family in which two outputs differ too much, as text: `landmarks by 30 px`."""

    family: str
    text: str


def find_disagreements(first: Row, second: Row) -> tuple[Disagreement, ...]:
    """List the families in which the outputs of two rows differ too much; empty where a row has no sums."""
    before, after = first.output_sums, second.output_sums
    if not before or not after or before == after:
        return ()
    found = []
    for family in dict.fromkeys((*before, *after)):
        sums = _decoded(before.get(family)), _decoded(after.get(family))
        if family not in before or family not in after:
            found.append(Disagreement(family, f"{family} on one side only"))
        elif sums[0] is not None and sums[1] is not None and (text := _difference(family, sums[0], sums[1])):
            found.append(Disagreement(family, text))
    return tuple(found)


def _decoded(text: str | None) -> Sums | None:
    return None if text is None else output_sums.decode(text)


def _difference(family: str, before: Sums, after: Sums) -> str | None:
    if family == MISSING:
        return None if before == after else MISSING
    if before.values != after.values:
        return f"{family}: {before.values} values against {after.values}"
    moved = output_sums.rms_difference(before, after)
    if family in TOLERANCES:
        tolerance, unit = TOLERANCES[family]
        return f"{family} by {moved:.2g} {unit}".rstrip() if moved > tolerance else None
    size = output_sums.rms(before)
    return f"{family} by {wording.percent(moved / size)}" if size > 0 and moved > RELATIVE_TOLERANCE * size else None


@functools.lru_cache(maxsize=4096)  # a unit stands in several pairs
def find_deviations(unit: Unit) -> tuple[str, ...]:
    """Say in what the outputs of a unit's invocations differ from those of its representative row."""
    by_text: dict[str, list[int]] = {}
    for row in unit.measured:
        for disagreement in find_disagreements(unit.row, row) if row is not unit.row else ():
            by_text.setdefault(disagreement.family, []).append(row.invocation)
    return tuple(
        f"{family} in {'invocation' if len(rows) == 1 else 'invocations'} {wording.listed(rows)}"
        for family, rows in by_text.items()
    )
