"""Coverage: what only the report or only the baseline measured, and which cells would fill the gap.

Flow: best settings without a counterpart (`against_baseline.compare`) -> `findings`. Pure.
"""

from collections.abc import Iterator, Sequence

from featray.analysis import unit_wording
from featray.analysis.comparison import separation
from featray.analysis.diagnosis.batch_curves import BestBatch, group_by_input_and_target
from featray.analysis.diagnosis.finding import Finding, FindingKind, WantedCells
from featray.analysis.unit import Unit
from featray.core import wording


def findings(
    only_report: Sequence[BestBatch],
    only_baseline: Sequence[BestBatch],
    units: Sequence[Unit],
    baseline: Sequence[Unit],
) -> Iterator[Finding]:
    """List what has no counterpart.

    Args:
        only_report: Best settings that the baseline does not have.
        only_baseline: Best settings that only the baseline has.
        units: Of the report.
        baseline: Of the baseline.
    """
    yield from _only_report(only_report, baseline)
    yield from _only_baseline(only_baseline, units)


def _only_report(best: Sequence[BestBatch], baseline: Sequence[Unit]) -> Iterator[Finding]:
    """Group what the baseline did not measure by input and target."""
    for about in group_by_input_and_target(best).values():
        first = about[0].unit
        speeds = wording.listed(unit_wording.detector_speed(batch.unit) for batch in about)
        kind = first.row.device, first.is_whole
        by_target = {
            unit.row.target_id: unit for unit in baseline if (unit.row.device, unit.is_whole) == kind and unit.measured
        }
        yield Finding(
            kind=FindingKind.NEW_GROUND,
            text=f"Measured only in this report: {unit_wording.clip(first.row)} on {first.target.name}: {speeds}.",
            figures={"frames_per_s": max(batch.unit.throughput_hz for batch in about)},
            units=tuple(batch.unit.key for batch in about),
            wanted=tuple(
                WantedCells(
                    unit=batch.unit,
                    reason="not measured in the baseline",
                    target_id=target_id,
                    requirements=_software_of(other, batch.unit),
                    against=("all", first.row.target_id),
                )
                for target_id, other in by_target.items()
                for batch in about
            ),
        )


def _software_of(side: Unit, unit: Unit) -> tuple[str, ...]:
    """Pin the software of a side, if it may differ from the unit's own."""
    is_same = all(getattr(side.row, column) == getattr(unit.row, column) for column in _SOFTWARE)
    return () if is_same and not side.is_imported else separation.requirements(side.row, side.row)


_SOFTWARE = ("torch", "pyfeat", "pyfeat_commit")


def _only_baseline(best: Sequence[BestBatch], units: Sequence[Unit]) -> Iterator[Finding]:
    """Group what only the baseline measured by target."""
    groups: dict[str, list[BestBatch]] = {}
    for batch in best:
        groups.setdefault(batch.unit.target.name, []).append(batch)
    by_device = {(unit.row.device, unit.is_whole): unit for unit in units if unit.measured}
    for target_name, about in groups.items():
        unit = by_device.get((about[0].unit.row.device, about[0].unit.is_whole))
        names = wording.phrases([unit_wording.detector_and_clip(batch.unit.row) for batch in about])
        what = names if unit else "this report measured nothing there"
        count = wording.count(len(about), "best setting")
        yield Finding(
            kind=FindingKind.ONLY_BASELINE,
            text=f"Measured only in the baseline: {count} on {target_name} ({what}).",
            figures={"settings": len(about)},
            units=tuple(batch.unit.key for batch in about),
            wanted=tuple(_missing_here(batch, unit) for batch in about) if unit else (),
        )


def _missing_here(batch: BestBatch, unit: Unit) -> WantedCells:
    """Ask for a setting of the baseline with the software of this report."""
    software = _software_of(unit, batch.unit)
    return WantedCells(unit=batch.unit, reason="measured only in the baseline", requirements=software)
