"""Exported reports: rows split by what one of py-feat's reports can hold, with one duration per cell.

Flow: rows -> `split` -> `ExportedReport` -> `pyfeat_markdown`, `pyfeat_json`, `throughput_csv`. Pure.
py-feat's formats have one host, one GPU and one set of versions per file, and one number per cell. featray has several
invocations: the number is their geometric mean, as in featray's own reports.
"""

import collections
import dataclasses
import datetime
import json
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

from featray import stats
from featray.analysis import units
from featray.core import report_order
from featray.core.choices import Device
from featray.core.row import Row
from featray.interchange import figures, imported_rows, labels

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportLine:
    """One cell of one report: its labels and one duration, with the figures as printed where it was imported."""

    section_kind: str
    section_label: str
    config: str
    device: str
    batch_size: int
    num_workers: int
    call_s: float
    frames: int  # or images, of one call
    fex_rows: int | None
    printed: Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportedReport:
    """What one report holds."""

    name: str
    context: Row  # of machine and software
    rows: tuple[Row, ...]
    lines: tuple[ReportLine, ...]
    metadata: Mapping[str, Any]  # of the report that the rows were imported from, else empty


def split(rows: Iterable[Row]) -> list[ExportedReport]:
    """Split rows into reports: everything that a report prints once is the same for all its rows.

    Rows without a timing are left out. So are replaced attempts and outdated work: they count nowhere else either. Rows
    of a host's CPU go with its GPU where there is only one.
    """
    alone = (unit for unit in units.gather(rows) if unit.workers == 1)  # the formats know no others
    timed = [row for unit in alone for row in unit.measured if row.frames]
    gpus: dict[tuple[str, str | None], set[str]] = collections.defaultdict(set)
    for row in timed:
        if row.device != Device.CPU:
            gpus[row.run_id, _host(row)].add(row.target_id)

    def report_key(row: Row) -> tuple[Any, ...]:
        target = row.target_id if len(gpus[row.run_id, _host(row)]) > 1 else ""
        return (row.run_id, _host(row), target, *_printed_once(row))

    return _rename([_report(members) for members in group_by(timed, report_key).values()])


def _host(row: Row) -> str | None:
    return row.host_id or row.hostname


def _printed_once(row: Row) -> tuple[Any, ...]:
    return (
        (row.printed or {}).get(imported_rows.METADATA_KEY),
        row.pyfeat,
        row.pyfeat_commit,
        row.python,
        row.torch,
        row.omp_num_threads,
        row.weights,
        row.environment,
    )


def _report(rows: Sequence[Row]) -> ExportedReport:
    cells = group_by(sorted(rows, key=_order), lambda row: (row.cell_id, row.target_id))
    return ExportedReport(
        name=rows[0].run_id,
        context=next((row for row in rows if row.gpu_name), rows[0]),
        rows=tuple(rows),
        lines=tuple(_line(members) for members in cells.values()),
        metadata=_read_metadata(rows[0]),
    )


def _read_metadata(row: Row) -> Mapping[str, Any]:
    """Read the metadata of an imported report; empty where the row holds none, or what an import did not write."""
    try:
        value = json.loads((row.printed or {}).get(imported_rows.METADATA_KEY) or "{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _order(row: Row) -> tuple[Any, ...]:
    """Order rows as their report had them, or as py-feat's script measures: input, detector, device, batch, workers.

    The script takes devices in the order of its arguments; by default the CPU and then one accelerator. So nothing says
    whether MPS or CUDA comes first, and no host has both.
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


def _line(rows: Sequence[Row]) -> ReportLine:
    row, printed = rows[0], rows[0].printed or {}
    return ReportLine(
        section_kind=row.section_kind,
        section_label=row.section_label,
        config=printed.get(imported_rows.CONFIG_KEY) or labels.detector_heading(row.detector),
        device=row.device,
        batch_size=row.batch_size,
        num_workers=row.num_workers,
        call_s=stats.centre_s([median(member.timed_s or []) for member in rows]),
        frames=row.frames or 0,
        fex_rows=row.fex_rows,
        # The print is that of one call: of several invocations none was printed.
        printed={name: text for name, text in printed.items() if _is_figure(name, text) and len(rows) == 1},
    )


def _is_figure(name: str, text: str | None) -> bool:
    return name in imported_rows.PRINTED_KEYS and text is not None and figures.NUMBER.fullmatch(text) is not None


def _rename(reports: Sequence[ExportedReport]) -> list[ExportedReport]:
    """Name each report after its run; where a run has several, add host, GPU, environment and at last a number."""
    of_run = collections.Counter(report.name for report in reports)
    renamed: list[ExportedReport] = []
    times_used: collections.Counter[str] = collections.Counter()
    for report in reports:
        name = report.name
        if of_run[name] > 1:
            row = report.context
            parts = (row.hostname, row.gpu_name or row.device, row.environment)
            name = "-".join([name, *(slug(part) for part in parts if part)])
        times_used[name] += 1
        numbered = f"{name}-{times_used[name]}" if times_used[name] > 1 else name
        renamed.append(dataclasses.replace(report, name=numbered))
    return renamed


def slug(text: str) -> str:
    """Write a label so that it can be part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def group_by(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Group items by a key, in order of appearance."""
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def unique(values: Iterable[T]) -> list[T]:
    """List values once each, in order of appearance."""
    return list(dict.fromkeys(values))


def began_at(report: ExportedReport) -> datetime.datetime:
    """Give the moment when a report's first row was measured."""
    return datetime.datetime.fromisoformat(min(row.started_at for row in report.rows))


def date_text(report: ExportedReport) -> str:
    """Write when a report's measuring began, in the form of py-feat's script for a zone-aware clock."""
    return f"{began_at(report):%Y-%m-%d %H:%M:%S} UTC"


def host_text(row: Row) -> str:
    """Write a host line."""
    if row.arch is None and row.cpu_count is None:
        return row.hostname or "unknown"
    return f"{row.hostname or 'unknown'} ({row.arch or 'unknown'}, {row.cpu_count or 0} CPUs)"


def gpu_text(report: ExportedReport) -> str:
    """Write a GPU line: the GPU that the report was measured on, not others of the host."""
    row = report.context
    if row.device == Device.CUDA:
        return f"CUDA {row.cuda or 'unknown'}, {row.gpu_name or 'unknown'}"
    if any(member.device == Device.MPS for member in report.rows):
        return f"{row.gpu_name} (MPS)" if row.gpu_name else "MPS available"
    return "no GPU"
