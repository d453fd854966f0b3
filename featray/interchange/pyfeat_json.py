"""py-feat's JSON, schema version 1: `{schema_version, metadata, records}` of its benchmark script's `--json`.

Flow: text -> `parse` -> `imported_rows.build`; rows -> `exported_reports.split` -> `write`. Pure.

Source: feat/tests/test_bench_json.py of py-feat.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from featray.core import inputs
from featray.core.choices import WeightsKind
from featray.core.row import Row
from featray.interchange import exported_reports, figures, imported_rows, labels
from featray.interchange.exported_reports import ExportedReport, ReportLine
from featray.interchange.imported_rows import ImportedLine, ParsedReport, ReportContext

SCHEMA_VERSION = 1
_KINDS = {"video": inputs.VIDEO, "image": inputs.IMAGES}
_WRITTEN_KINDS = {kind: written for written, kind in _KINDS.items()}


def parse(text: str, run_id: str, source_file: str) -> ParsedReport:
    """Read a run.

    Args:
        text: The file's content.
        run_id: Name of the run and of the sweep.
        source_file: The file's name, which the rows keep.

    Raises:
        ValueError: not JSON, another format or version, or a record that lacks something; the message says where.
    """
    payload = _load(text)
    if not isinstance(payload, dict) or not {"schema_version", "metadata", "records"} <= payload.keys():
        raise ValueError("expected schema_version, metadata and records in one object, as py-feat's `--json` writes it")
    if payload["schema_version"] != SCHEMA_VERSION:
        raise ValueError(
            f"schema_version: expected {SCHEMA_VERSION}, got {payload['schema_version']!r}; a newer featray may read it"
        )
    metadata, records = payload["metadata"], payload["records"]
    if not isinstance(metadata, dict):
        raise ValueError("metadata: expected an object")
    if not isinstance(records, list) or not records:
        raise ValueError("records: expected a list that is not empty")
    _refuse_copies(records)
    lines = [_read_record(f"records[{index}]", record) for index, record in enumerate(records)]
    return imported_rows.build(run_id, run_id, source_file, read_context("metadata", metadata), lines)


def _refuse_copies(records: Sequence[Any]) -> None:
    """Refuse records that are there twice: as another invocation, a copy would make a cell look more certain."""
    first: dict[str, int] = {}
    for index, record in enumerate(records):
        before = first.setdefault(json.dumps(record, sort_keys=True), index)
        if before != index:
            raise ValueError(f"records[{index}]: the same as records[{before}], with its figures; delete the copy")


def _load(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            raise ValueError(f"line {error.lineno}: a second report begins; import each from its own file") from error
        raise ValueError(f"line {error.lineno}: not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def read_context(place: str, metadata: Mapping[str, Any]) -> ReportContext:
    """Read a run's metadata; numbers and texts are taken as they are, other values are ignored.

    Args:
        place: Where the metadata is in the file, for messages.
        metadata: By the names of this format.

    Raises:
        ValueError: there is no date.
    """
    texts = {name: str(value) for name, value in metadata.items() if isinstance(value, str | int | float)}
    try:
        started_at = labels.read_date(texts.get("date", ""))
    except ValueError as error:
        raise ValueError(f"{place}: date: {error}") from error
    cpus = metadata.get("cpu_count")
    is_count = isinstance(cpus, int | float) and not isinstance(cpus, bool) and 0 < cpus < 2**31 and cpus % 1 == 0
    commit = texts.get("git_commit")
    return ReportContext(
        started_at=started_at,
        version=texts.get("feat_version"),
        commit=None if commit == "nogit" else commit,
        host=labels.HostLabel(texts.get("host"), texts.get("machine"), int(cpus) if cpus and is_count else None),
        gpu=texts.get("gpu"),
        python=texts.get("python"),
        torch=texts.get("pytorch"),
        threads=imported_rows.whole_text(texts.get("omp_num_threads")),
        metadata=metadata,
        warnings=imported_rows.warn_of_zone(f"{place}: date", texts.get("date", "")),
    )


def _read_record(place: str, record: Any) -> ImportedLine:
    if not isinstance(record, dict):
        raise ValueError(f"{place}: expected an object, got {record!r}")
    needed = ("section_kind", "section_label", "config", "device", "batch", "sec", "n_units")
    missing = [name for name in needed if record.get(name) is None]
    if missing:
        raise ValueError(f"{place}: no value for {', '.join(missing)}")
    return read_texts(place, {name: _text(place, name, value) for name, value in record.items() if value is not None})


def _text(place: str, name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{place}: {name}: expected a number or a text, got {value!r}")
    return str(value)


def read_texts(place: str, record: Mapping[str, str]) -> ImportedLine:
    """Read one record, every value as text; `sec` is the duration itself, the other figures are checked against it.

    Raises:
        ValueError: a value is of the wrong kind; the message starts with the place.
    """
    kind = read_kind(place, record["section_kind"], _KINDS)
    names = {
        "sec": figures.SEC,
        "per_unit_ms": figures.MS_PER_FRAME if kind == inputs.VIDEO else figures.MS_PER_IMAGE,
        "fps": figures.FPS,
    }
    call_s = float(record["sec"]) if figures.NUMBER.fullmatch(record["sec"]) else math.nan
    if not 0 < call_s < math.inf:
        raise ValueError(f"{place}: sec: expected a number of seconds above 0, got {record['sec']!r}")
    return imported_rows.check_line(
        place,
        section=labels.read_section(kind, record["section_label"]),
        config=record["config"],
        device=record["device"],
        batch=record["batch"],
        workers=record.get("workers", "0"),
        frames=record["n_units"],
        fex_rows=record.get("n_rows"),
        printed={figure: record[name] for name, figure in names.items() if name in record},
        call_s=call_s,
    )


def read_kind(place: str, text: str, kinds: Mapping[str, str]) -> str:
    """Read a section's kind.

    Raises:
        ValueError: the text is none of `kinds`.
    """
    if text not in kinds:
        raise ValueError(f"{place}: section_kind: expected one of {', '.join(kinds)}; got {text!r}")
    return kinds[text]


def write(rows: Sequence[Row]) -> dict[str, str]:
    """Write rows as runs of this format, one for each run, host and GPU; units without a timing are left out.

    Returns:
        File name -> text.
    """
    reports = exported_reports.split(rows)
    return {f"{report.name}.json": json.dumps(_payload(report), indent=2) + "\n" for report in reports}


def _payload(report: ExportedReport) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "metadata": dict(report.metadata) if "date" in report.metadata else _metadata(report),
        "records": [_record(line) for line in report.lines],
    }


def _metadata(report: ExportedReport) -> dict[str, Any]:
    """Describe a report as py-feat's script describes a run."""
    row = report.context
    return {
        "date": min(row.started_at for row in report.rows),
        "feat_version": row.pyfeat,
        "git_commit": row.pyfeat_commit or "nogit",
        "host": row.hostname,
        "machine": row.arch,
        "cpu_count": row.cpu_count,
        "python": row.python,
        "pytorch": row.torch,
        "gpu": exported_reports.gpu_text(report),
        "omp_num_threads": row.omp_num_threads,
        "devices_swept": exported_reports.unique(line.device for line in report.lines),
        "batch_sizes": exported_reports.unique(line.batch_size for line in report.lines),
        "workers": exported_reports.unique(line.num_workers for line in report.lines),
        **({"weights": "synthetic"} if row.weights == WeightsKind.SYNTHETIC else {}),
    }


def _record(line: ReportLine) -> dict[str, Any]:
    per_frame_ms = line.printed.get(figures.MS_PER_FRAME) or line.printed.get(figures.MS_PER_IMAGE)
    fps = line.printed.get(figures.FPS)
    return {
        "section_kind": _WRITTEN_KINDS[line.section_kind],
        "section_label": line.section_label,
        "config": line.config,
        "device": line.device,
        "batch": line.batch_size,
        "workers": line.num_workers,
        "sec": line.call_s,
        "n_rows": line.fex_rows,
        "n_units": line.frames,
        "per_unit_ms": float(per_frame_ms) if per_frame_ms else line.call_s / line.frames * 1000,
        "fps": float(fps) if fps else line.frames / line.call_s,
    }
