"""Changes text: what changes from one setting to another, as the lines of a table.

Flow: `document.Report` -> `note`, `lines` -> `markdown`, `page.tables`; `to_plain` -> `json_report`. Pure.
A unit beyond tolerance has a line for each family that moved too far. Units within tolerance share a line per family,
with the largest figures of them all: nobody needs to read that 30 settings changed nothing.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from featray.analysis import drift_wording, unit_wording
from featray.analysis.drift import MATCHED_MIN, TOLERANCES, FamilyDrift
from featray.analysis.unit import Unit
from featray.analysis.unit_drifts import UnitDrift
from featray.core import wording
from featray.core.output_families import Family
from featray.rendering.document import Report

TITLE = "What changes"
HEADINGS = ("setting", "against", "family", "median", "99%", "max", "tolerance", "faces matched")
MOST_LINES = 60  # of units beyond tolerance; the JSON report has all
RUN_LENGTH = 40  # characters of the name of another run

PLAINEST = "in float32, on a CPU and at the smallest batch where the run has that"
UNITS_NOTE = (
    "Landmarks are shares of the distance between the eyes, boxes 1 - IoU. Beyond its tolerance, a family is another "
    "result."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """One line of the table; `unit` is None where it stands for several units."""

    texts: tuple[str, ...]
    is_beyond: bool
    unit: Unit | None = None


def has_changes(report: Report) -> bool:
    """Return True if a report has something to say of what changes."""
    return bool(report.changes or report.changes_from_baseline)


def note(report: Report) -> str:
    """Say what the table compares with what."""
    sentences = []
    if report.changes:
        named = dict.fromkeys(str(change.named) for change in report.changes if change.named)
        which = f"with {' or '.join(named)}, as asked for" if named else PLAINEST
        sentences.append(
            "How far the results of each setting lie from those of its reference: the same models on the same input, "
            f"{which}."
        )
        lacking = sum(change.lacks_named for change in report.changes)
        if lacking:
            have = "has" if lacking == 1 else "have"
            sentences.append(
                f"{wording.count(lacking, 'setting')} {have} no kept output of it; the reference is the plainest one."
            )
    if report.changes_from_baseline:
        sentences.append("Where the other side is a setting of the baseline, both are at their best batch.")
    return " ".join([*sentences, UNITS_NOTE])


def lines(report: Report) -> list[ChangeLine]:
    """Write the table: first what is beyond tolerance, the furthest first, then what is within."""
    return [
        *_beyond(report)[:MOST_LINES],
        *_together(_within(report.changes), "setting", "their references"),
        *_together(_within(report.changes_from_baseline), "best setting", "the baseline"),
    ]


def left_out(report: Report) -> list[str]:
    """Say how many lines the table has no room for; empty where it has room."""
    more = len(_beyond(report)) - MOST_LINES
    return [f"{wording.count(more, 'more line')} beyond tolerance: see the JSON report."] if more > 0 else []


def _beyond(report: Report) -> list[ChangeLine]:
    changes = [change for change in (*report.changes, *report.changes_from_baseline) if change.drift.is_beyond]
    return [line for change in sorted(changes, key=_furthest) for line in _of_unit(change)]


def _within(changes: Iterable[UnitDrift]) -> list[UnitDrift]:
    return [change for change in changes if not change.drift.is_beyond]


def _furthest(change: UnitDrift) -> float:
    return -change.drift.share_of_tolerance


def _of_unit(change: UnitDrift) -> list[ChangeLine]:
    names = unit_wording.unit(change.unit), _against(change)
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


def _against(change: UnitDrift) -> str:
    """Name the reference, with its run where that is another."""
    name, run = unit_wording.unit(change.reference), change.reference.row.run_id
    return (
        name
        if run == change.unit.row.run_id or change.reference.names_run
        else f"{name} (run {wording.shortened(run, RUN_LENGTH)})"
    )


def _together(within: Sequence[UnitDrift], noun: str, others: str) -> list[ChangeLine]:
    """Write the units within tolerance as one line per family."""
    matched = min((change.drift.matched_share for change in within), default=1.0)
    is_single = len(within) == 1
    name = unit_wording.unit(within[0].unit) if is_single else f"{len(within)} {noun}s within tolerance"
    against = _against(within[0]) if is_single else others
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
