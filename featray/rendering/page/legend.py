"""Legend: the colour of each detector and the mark of each target, and the page's buttons for them.

Flow: `document.Report` -> `of_report` -> plots; `chip_groups` -> `html`. Pure. The buttons are also the page's filters.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from featray.analysis import unit_wording
from featray.analysis.unit import Unit
from featray.rendering import unit_text
from featray.rendering.document import Report
from featray.rendering.page import palette


@dataclasses.dataclass(frozen=True, kw_only=True)
class Legend:
    """Detectors and targets in the order of the report."""

    detectors: tuple[str, ...]
    target_ids: tuple[str, ...]

    def colour(self, unit: Unit) -> int:
        """Give the index of the detector's colour."""
        return palette.colour(self.detectors.index(unit.row.detector))

    def mark(self, unit: Unit) -> str:
        """Give the target's mark."""
        return palette.cycled(palette.MARKS, self.target_ids.index(unit.row.target_id))

    def dash(self, unit: Unit) -> str:
        """Give the target's dash."""
        return palette.cycled(palette.DASHES, self.target_ids.index(unit.row.target_id))


def of_report(report: Report) -> Legend:
    """Number the detectors and targets of a report."""
    units = report.ordered()
    return Legend(
        detectors=tuple(dict.fromkeys(unit.row.detector for unit in units)),
        target_ids=tuple(dict.fromkeys(unit.row.target_id for unit in units)),
    )


@dataclasses.dataclass(frozen=True)
class Chip:
    """One button of the legend: `value` is what it filters by, the rest how it looks."""

    value: str
    text: str
    colour: int | None = None
    path: str | None = None
    dash: str = "none"


@dataclasses.dataclass(frozen=True)
class ChipGroup:
    """The buttons of one kind."""

    key: str
    title: str
    chips: tuple[Chip, ...]


def chip_groups(legend: Legend, shown: Sequence[Unit]) -> list[ChipGroup]:
    """Make the buttons for the units on the page. A single input gets none: it could only hide everything."""
    detectors = [
        Chip(unit.row.detector, unit_wording.detector(unit.row), legend.colour(unit))
        for unit in _first_of_each(shown, lambda unit: unit.row.detector)
    ]
    targets = [_target_chip(unit, legend) for unit in _first_of_each(shown, lambda unit: unit.row.target_id)]
    sections = dict.fromkeys(unit_text.section(unit.row) for unit in shown)
    groups = [
        ChipGroup("detector", "Detector", tuple(detectors)),
        ChipGroup("target", "Target", tuple(targets)),
        ChipGroup("input", "Input", tuple(Chip(section, section) for section in sections)),
    ]
    return [group for group in groups if len(group.chips) > (group.key == "input")]


def _target_chip(unit: Unit, legend: Legend) -> Chip:
    path, dash = palette.MARK_PATHS[legend.mark(unit)], palette.DASH_ARRAYS[legend.dash(unit)]
    return Chip(unit.row.target_id, unit.target.name, path=path, dash=dash)


def _first_of_each(units: Iterable[Unit], key: Callable[[Unit], str]) -> list[Unit]:
    first: dict[str, Unit] = {}
    for unit in units:
        first.setdefault(key(unit), unit)
    return list(first.values())
