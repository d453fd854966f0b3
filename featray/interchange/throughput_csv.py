"""py-feat's throughput.csv: one line per cell, many runs in one file.

Two kinds of columns are read: the dashboard's, where fps is the only figure, and those of py-feat's ingest script,
which are its JSON flattened. The dashboard's are written.

Source: scripts/benchmarks_md_to_csv.py and feat/tests/test_ingest_benchmarks.py of py-feat.
"""

import collections
import csv
import dataclasses
import io
import re
from collections.abc import Mapping, Sequence

from featray.core import inputs
from featray.core.choices import Device, WeightsKind
from featray.core.row import Row
from featray.errors import ImportFileError
from featray.interchange import exported_reports, figures, imported_rows, labels, pyfeat_json
from featray.interchange.exported_reports import ReportGroup, ReportLine
from featray.interchange.imported_rows import Context, Import, Measured

COLUMNS = (
    "feat_version",
    "date",
    "host",
    "gpu",
    "config",
    "device",
    "batch",
    "section_kind",
    "section_label",
    "fps",
)
_CONTEXT = (
    "feat_version",
    "date",
    "host",
    "git_commit",
    "machine",
    "cpu_count",
    "python",
    "pytorch",
    "omp_num_threads",
)
_KINDS = {"video": inputs.VIDEO, "images": inputs.IMAGES, "image": inputs.IMAGES}


def parse(text: str, source: str, run_id: str) -> Import:
    """Read a table; each date, version, commit and host in it becomes a run of its own.

    Args:
        text: The file's content.
        source: The file's path, for messages; rows keep its name.
        run_id: Name of the sweep; the runs are named after it and what tells them apart.

    Raises:
        ImportFileError: columns are missing, or a line is malformed; the message names it.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), strict=True)
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise ValueError(f"columns {', '.join(missing)} are missing; expected py-feat's throughput.csv")
        records = [_record(f"line {reader.line_num}", record) for record in reader]
        if not records:
            raise ValueError("no line of figures")
        return _runs(records, source, run_id)
    except (ValueError, csv.Error) as wrong:
        raise ImportFileError(f"{source}: {wrong}") from wrong


Record = tuple[str, Mapping[str, str]]


def _record(line: str, record: Mapping[str | None, str | list[str] | None]) -> Record:
    values = {name: value for name, value in record.items() if isinstance(name, str) and isinstance(value, str)}
    if len(values) != len(record):
        raise ValueError(f"{line}: another number of fields than columns")
    return line, {name: value.strip() for name, value in values.items() if value.strip()}


def _runs(records: Sequence[Record], source: str, sweep: str) -> Import:
    """Build each run by itself; lines that say the same twice, as appended tables do, count once."""
    by_run: dict[tuple[str, ...], dict[tuple[tuple[str, str], ...], Record]] = {}
    for line, values in records:
        run = tuple(values.get(name, "") for name in _CONTEXT)
        by_run.setdefault(run, {}).setdefault(tuple(sorted(values.items())), (line, values))
    rows: list[Row] = []
    warnings: list[str] = []
    taken: collections.Counter[str] = collections.Counter()
    for run, kept in by_run.items():
        name = "-".join([sweep, *(re.sub(r"[^A-Za-z0-9.]+", "-", text)[:40] for text in run[:4] if text)])
        taken[name] += 1
        name += f"-{taken[name]}" if taken[name] > 1 else ""
        for gpu, of_gpu in _by_gpu(list(kept.values())).items():
            built = imported_rows.build(
                name, sweep, source, _context(run, gpu), [_measured(*record) for record in of_gpu]
            )
            rows += built.rows
            warnings += built.warnings
    return Import(tuple(rows), tuple(warnings))


def _by_gpu(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record[1].get("gpu", ""), []).append(record)
    return found


def _context(run: Sequence[str], gpu: str) -> Context:
    values = {name: text for name, text in zip(_CONTEXT, run, strict=True) if text}
    cpus = values.pop("cpu_count", None)
    whole: dict[str, str | int] = {"cpu_count": imported_rows.whole(cpus, "cpu_count", 1)} if cpus else {}
    found = pyfeat_json.context({**values, **whole, "gpu": gpu})
    return dataclasses.replace(found, metadata={})


def _measured(line: str, values: Mapping[str, str]) -> Measured:
    kind = _KINDS.get(values.get("section_kind", ""))
    if kind is None:
        raise ValueError(f"{line}: section_kind {values.get('section_kind', '')!r}; expected {', '.join(_KINDS)}")
    needed = ("config", "device", "batch", "section_label", "fps")
    missing = [name for name in needed if name not in values]
    if missing:
        raise ValueError(f"{line}: {', '.join(missing)} missing")
    if "sec" in values and "n_units" in values:
        return pyfeat_json.from_record(line, {**values, "section_kind": "video" if kind == inputs.VIDEO else "image"})
    return imported_rows.measured(
        line,
        section=labels.section(kind, re.sub(r"^(Images|Video): ", "", values["section_label"])),
        config=values["config"],
        device=values["device"],
        batch=values["batch"],
        workers=values.get("workers", "0"),
        printed={figures.FPS: values["fps"]},
    )


def write(rows: Sequence[Row]) -> str:
    """Write rows with the dashboard's columns; units without a timing are left out."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for group in exported_reports.groups(rows):
        writer.writerows(_written(group, line) for line in group.lines)
    return stream.getvalue()


def _written(group: ReportGroup, line: ReportLine) -> dict[str, str]:
    first = group.first
    synthetic = " (synthetic weights)" if first.weights == WeightsKind.SYNTHETIC else ""
    return {
        "feat_version": first.pyfeat or "unknown",
        "date": min(row.started_at for row in group.rows)[:10],
        "host": first.hostname or "",
        "gpu": "CPU" if line.device == Device.CPU else exported_reports.gpu_text(group),
        "config": line.config + synthetic,
        "device": line.device,
        "batch": str(line.batch_size),
        "section_kind": line.section_kind,
        "section_label": _section_label(line),
        "fps": _fps(line),
    }


def _section_label(line: ReportLine) -> str:
    """Shorten a section as py-feat's script does: to `long` or `short`, else its whole heading."""
    heading = f"{labels.TITLES[line.section_kind]}: {line.section_label}"
    return next((word for word in ("long", "short") if word in heading.lower()), heading)


def _fps(line: ReportLine) -> str:
    """Give frames per second as printed; for images, as py-feat's script, 1000 over the printed ms/img."""
    if line.section_kind == inputs.VIDEO or line.printed.get(figures.FPS):
        return line.printed.get(figures.FPS) or f"{line.units / line.seconds:.1f}"
    per_image = float(line.printed.get(figures.MS_PER_IMAGE) or f"{line.seconds / line.units * 1000:.1f}")
    return f"{(1000 / per_image if per_image else line.units / line.seconds):.1f}"
