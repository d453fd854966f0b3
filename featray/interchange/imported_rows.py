"""Imported rows: one line of a report becomes one row, whose identity is its labels.

Flow: `pyfeat_markdown`, `pyfeat_json`, `throughput_csv` -> `check_line`, `build` -> `report_files` -> the store. Pure.
A report does not say which keywords and weights were used, nor the UUID of the GPU. So imported rows have no `work_id`,
`host_id` or `gpu_uuid`, hold one timed call, and decide no comparison.
"""

import collections
import dataclasses
import datetime
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from featray.core import clock, identity
from featray.core.choices import Device, ProtocolName, WeightsKind
from featray.core.output_table import OutputTable
from featray.core.row import Row
from featray.core.status import Status
from featray.core.targets import DEVICES
from featray.errors import suggest
from featray.interchange import figures, labels
from featray.interchange.figures import NumberRange
from featray.interchange.labels import HostLabel, SectionLabel

METADATA_KEY = "metadata"  # key of `Row.printed`: the report's metadata as JSON, in its order
CONFIG_KEY = "config"  # key of `Row.printed`: the table's heading
PRINTED_KEYS = (figures.SEC, figures.MS_PER_FRAME, figures.MS_PER_IMAGE, figures.FPS, "rows", "workers")
_WHOLE = re.compile(r"([0-9]{1,9})(\.0+)?")
UNKNOWN_HOST = HostLabel(None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportContext:
    """What a report says of the machine and the software; None where it says nothing."""

    started_at: datetime.datetime
    version: str | None = None
    commit: str | None = None
    host: HostLabel = UNKNOWN_HOST
    gpu: str | None = None
    python: str | None = None
    torch: str | None = None
    threads: str | None = None
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # unchanged, so that it can be written back
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportedLine:
    """One line of a report's table. `call_s` is set where the report has the number itself and not only its print."""

    place: str  # where it is in the file, for messages
    section: SectionLabel
    config: str
    device: str
    batch_size: int
    num_workers: int
    printed: Mapping[str, str]
    frames: int  # or images, of one call
    fex_rows: int | None = None
    call_s: float | None = None


@dataclasses.dataclass(frozen=True)
class ParsedReport:
    """Rows of one file, and what is odd about it: each warning names a place in the file and stops no import."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()
    outputs: Mapping[tuple[str, str, str, str | None], OutputTable] = dataclasses.field(default_factory=dict)
    """Outputs that came with the rows of a bundle, by `bundle.output_key`."""


def check_line(
    place: str,
    *,
    section: SectionLabel,
    config: str,
    device: str,
    batch: str,
    workers: str,
    printed: Mapping[str, str],
    frames: str | None = None,
    fex_rows: str | None = None,
    call_s: float | None = None,
) -> ImportedLine:
    """Check one line of a table, given as text.

    Raises:
        ValueError: a number is none, the device is unknown, or nothing says how many frames one call has; the message
            starts with the place.
    """
    try:
        if device not in DEVICES:
            raise ValueError(f"device {device!r} is unknown{suggest(device, sorted(DEVICES))}")
        if not config:
            raise ValueError("the table has no heading; name its detector there")
        return ImportedLine(
            place=place,
            section=section,
            config=config,
            device=device,
            batch_size=read_count(batch, "batch", 1),
            num_workers=read_count(workers, "workers", 0),
            printed=printed,
            frames=_read_frames(section, frames),
            fex_rows=None if fex_rows is None else read_count(fex_rows, "rows", 0),
            call_s=call_s,
        )
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error


def _read_frames(section: SectionLabel, text: str | None) -> int:
    frames = section.frames if text is None else read_count(text, "n_units", 1)
    if not frames:
        raise ValueError(
            f"section {section.label!r} does not say how many frames or images one call has; end it with "
            "'(72 frames)', or write it as '16 x NAME = 80 faces'"
        )
    return frames


def read_count(text: str, name: str, minimum: int) -> int:
    """Read a whole number of a report.

    Raises:
        ValueError: not a whole number, or less than `minimum`; the message names it.
    """
    number = _WHOLE.fullmatch(text)
    if number is None or int(number[1]) < minimum:
        raise ValueError(f"{name}: expected a whole number from {minimum}, got {text!r}")
    return int(number[1])


def whole_text(text: str | None) -> str | None:
    """Write a whole number without the `.0` that pandas adds to a column with gaps; other texts stay."""
    number = _WHOLE.fullmatch(text or "")
    return number[1] if number else text


def warn_of_zone(place: str, date: str) -> tuple[str, ...]:
    """Say where a date has a zone that cannot be read."""
    zone = labels.unread_zone(date)
    return () if zone is None else (f"{place}: the time zone {zone!r} of {date!r} is unknown; UTC is assumed",)


def build(
    run_id: str, sweep: str, source_file: str, context: ReportContext, lines: Iterable[ImportedLine]
) -> ParsedReport:
    """Turn a report's lines into rows.

    Args:
        run_id: Name of the run.
        sweep: Name of the sweep.
        source_file: The file's name.
        context: Machine and software.
        lines: In the order of the report.

    Raises:
        ValueError: a figure is no number; the message starts with the line's place.
    """
    rows: list[Row] = []
    warnings = [*context.warnings]
    times_seen: collections.Counter[tuple[str, str]] = collections.Counter()
    for index, line in enumerate(lines):
        try:
            row = _row(context, line, run_id=run_id, sweep=sweep, source_file=source_file)
        except ValueError as error:
            raise ValueError(f"{line.place}: {error}") from error
        unit = (row.cell_id, row.target_id)
        times_seen[unit] += 1
        rows.append(dataclasses.replace(row, order_index=index, invocation=times_seen[unit]))
        if row.reason:
            warnings.append(f"{line.place}: {row.reason}; the first figure is used")
    return ParsedReport(tuple(rows), tuple(warnings))


def _row(context: ReportContext, line: ImportedLine, *, run_id: str, sweep: str, source_file: str) -> Row:
    estimate = figures.estimate(line.printed, line.frames)
    call_s = NumberRange(line.call_s, line.call_s) if line.call_s is not None else estimate.call_s
    gpu = labels.read_gpu(context.gpu)
    detector = labels.detector_name(line.config)
    metadata = {METADATA_KEY: json.dumps(dict(context.metadata), ensure_ascii=False)} if context.metadata else {}
    return Row(
        sweep=sweep,
        run_id=run_id,
        cell_id=_cell_id(line, detector),
        target_id=_target_id(line.device, gpu.name, context.host.hostname),
        invocation=1,
        status=Status.OK,
        reason=estimate.contradiction,
        started_at=clock.utc_text(context.started_at),
        source_file=source_file,
        detector=detector,
        input=line.section.input,
        section_kind=line.section.kind,
        section_label=line.section.label,
        device=line.device,
        batch_size=line.batch_size,
        num_workers=line.num_workers,
        weights=WeightsKind.PRETRAINED,  # py-feat's script knows no other
        protocol=ProtocolName.PYFEAT,
        hostname=context.host.hostname,
        arch=context.host.arch,
        cpu_count=context.host.cpu_count,
        gpu_name=None if line.device == Device.CPU else gpu.name,
        python=context.python,
        torch=context.torch,
        cuda=gpu.cuda,
        pyfeat=context.version,
        pyfeat_commit=context.commit,
        omp_num_threads=None if context.threads == "unset" else context.threads,
        timed_s=[call_s.midpoint],
        frames=line.frames,
        batches=-(-line.frames // line.batch_size),
        input_fps=line.section.fps,
        fex_rows=line.fex_rows,
        printed={**line.printed, CONFIG_KEY: line.config, **metadata},
        interval_s=[call_s.low, call_s.high],
    )


def _cell_id(line: ImportedLine, detector: str) -> str:
    """Name what the labels ask for: equal labels in two reports give one cell, which is never a measured cell."""
    return identity.digest(
        {
            "labels_only": True,
            "detector": detector,
            "kind": line.section.kind,
            "section": line.section.label,
            "device": line.device,
            "batch_size": line.batch_size,
            "num_workers": line.num_workers,
        }
    )


def _target_id(device: str, gpu: str | None, hostname: str | None) -> str:
    at_host = f"@{hostname}" if hostname else ""
    return f"{device}{at_host}" if device == Device.CPU or gpu is None else f"{device}:{gpu}{at_host}"
