"""py-feat's markdown reports: docs/benchmarks/*.md of every age in, the part that its script writes out.

    # py-feat detector benchmark - DATE
    ## Run metadata          - **Label:** value, one per line
    ## Video: LABEL | ## Images: LABEL
    ### CONFIG               a table: device, batch, [workers,] sec, ms/frame or ms/img, fps or rows
    ---                      notes of people from here on, which are not read

Flow: text -> `parse` -> `imported_rows.build`; rows -> `exported_reports.split` -> `write`. Pure.
A report that was read is written back byte for byte, without the notes.
People also write notes and tables of their own right below the script's. A table that the script cannot have written
there is skipped and named. A table that may be the script's and is malformed makes the whole report refused.

Source: scripts/bench_detectors.py of py-feat, all its versions.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence

from featray.core import inputs
from featray.core.choices import WeightsKind
from featray.core.row import Row
from featray.core.targets import DEVICES
from featray.interchange import exported_reports, figures, imported_rows, labels
from featray.interchange.exported_reports import ExportedReport, ReportLine
from featray.interchange.imported_rows import ImportedLine, ParsedReport, ReportContext
from featray.interchange.labels import SectionLabel

_TITLE = "# py-feat detector benchmark"
_METADATA = re.compile(r"- \*\*(.+?):\*\*\s*(.*)")
_SECTION = re.compile(r"## (Video|Images): (.+)")
_FIGURES = {
    inputs.VIDEO: (figures.SEC, figures.MS_PER_FRAME, figures.FPS),
    inputs.IMAGES: (figures.SEC, figures.MS_PER_IMAGE, "rows"),
}
_NOTE = "Each timed call is preceded by one untimed warmup; the timed-call wall time is reported."


def is_report(text: str) -> bool:
    """Return True for a text that begins like one of these reports."""
    return text.lstrip("\ufeff").startswith(_TITLE)


def parse(text: str, run_id: str, source_file: str) -> ParsedReport:
    """Read a report.

    Args:
        text: The file's content.
        run_id: Name of the run and of the sweep.
        source_file: The file's name, which the rows keep.

    Raises:
        ValueError: a table line is malformed, or there is no date or no table; the message starts with the line.
    """
    lines = text.lstrip("\ufeff").splitlines()
    for number, line in enumerate(lines[1:], start=2):
        if line.startswith(_TITLE):
            raise ValueError(f"line {number}: a second report begins; import each from its own file")
    end = next((index for index, line in enumerate(lines) if line.strip() == "---"), len(lines))
    first = next((index for index, line in enumerate(lines[:end]) if _SECTION.match(line)), end)
    context = _read_context(lines[:first])
    tables = _Tables()
    report = imported_rows.build(run_id, run_id, source_file, context, list(tables.read(lines[:end])))
    if not report.rows:
        raise ValueError("no table of timings below a '## Video: ...' or '## Images: ...' line; a report needs one")
    return ParsedReport(report.rows, (*report.warnings, *tables.skipped))


def _read_context(lines: Sequence[str]) -> ReportContext:
    entries = {
        entry[1]: (entry[2].strip(), f"line {number}")
        for number, line in enumerate(lines, start=1)
        if (entry := _METADATA.fullmatch(line.rstrip()))
    }
    if "Date" not in entries:
        raise ValueError("no '- **Date:** ...' line above the first section; a report of py-feat's script has one")
    date, place = entries["Date"]
    try:
        started_at = labels.read_date(date)
    except ValueError as error:
        raise ValueError(f"{place}: Date: {error}") from error
    metadata = {label: value for label, (value, _) in entries.items()}
    return ReportContext(
        started_at=started_at,
        version=metadata.get("py-feat version") or None,
        commit=metadata.get("Git commit") if metadata.get("Git commit") != "nogit" else None,
        host=labels.read_host(metadata.get("Host")),
        gpu=metadata.get("GPU"),
        python=metadata.get("Python") or None,
        torch=metadata.get("PyTorch") or None,
        threads=metadata.get("OMP_NUM_THREADS", "").strip("`") or None,
        metadata=metadata,
        warnings=imported_rows.warn_of_zone(f"{place}: Date", date),
    )


@dataclasses.dataclass
class _Tables:
    """Reads the tables of a report line by line; the fields describe the current line."""

    section: SectionLabel | None = None
    config: str | None = None
    columns: list[str] | None = None  # of the table that the line is in
    is_skipped: bool = False  # the table that the line is in
    has_figures: bool = False  # this configuration has had its table
    has_note: bool = False  # a text follows this configuration's table
    skipped: list[str] = dataclasses.field(default_factory=list)  # warnings
    places: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)  # (section, configuration) -> line

    def read(self, lines: Sequence[str]) -> Iterator[ImportedLine]:
        """Read the first table under each section and configuration.

        Raises:
            ValueError: a line is malformed; the message starts with it.
        """
        for number, line in enumerate(lines, start=1):
            if line.startswith("## "):
                heading = _SECTION.fullmatch(line.strip())
                self.section = labels.read_section(labels.KINDS[heading[1]], heading[2]) if heading else None
                self.config = self.columns = None
            elif line.startswith("### "):
                self.config, self.columns = line[4:].strip(), None
                self.is_skipped = self.has_figures = self.has_note = False
            elif not line.startswith("|"):
                self.columns, self.is_skipped = None, False
                self.has_note = self.has_note or (self.has_figures and bool(line.strip()))
            elif self.section is not None and self.config and not self.is_skipped:
                cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
                if self.columns is None:
                    self._start(f"line {number}", cells, self.section)
                elif set("".join(cells)) - set("-: "):
                    yield _read_line(f"line {number}", self.columns, cells, self.section, self.config)

    def _start(self, place: str, cells: list[str], section: SectionLabel) -> None:
        self.is_skipped = self._is_by_people(cells, section)
        if self.is_skipped:
            self.skipped.append(f"{place}: skipped a table that py-feat's script does not write here")
            return
        expected = _expected_columns(section)
        if _without_workers(cells) != expected:
            raise ValueError(
                f"{place}: expected columns {', '.join(expected)}, with or without workers; got {', '.join(cells)}"
            )
        first = self.places.setdefault((f"{section.kind} {section.label}", self.config or ""), place)
        if first != place:
            raise ValueError(
                f"{place}: {section.label!r} has a table of {self.config!r} on {first} already; delete one"
            )
        self.columns, self.has_figures = cells, True

    def _is_by_people(self, cells: Sequence[str], section: SectionLabel) -> bool:
        """Decide by the head of a table, and by the lines above it, whether a person added it to the script's text."""
        if _without_workers(cells) == _expected_columns(section):
            return self.has_note
        if cells[0] in DEVICES:  # a line of figures that has lost its head
            return False
        return self.has_figures or not {"device", "batch"} & set(cells)


