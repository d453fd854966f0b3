"""Rows on their way out to py-feat's formats: grouped by what one of its reports can hold, one duration per cell.

py-feat's formats know one host, one GPU and one set of versions per file, and one number per cell. featray has several
invocations; their geometric mean stands for them, as in featray's own reports.
"""

import collections
import dataclasses
import datetime
import json
import re
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any, TypeVar

from featray import stats
from featray.analysis import units
from featray.core import report_order
from featray.core.choices import Device
from featray.core.row import Row
from featray.interchange import imported_rows, labels

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportLine:
    """One cell of one report: its labels and one duration, with the figures as printed where it was imported."""

    section_kind: str
    section_label: str
    config: str
    device: str
    batch_size: int
    num_workers: int
    seconds: float
    units: int
    detected: int | None
    printed: Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportGroup:
    """What goes into one report. `first` carries its context; `metadata` is that of an imported report."""

    name: str
    first: Row
    rows: tuple[Row, ...]
    lines: tuple[ReportLine, ...]
    metadata: Mapping[str, Any]


def groups(rows: Iterable[Row]) -> list[ReportGroup]:
    """Split rows so that nothing which a report prints once differs within a group.

    Rows without a timing are left out, and so are attempts that were replaced and work that is no longer the latest:
    they count nowhere else either. Rows of a host's CPU go with its GPU where there is only one.
    """
    timed = [row for unit in units.gather(rows) for row in unit.measured if row.frames]
    gpus: dict[tuple[str, str | None], set[str]] = collections.defaultdict(set)
    for row in timed:
        if row.device != Device.CPU:
            gpus[row.run_id, row.host_id or row.hostname].add(row.target_id)
    split: dict[tuple[Any, ...], list[Row]] = collections.defaultdict(list)
    for row in timed:
        host = row.host_id or row.hostname
        alone = len(gpus[row.run_id, host]) <= 1
        split[(row.run_id, host, "" if alone else row.target_id, *_printed_once(row))].append(row)
    return _named([_group(of_group) for of_group in split.values()])


def _printed_once(row: Row) -> tuple[Any, ...]:
    return (
        (row.printed or {}).get(imported_rows.METADATA),
        row.pyfeat,
        row.pyfeat_commit,
        row.python,
        row.torch,
        row.omp_num_threads,
        row.weights,
        row.environment,
    )


def _group(rows: list[Row]) -> ReportGroup:
    metadata = json.loads((rows[0].printed or {}).get(imported_rows.METADATA, "{}"))
    cells: dict[tuple[str, str], list[Row]] = collections.defaultdict(list)
    for row in sorted(rows, key=_place):
        cells[row.cell_id, row.target_id].append(row)
    lines = tuple(_line(of_cell) for of_cell in cells.values())
    first = next((row for row in rows if row.gpu_name), rows[0])
    return ReportGroup(name=rows[0].run_id, first=first, rows=tuple(rows), lines=lines, metadata=metadata)


def _place(row: Row) -> tuple[Any, ...]:
    """Order rows as their report had them, or as py-feat's script measures: input, detector, device, batch, workers.

    Its devices come in the order in which they are asked for; by default the CPU and then one accelerator. So nothing
    says whether MPS or CUDA comes first, and no host has both.
    """
    if row.source_file is not None:
        return (row.order_index or 0,)
    return (
        report_order.input_rank(row.input),
        row.input,
        report_order.detector_rank(row.detector),
        row.detector,
        report_order.device_rank(row.device),
        row.batch_size,
        row.num_workers,
        row.cell_id,
    )


def _line(rows: list[Row]) -> ReportLine:
    row, printed = rows[0], rows[0].printed or {}
    alone = len(rows) == 1
    return ReportLine(
        section_kind=row.section_kind,
        section_label=row.section_label,
        config=printed.get(imported_rows.CONFIG) or labels.heading(row.detector),
        device=row.device,
        batch_size=row.batch_size,
        num_workers=row.num_workers,
        seconds=stats.centre_s([median(each.timed_s or []) for each in rows]),
        units=row.frames or 0,
        detected=row.fex_rows,
        printed={name: text for name, text in printed.items() if alone and name in imported_rows.FIGURES},
    )


def _named(found: list[ReportGroup]) -> list[ReportGroup]:
    """Name each group after its run, with host, GPU and whatever else it takes where a run has several."""
    of_run = collections.Counter(group.name for group in found)
    named: list[ReportGroup] = []
    taken: collections.Counter[str] = collections.Counter()
    for group in found:
        name = group.name
        if of_run[name] > 1:
            first = group.first
            parts = (name, first.hostname, first.gpu_name or first.device, first.environment)
            name = "-".join(slug(part) if index else part for index, part in enumerate(parts) if part)
        taken[name] += 1
        named.append(dataclasses.replace(group, name=f"{name}-{taken[name]}" if taken[name] > 1 else name))
    return named


def slug(text: str) -> str:
    """Write a label so that it can be part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def by_section(lines: Iterable[ReportLine]) -> dict[tuple[str, str], list[ReportLine]]:
    """Group lines by (kind, label) of their section, in order of appearance."""
    found: dict[tuple[str, str], list[ReportLine]] = {}
    for line in lines:
        found.setdefault((line.section_kind, line.section_label), []).append(line)
    return found


def by_config(lines: Iterable[ReportLine]) -> dict[str, list[ReportLine]]:
    """ReportGroup lines by the heading of their table, in order of appearance."""
    found: dict[str, list[ReportLine]] = {}
    for line in lines:
        found.setdefault(line.config, []).append(line)
    return found


def distinct(values: Iterable[T]) -> list[T]:
    """List values once each, in order of appearance."""
    return list(dict.fromkeys(values))


def date_text(group: ReportGroup) -> str:
    """Write when a group's measuring began, in the form of py-feat's script for a zone-aware clock."""
    began = min(row.started_at for row in group.rows)
    return f"{datetime.datetime.fromisoformat(began):%Y-%m-%d %H:%M:%S} UTC"


def host_text(row: Row) -> str:
    """Write a host line."""
    if row.arch is None and row.cpu_count is None:
        return row.hostname or "unknown"
    return f"{row.hostname or 'unknown'} ({row.arch or 'unknown'}, {row.cpu_count or 0} CPUs)"


def gpu_text(group: ReportGroup) -> str:
    """Write a GPU line: of what was measured on, not of what else the host has."""
    row = group.first
    if row.device == Device.CUDA:
        return f"CUDA {row.cuda or 'unknown'}, {row.gpu_name or 'unknown'}"
    if any(each.device == Device.MPS for each in group.rows):
        return f"{row.gpu_name} (MPS)" if row.gpu_name else "MPS available"
    return "no GPU"
