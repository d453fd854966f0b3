"""py-feat's throughput.csv: one line per cell, many runs in one file.

Flow: text -> `parse` -> `imported_rows.build`; rows -> `exported_reports.split` -> `write`. Pure.
Two kinds of columns are read: the dashboard's, where fps is the only figure, and those of py-feat's ingest script,
which are its JSON flattened. The dashboard's are written.

Source: scripts/benchmarks_md_to_csv.py and feat/tests/test_ingest_benchmarks.py of py-feat.
"""

import collections
import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from featray.core import inputs, wording
from featray.core.choices import Device, WeightsKind
from featray.core.row import Row
from featray.interchange import all_columns, exported_reports, figures, imported_rows, labels, pyfeat_json
from featray.interchange.exported_reports import ExportedReport, ReportLine, group_by
from featray.interchange.imported_rows import ImportedLine, ParsedReport, ReportContext

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
ENVIRONMENT = "featray_environment"
"""Column of featray's own beside them, where a run measured in environments: without it the lines of two versions of
torch, or of a package that py-feat does not know, would look alike. py-feat's dashboard reads columns by name."""

_RUN_COLUMNS = (
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
_COUNT_COLUMNS = ("cpu_count", "omp_num_threads", "batch", "workers", "n_rows", "n_units")
_FACES = re.compile(r" = (\d{1,9}) faces$")
_KINDS = {"video": inputs.VIDEO, "images": inputs.IMAGES, "image": inputs.IMAGES}


@dataclasses.dataclass(frozen=True)
class _CsvLine:
    """The values of one line that are not empty, by column."""

    place: str
    values: Mapping[str, str]

    @property
    def run(self) -> tuple[str, ...]:
        """Give what is the same for all lines of one run."""
        return tuple(self.values.get(name, "") for name in _RUN_COLUMNS)


def parse(text: str, run_id: str, source_file: str) -> ParsedReport:
    """Read a table; each date, version, commit and host in it becomes a run of its own.

    Args:
        text: The file's content.
        run_id: Name of the sweep; each run's name adds what distinguishes it.
        source_file: The file's name, which the rows keep.

    Raises:
        ValueError: columns are missing, or a line is malformed; the message starts with the line.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), strict=True)
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise ValueError(f"line 1: no column {', '.join(missing)}; expected those of py-feat's throughput.csv")
        lines = [_read_values(f"line {reader.line_num}", record) for record in reader]
        _refuse_second_head(lines)
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: not CSV: {error}") from error
    if not lines:
        raise ValueError("no line below the head of the table")
    return _build_runs(lines, run_id, source_file)


def _read_values(place: str, record: Mapping[str | None, str | list[str] | None]) -> _CsvLine:
    values = {name: value for name, value in record.items() if isinstance(name, str) and isinstance(value, str)}
    if len(values) != len(record):
        raise ValueError(f"{place}: expected as many fields as columns; quote a field that has a comma in it")
    stripped = {name: value.strip() for name, value in values.items() if value.strip()}
    counts = {name: imported_rows.whole_text(stripped[name]) or "" for name in _COUNT_COLUMNS if name in stripped}
    return _CsvLine(place, stripped | counts)


def _refuse_second_head(lines: Iterable[_CsvLine]) -> None:
    for line in lines:
        if all(line.values.get(name) == name for name in COLUMNS):
            raise ValueError(f"{line.place}: a second table begins; import each from its own file")


def _refuse_faces(lines: Iterable[_CsvLine]) -> tuple[str, ...]:
    """Refuse a table whose rates are the numbers of faces of its sections; of one line, only warn.

    py-feat's markdown has `rows` where videos have `fps`, and a script has taken one for the other.
    """
    faces = [(line, _FACES.search(line.values.get("section_label", ""))) for line in lines]
    counted = [(line, match[1]) for line, match in faces if match and "sec" not in line.values]
    if not counted or any(imported_rows.whole_text(line.values.get("fps")) != count for line, count in counted):
        return ()
    text = "fps is the number of faces of the section"
    if len(counted) == 1:
        return (f"{counted[0][0].place}: {text}; check that it is a rate",)
    first, last = counted[0][0].place, counted[-1][0].place
    raise ValueError(f"{first} to {last}: {text} in every line of images; write frames per second, or delete them")


def _build_runs(lines: Sequence[_CsvLine], sweep: str, source_file: str) -> ParsedReport:
    """Build each run by itself; equal lines count once, since a table may have been appended twice."""
    different: dict[tuple[tuple[str, str], ...], _CsvLine] = {}
    for line in lines:
        different.setdefault(tuple(sorted(line.values.items())), line)
    rows: list[Row] = []
    warnings = [*_refuse_faces(lines)]
    if len(different) < len(lines):
        warnings.append(f"{wording.count(len(lines) - len(different), 'line')} repeated; each counts once")
    times_used: collections.Counter[str] = collections.Counter()
    for run, run_lines in group_by(different.values(), lambda line: line.run).items():
        name = "-".join([sweep, *(re.sub(r"[^A-Za-z0-9.]+", "-", text)[:40] for text in run[:4] if text)])
        times_used[name] += 1
        name += f"-{times_used[name]}" if times_used[name] > 1 else ""
        for gpu, gpu_lines in group_by(run_lines, lambda line: line.values.get("gpu", "")).items():
            context = _read_context(gpu_lines[0], gpu)
            report = imported_rows.build(name, sweep, source_file, context, [_read_line(line) for line in gpu_lines])
            rows += report.rows
            warnings += report.warnings
    return ParsedReport(tuple(rows), tuple(dict.fromkeys(warnings)))


def _read_context(line: _CsvLine, gpu: str) -> ReportContext:
    metadata: dict[str, str | int] = {name: line.values[name] for name in _RUN_COLUMNS if name in line.values}
    if "cpu_count" in line.values:
        try:
            metadata["cpu_count"] = imported_rows.read_count(line.values["cpu_count"], "cpu_count", 1)
        except ValueError as error:
            raise ValueError(f"{line.place}: {error}") from error
    context = pyfeat_json.read_context(line.place, {**metadata, "gpu": gpu})
    return dataclasses.replace(context, metadata={})


def _read_line(line: _CsvLine) -> ImportedLine:
    place, values = line.place, line.values
    kind = pyfeat_json.read_kind(place, values.get("section_kind", ""), _KINDS)
    missing = [name for name in ("config", "device", "batch", "section_label", "fps") if name not in values]
    if missing:
        raise ValueError(f"{place}: no value for {', '.join(missing)}")
    if "sec" in values and "n_units" in values:
        return pyfeat_json.read_texts(place, {**values, "section_kind": "video" if kind == inputs.VIDEO else "image"})
    return imported_rows.check_line(
        place,
        section=labels.read_section(kind, re.sub(r"^(Images|Video): ", "", values["section_label"])),
        config=values["config"],
        device=values["device"],
        batch=values["batch"],
        workers=values.get("workers", "0"),
        printed={figures.FPS: values["fps"]},
    )


def write(rows: Sequence[Row]) -> str:
    """Write rows with the dashboard's columns, and their environments where they have some.

    Units without a timing are left out.
    """
    reports = exported_reports.split(rows)
    has_environments = any(report.context.environment is not None for report in reports)
    columns = (*COLUMNS, ENVIRONMENT) if has_environments else COLUMNS
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for report in reports:
        writer.writerows(_write_line(report, line) for line in report.lines)
    return stream.getvalue()


def _write_line(report: ExportedReport, line: ReportLine) -> dict[str, str]:
    row = report.context
    synthetic = " (synthetic weights)" if row.weights == WeightsKind.SYNTHETIC else ""
    values = {
        "feat_version": row.pyfeat or "unknown",
        "date": exported_reports.began_at(report).date().isoformat(),
        "host": row.hostname or "",
        "gpu": "CPU" if line.device == Device.CPU else exported_reports.gpu_text(report),
        "config": line.config + synthetic,
        "device": line.device,
        "batch": str(line.batch_size),
        "section_kind": line.section_kind,
        "section_label": _section_label(line),
        "fps": _fps(line),
        ENVIRONMENT: row.environment or "",
    }
    return {name: all_columns.without_formula(value) for name, value in values.items()}


def _section_label(line: ReportLine) -> str:
    """Shorten a section as py-feat's script does: to `long` or `short`, else its whole heading."""
    heading = f"{labels.TITLES[line.section_kind]}: {line.section_label}"
    return next((word for word in ("long", "short") if word in heading.lower()), heading)


def _fps(line: ReportLine) -> str:
    """Give frames per second as printed; for images, like py-feat's script, 1000 over the printed ms/img."""
    if figures.FPS in line.printed:
        return line.printed[figures.FPS]
    if line.section_kind == inputs.VIDEO:
        return f"{line.frames / line.call_s:.1f}"
    printed = line.printed.get(figures.MS_PER_IMAGE)
    per_image_ms = float(printed) if printed else round(line.call_s / line.frames * 1000, 1)
    return f"{(1000 / per_image_ms if per_image_ms else line.frames / line.call_s):.1f}"