def _expected_columns(section: SectionLabel) -> list[str]:
    return ["device", "batch", *_FIGURES[section.kind]]


def _without_workers(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name != "workers"]


def _read_line(place: str, columns: list[str], cells: list[str], section: SectionLabel, config: str) -> ImportedLine:
    if len(cells) != len(columns):
        raise ValueError(f"{place}: expected {len(columns)} cells, as many as columns; got {len(cells)}")
    values = dict(zip(columns, cells, strict=True))
    return imported_rows.check_line(
        place,
        section=section,
        config=config,
        device=values["device"],
        batch=values["batch"],
        workers=values.get("workers", "0"),
        fex_rows=values.get("rows"),
        printed={name: values[name] for name in columns if name not in ("device", "batch")},
    )


def write(rows: Sequence[Row]) -> dict[str, str]:
    """Write rows as reports in py-feat's layout, one for each run, host and GPU.

    Units without a timing are left out: the layout has no place for them.

    Returns:
        File name -> text.
    """
    return {f"{report.name}.md": _write_report(report) for report in exported_reports.split(rows)}


def _write_report(report: ExportedReport) -> str:
    metadata = _metadata(report)
    parts = [f"{_TITLE} \u2014 {metadata['Date']}\n", "## Run metadata\n"]
    parts += [f"- **{label}:** {value}" for label, value in metadata.items()]
    parts += ["", f"{_NOTE}\n"]
    workers = any(line.num_workers or "workers" in line.printed for line in report.lines)
    sections = exported_reports.group_by(report.lines, lambda line: (line.section_kind, line.section_label))
    for (kind, label), section_lines in sections.items():
        parts.append(f"## {labels.TITLES[kind]}: {label}\n")
        for config, lines in exported_reports.group_by(section_lines, lambda line: line.config).items():
            parts += [f"### {config}\n", _write_table(lines, kind, workers=workers), ""]
    return "\n".join(parts)


def _write_table(lines: Sequence[ReportLine], kind: str, *, workers: bool) -> str:
    columns = ["device", "batch", *(["workers"] if workers else []), *_FIGURES[kind]]
    text_lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for line in lines:
        cells = _cells(line)
        text_lines.append(f"| {' | '.join(cells[name] for name in columns)} |")
    return "\n".join(text_lines) + "\n"


def _cells(line: ReportLine) -> Mapping[str, str]:
    """Print a line as py-feat's script does; an imported figure as it was printed."""
    per_frame = f"{line.call_s / line.frames * 1000:.1f}"
    return {
        "device": line.device,
        "batch": str(line.batch_size),
        "workers": str(line.num_workers),
        figures.SEC: f"{line.call_s:.2f}",
        figures.MS_PER_FRAME: per_frame,
        figures.MS_PER_IMAGE: per_frame,
        figures.FPS: f"{line.frames / line.call_s:.1f}",
        "rows": str(line.fex_rows or 0),
        **line.printed,
    }


def _metadata(report: ExportedReport) -> dict[str, str]:
    if "Date" in report.metadata:
        return {label: str(value) for label, value in report.metadata.items()}
    row = report.context
    return {
        "Date": exported_reports.date_text(report),
        "py-feat version": row.pyfeat or "unknown",
        "Git commit": (row.pyfeat_commit or "nogit")[:7],
        "Host": exported_reports.host_text(row),
        "Python": row.python or "unknown",
        "PyTorch": row.torch or "unknown",
        "GPU": exported_reports.gpu_text(report),
        "OMP_NUM_THREADS": f"`{row.omp_num_threads or 'unset'}`",
        "Devices swept": str(exported_reports.unique(line.device for line in report.lines)),
        "Batch sizes": str(exported_reports.unique(line.batch_size for line in report.lines)),
        "DataLoader workers": str(exported_reports.unique(line.num_workers for line in report.lines)),
        **({"Weights": "synthetic"} if row.weights == WeightsKind.SYNTHETIC else {}),
    }
