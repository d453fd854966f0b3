"""Imported rows: one measurement of a report becomes a row whose identity is its labels.

A report says neither which keywords and weights were used nor which GPU, by UUID, was seen. So imported rows have no
`work_id`, `host_id` or `gpu_uuid`, hold one timed call, and decide no comparison.
"""

import collections
import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from featray.core import clock, identity
from featray.core.choices import Device, ProtocolName, WeightsKind
from featray.core.row import Row
from featray.core.status import Status
from featray.core.targets import DEVICES
from featray.errors import suggest
from featray.interchange import figures, labels

METADATA = "metadata"  # key of `Row.printed`: the report's metadata as JSON, in its order
NO_MACHINE = labels.Machine(None)
CONFIG = "config"  # key of `Row.printed`: the table's heading


@dataclasses.dataclass(frozen=True, kw_only=True)
class Context:
    """What a report says of the machine and software, as text; None where it says nothing."""

    date: str
    version: str | None = None
    commit: str | None = None
    machine: labels.Machine = NO_MACHINE
    gpu: str | None = None
    python: str | None = None
    torch: str | None = None
    threads: str | None = None
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # as it stood, to write it back


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """One line of a table. `seconds` is set where the report carries the number itself, not its print."""

    line: str  # where it stands, for messages
    section: labels.SectionLabel
    config: str
    device: str
    batch_size: int
    workers: int
    printed: Mapping[str, str]
    units: int
    detected: int | None = None  # rows that detect() returned
    seconds: float | None = None


@dataclasses.dataclass(frozen=True)
class Import:
    """Rows of one file, and what is odd about it: nothing here stops the import."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()


FIGURES = (figures.SEC, figures.MS_PER_FRAME, figures.MS_PER_IMAGE, figures.FPS, "rows", "workers")


def measured(
    line: str,
    *,
    section: labels.SectionLabel,
    config: str,
    device: str,
    batch: str,
    workers: str,
    printed: Mapping[str, str],
    units: str | None = None,
    detected: str | None = None,
    seconds: float | None = None,
) -> Measured:
    """Check one line of a table, given as text.

    Raises:
        ValueError: a number is none, the device is unknown, or nothing says how many frames one call has.
    """
    try:
        if device not in DEVICES:
            raise ValueError(f"device {device!r}{suggest(device, sorted(DEVICES))}")
        frames = section.units if units is None else whole(units, "n_units", 1)
        if not frames:
            raise ValueError(f"section {section.label!r} does not say how many frames or images one call has")
        if not config:
            raise ValueError("no configuration is named")
        return Measured(
            line=line,
            section=section,
            config=config,
            device=device,
            batch_size=whole(batch, "batch", 1),
            workers=whole(workers, "workers", 0),
            printed=printed,
            units=frames,
            detected=None if detected is None else whole(detected, "rows", 0),
            seconds=seconds,
        )
    except ValueError as wrong:
        raise ValueError(f"{line}: {wrong}") from wrong


def build(run_id: str, sweep: str, source: str, context: Context, measured: Iterable[Measured]) -> Import:
    """Turn a report's measurements into rows.

    Args:
        run_id: Name of the run.
        sweep: Name of the sweep.
        source: The file's path, for messages; rows keep its name.
        context: Machine and software.
        measured: In the order of the report.

    Raises:
        ValueError: a figure is no number, or the date is none; the message says where.
    """
    started_at = clock.utc_text(labels.moment(context.date))
    found: list[Row] = []
    warnings = []
    seen: collections.Counter[tuple[str, str]] = collections.Counter()
    for index, each in enumerate(measured):
        try:
            row = _row(context, each, run_id=run_id, sweep=sweep, source_file=source, started_at=started_at)
        except ValueError as wrong:
            raise ValueError(f"{each.line}: {wrong}") from wrong
        seen[row.cell_id, row.target_id] += 1
        found.append(dataclasses.replace(row, order_index=index, invocation=seen[row.cell_id, row.target_id]))
        if row.reason:
            warnings.append(f"{source}: {each.line}: {row.reason}; the first is taken")
    return Import(tuple(found), tuple(warnings))


def _row(context: Context, each: Measured, *, run_id: str, sweep: str, source_file: str, started_at: str) -> Row:
    found = figures.estimate(each.printed, each.units)
    interval = figures.Bounds(each.seconds, each.seconds) if each.seconds is not None else found.interval
    accelerator = labels.accelerator(context.gpu)
    name = labels.detector(each.config)
    metadata = {METADATA: json.dumps(dict(context.metadata), ensure_ascii=False)} if context.metadata else {}
    return Row(
        sweep=sweep,
        run_id=run_id,
        cell_id=_cell_id(each, name),
        target_id=_target_id(each.device, accelerator.name, context.machine.hostname),
        invocation=1,
        status=Status.OK,
        reason=found.contradiction,
        started_at=started_at,
        source_file=PurePath(source_file).name,  # the store goes to other machines
        detector=name,
        input=each.section.input,
        section_kind=each.section.kind,
        section_label=each.section.label,
        device=each.device,
        batch_size=each.batch_size,
        num_workers=each.workers,
        weights=WeightsKind.PRETRAINED,  # py-feat's script knows no other
        protocol=ProtocolName.PYFEAT,
        hostname=context.machine.hostname,
        arch=context.machine.arch,
        cpu_count=context.machine.cpus,
        gpu_name=None if each.device == Device.CPU else accelerator.name,
        python=context.python,
        torch=context.torch,
        cuda=accelerator.cuda,
        pyfeat=context.version,
        pyfeat_commit=context.commit,
        omp_num_threads=None if context.threads == "unset" else context.threads,
        timed_s=[interval.midpoint],
        frames=each.units,
        batches=-(-each.units // each.batch_size),
        input_fps=each.section.fps,
        fex_rows=each.detected,
        printed={**each.printed, CONFIG: each.config, **metadata},
        interval_s=[interval.low, interval.high],
    )


def _cell_id(each: Measured, detector: str) -> str:
    """Name what the labels ask for: equal labels in two reports are the same cell, and nothing measured ever is."""
    return identity.digest(
        {
            "labels_only": True,
            "detector": detector,
            "kind": each.section.kind,
            "section": each.section.label,
            "device": each.device,
            "batch_size": each.batch_size,
            "num_workers": each.workers,
        }
    )


def _target_id(device: str, gpu: str | None, hostname: str | None) -> str:
    where = f"@{hostname}" if hostname else ""
    return f"{device}{where}" if device == Device.CPU or gpu is None else f"{device}:{gpu}{where}"


def whole(text: str, what: str, least: int) -> int:
    """Read a whole number of a report.

    Raises:
        ValueError: not one, or less than `least`.
    """
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < least:
        raise ValueError(f"{what} {text!r} is not a whole number from {least}")
    return int(text)
