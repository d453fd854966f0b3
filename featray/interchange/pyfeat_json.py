"""py-feat's JSON, schema version 1: `{schema_version, metadata, records}` of its benchmark script's `--json`.

Source: feat/tests/test_bench_json.py of py-feat.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from featray.core import inputs
from featray.core.choices import WeightsKind
from featray.core.row import Row
from featray.errors import ImportFileError
from featray.interchange import exported_reports, figures, imported_rows, labels
from featray.interchange.exported_reports import ReportGroup, ReportLine
from featray.interchange.imported_rows import Context, Import, Measured

SCHEMA_VERSION = 1
_KINDS = {"video": inputs.VIDEO, "image": inputs.IMAGES}
_WRITTEN_KINDS = {kind: written for written, kind in _KINDS.items()}


def parse(text: str, source: str, run_id: str) -> Import:
    """Read a run.

    Args:
        text: The file's content.
        source: The file's path, for messages; rows keep its name.
        run_id: Name of the run and of the sweep.

    Raises:
        ImportFileError: not JSON, another format or version, or a record that lacks something; the message says which.
    """
    try:
        payload = json.loads(text, parse_constant=_refuse)
    except (RecursionError, ValueError) as wrong:
        raise ImportFileError(f"{source}: not JSON: {wrong}") from wrong
    if not isinstance(payload, dict) or not {"schema_version", "metadata", "records"} <= payload.keys():
        raise ImportFileError(f"{source}: expected an object with schema_version, metadata and records")
    if payload["schema_version"] != SCHEMA_VERSION:
        raise ImportFileError(f"{source}: schema_version {payload['schema_version']!r}; expected {SCHEMA_VERSION}")
    metadata, records = payload["metadata"], payload["records"]
    if not isinstance(metadata, dict) or not isinstance(records, list) or not records:
        raise ImportFileError(f"{source}: metadata must be an object and records a list that is not empty")
    try:
        measured = [_measured(f"records[{index}]", record) for index, record in enumerate(records)]
        return imported_rows.build(run_id, run_id, source, context(metadata), measured)
    except ValueError as wrong:
        raise ImportFileError(f"{source}: {wrong}") from wrong


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def context(metadata: Mapping[str, Any]) -> Context:
    """Read a run's metadata; numbers and texts are taken as they are, anything else is left.

    Raises:
        ValueError: there is no date.
    """
    plain = {name: str(value) for name, value in metadata.items() if isinstance(value, str | int | float)}
    if not plain.get("date"):
        raise ValueError("metadata: no date")
    cpus = metadata.get("cpu_count")
    known = isinstance(cpus, int) and not isinstance(cpus, bool) and 0 < cpus < 2**31
    commit = plain.get("git_commit")
    return Context(
        date=plain["date"],
        version=plain.get("feat_version"),
        commit=None if commit == "nogit" else commit,
        machine=labels.Machine(plain.get("host"), plain.get("machine"), cpus if known else None),
        gpu=plain.get("gpu"),
        python=plain.get("python"),
        torch=plain.get("pytorch"),
        threads=plain.get("omp_num_threads"),
        metadata=metadata,
    )


def _measured(place: str, record: Any) -> Measured:
    if not isinstance(record, dict):
        raise ValueError(f"{place}: not an object")
    needed = ("section_kind", "section_label", "config", "device", "batch", "sec", "n_units")
    missing = [name for name in needed if record.get(name) is None]
    if missing:
        raise ValueError(f"{place}: {', '.join(missing)} missing")
    return from_record(place, {name: _text(place, name, value) for name, value in record.items() if value is not None})


def _text(place: str, name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{place}: {name} is {value!r}; expected a number or a text")
    return str(value)


def from_record(place: str, record: Mapping[str, str]) -> Measured:
    """Read one record, every value as text; `sec` is the duration itself, the other figures are checked against it.

    Raises:
        ValueError: a value is not what its name says.
    """
    kind = _KINDS.get(record["section_kind"])
    if kind is None:
        raise ValueError(f"{place}: section_kind {record['section_kind']!r}; expected {', '.join(_KINDS)}")
    names = {
        "sec": figures.SEC,
        "per_unit_ms": figures.MS_PER_FRAME if kind == inputs.VIDEO else figures.MS_PER_IMAGE,
        "fps": figures.FPS,
    }
    seconds = float(record["sec"]) if figures.NUMBER.fullmatch(record["sec"]) else math.nan
    if not 0 < seconds < math.inf:
        raise ValueError(f"{place}: sec {record['sec']!r} is no duration")
    return imported_rows.measured(
        place,
        section=labels.section(kind, record["section_label"]),
        config=record["config"],
        device=record["device"],
        batch=record["batch"],
        workers=record.get("workers", "0"),
        units=record["n_units"],
        detected=record.get("n_rows"),
        printed={figure: record[name] for name, figure in names.items() if name in record},
        seconds=seconds,
    )


def write(rows: Sequence[Row]) -> dict[str, str]:
    """Write rows as runs of this format, one for each run, host and GPU; units without a timing are left out.

    Returns:
        File name -> text.
    """
    return {
        f"{group.name}.json": json.dumps(_payload(group), indent=2) + "\n" for group in exported_reports.groups(rows)
    }


def _payload(group: ReportGroup) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "metadata": dict(group.metadata) if "date" in group.metadata else metadata(group),
        "records": [_record(line) for line in group.lines],
    }


def metadata(group: ReportGroup) -> dict[str, Any]:
    """Describe a group as py-feat's script describes a run."""
    first = group.first
    return {
        "date": min(row.started_at for row in group.rows),
        "feat_version": first.pyfeat,
        "git_commit": first.pyfeat_commit or "nogit",
        "host": first.hostname,
        "machine": first.arch,
        "cpu_count": first.cpu_count,
        "python": first.python,
        "pytorch": first.torch,
        "gpu": exported_reports.gpu_text(group),
        "omp_num_threads": first.omp_num_threads,
        "devices_swept": exported_reports.distinct(line.device for line in group.lines),
        "batch_sizes": exported_reports.distinct(line.batch_size for line in group.lines),
        "workers": exported_reports.distinct(line.num_workers for line in group.lines),
        **({"weights": "synthetic"} if first.weights == WeightsKind.SYNTHETIC else {}),
    }


def _record(line: ReportLine) -> dict[str, Any]:
    per_unit = line.printed.get(figures.MS_PER_FRAME) or line.printed.get(figures.MS_PER_IMAGE)
    rate = line.printed.get(figures.FPS)
    return {
        "section_kind": _WRITTEN_KINDS[line.section_kind],
        "section_label": line.section_label,
        "config": line.config,
        "device": line.device,
        "batch": line.batch_size,
        "workers": line.num_workers,
        "sec": line.seconds,
        "n_rows": line.detected,
        "n_units": line.units,
        "per_unit_ms": float(per_unit) if per_unit else line.seconds / line.units * 1000,
        "fps": float(rate) if rate else line.units / line.seconds,
    }
