"""Changes text: what changes from one setting to another, as the lines of a table.

Flow: `analysis.unit_drifts` -> `lines` -> `markdown`, `page.tables`; `to_plain` -> `json_report`. Pure.
A unit beyond tolerance has a line for each family that moved too far. Units within tolerance share a line per family,
with the largest figures of them all: nobody needs to read that 30 settings changed nothing.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from featray.analysis import drift_wording, unit_wording
from featray.analysis.drift import MATCHED_MIN, TOLERANCES, FamilyDrift
from featray.analysis.unit_drifts import UnitDrift
from featray.analysis.units import Unit
from featray.core import wording
from featray.core.output_families import Family

TITLE = "What changes"
NOTE = (
    "How far the results of each setting lie from those of its reference: the same models on the same input, in "
    "float32, on a CPU and at the smallest batch where the run has that. Landmarks are shares of the distance between "
    "the eyes, boxes 1 - IoU. Beyond its tolerance, a family is another result."
)
HEADINGS = ("setting", "against", "family", "median", "99%", "max", "tolerance", "faces matched")
MOST_LINES = 60  # of units beyond tolerance; the JSON report has all


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """One line of the table; `unit` is None where it stands for several units."""

    texts: tuple[str, ...]
    is_beyond: bool
    unit: Unit | None = None


def lines(changes: Sequence[UnitDrift]) -> list[ChangeLine]:
    """Write the table: first what is beyond tolerance, the furthest first, then what is within."""
    beyond = sorted((change for change in changes if change.drift.is_beyond), key=_furthest)
    written = [line for change in beyond for line in _of_unit(change)]
    within = [change for change in changes if not change.drift.is_beyond]
    return [*written[:MOST_LINES], *_together(within)]


def left_out(changes: Sequence[UnitDrift]) -> int:
    """Count the lines that the table has no room for."""
    beyond = [line for change in changes if change.drift.is_beyond for line in _of_unit(change)]
    return max(0, len(beyond) - MOST_LINES)


def _furthest(change: UnitDrift) -> float:
    return -change.drift.share_of_tolerance


def _of_unit(change: UnitDrift) -> list[ChangeLine]:
    names = unit_wording.unit(change.unit), unit_wording.unit(change.reference)
    matched = wording.percent(change.drift.matched_share)
    written = [(*names, *_figures(family), matched) for family in change.drift.beyond]
    if change.drift.columns_only:
        columns = f"columns on one side: {wording.listed(change.drift.columns_only)}"
        written.append((*names, columns, *[wording.ABSENT] * 4, matched))
    if change.drift.matched_share < MATCHED_MIN:
        tolerance = wording.percent(MATCHED_MIN)
        written.append((*names, "faces", *[wording.ABSENT] * 3, tolerance, matched))
    return [ChangeLine(texts=texts, is_beyond=True, unit=change.unit) for texts in written]


def _figures(family: FamilyDrift) -> tuple[str, ...]:
    name = family.family
    lost = f" ({wording.count(family.lost, 'value')} missing on one side)" if family.lost else ""
    moved = [drift_wording.amount(name, value) for value in (family.median, family.p99, family.largest)]
    return f"{name}{lost}", *moved, drift_wording.amount(name, TOLERANCES[name])


def _together(within: Sequence[UnitDrift]) -> list[ChangeLine]:
    """Write the units within tolerance as one line per family."""
    matched = min((change.drift.matched_share for change in within), default=1.0)
    name = unit_wording.unit(within[0].unit) if len(within) == 1 else f"{len(within)} settings within tolerance"
    against = unit_wording.unit(within[0].reference) if len(within) == 1 else "their references"
    families = [family for change in within for family in change.drift.families]
    return [
        ChangeLine(
            texts=(name, against, *_figures(_largest(of_family)), wording.percent(matched)),
            is_beyond=False,
            unit=within[0].unit if len(within) == 1 else None,
        )
        for family in Family
        if (of_family := [each for each in families if each.family is family])
    ]


def _largest(families: Sequence[FamilyDrift]) -> FamilyDrift:
    return dataclasses.replace(
        families[0],
        median=max(family.median for family in families),
        p99=max(family.p99 for family in families),
        largest=max(family.largest for family in families),
    )


def to_plain(changes: Iterable[UnitDrift]) -> list[dict[str, Any]]:
    """Write every drift for programs."""
    return [
        {"unit": _key(change.unit), "reference": _key(change.reference), **drift_wording.to_plain(change.drift)}
        for change in changes
    ]


def _key(unit: Unit) -> dict[str, str]:
    return dict(zip(("run_id", "cell_id", "target_id"), unit.key, strict=True))
