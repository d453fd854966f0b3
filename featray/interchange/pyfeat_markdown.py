"""py-feat's markdown reports: docs/benchmarks/*.md, of every age, in; the script-made part, byte for byte, out.

    # py-feat detector benchmark - DATE
    ## Run metadata          - **Label:** value, one a line
    ## Video: LABEL | ## Images: LABEL
    ### CONFIG               a table: device, batch, [workers,] sec, ms/frame or ms/img, fps or rows
    ---                      hand-written notes from here on, which are not read

People also write notes and tables of their own right below the script's. A table that the script cannot have written
where it stands is left and named; one that may be the script's and is malformed refuses the report.

Source: scripts/bench_detectors.py of py-feat, all its versions.
"""

import re
from collections.abc import Iterator, Sequence

from featray.core import inputs
from featray.core.choices import WeightsKind
from featray.core.row import Row
from featray.core.targets import DEVICES
from featray.errors import ImportFileError
from featray.interchange import exported_reports, figures, imported_rows, labels
from featray.interchange.exported_reports import ReportGroup, ReportLine
from featray.interchange.imported_rows import Context, Import, Measured

_TITLE = "# py-feat detector benchmark"
_METADATA = re.compile(r"- \*\*(.+?):\*\*\s*(.*)")
_SECTION = re.compile(r"## (Video|Images): (.+)")
_FIGURES = {
    inputs.VIDEO: (figures.SEC, figures.MS_PER_FRAME, figures.FPS),
    inputs.IMAGES: (figures.SEC, figures.MS_PER_IMAGE, "rows"),
}
_NOTE = "Each timed call is preceded by one untimed warmup; the timed-call wall time is reported."


def is_report(text: str) -> bool:
    """Tell whether a text begins as one of these reports."""
    return text.lstrip("\ufeff").startswith(_TITLE)


def parse(text: str, source: str, run_id: str) -> Import:
    """Read a report.

    Args:
        text: The file's content.
        source: The file's path, for messages; rows keep its name.
        run_id: Name of the run and of the sweep.

    Raises:
        ImportFileError: a table line is malformed, or there is no date or no table; the message names the line.
    """
    lines = text.lstrip("\ufeff").splitlines()
    end = next((index for index, line in enumerate(lines) if line.strip() == "---"), len(lines))
    first = next((index for index, line in enumerate(lines[:end]) if _SECTION.match(line)), end)
    metadata = {found[1]: found[2].strip() for line in lines[:first] if (found := _METADATA.fullmatch(line.rstrip()))}
    if "Date" not in metadata:
        raise ImportFileError(f"{source}: no '- **Date:**' line; expected a report of py-feat's benchmark script")
    context = _context(metadata)
    by_hand: list[str] = []
    try:
        found_rows = imported_rows.build(run_id, run_id, source, context, list(_tables(lines[:end], by_hand)))
    except ValueError as wrong:
        raise ImportFileError(f"{source}: {wrong}") from wrong
    if not found_rows.rows:
        raise ImportFileError(f"{source}: no table of timings under a '## Video:' or '## Images:' heading")
    return Import(found_rows.rows, (*found_rows.warnings, *(f"{source}: {text}" for text in by_hand)))


def _context(metadata: dict[str, str]) -> Context:
    return Context(
        date=metadata["Date"],
        version=metadata.get("py-feat version") or None,
        commit=metadata.get("Git commit") if metadata.get("Git commit") != "nogit" else None,
        machine=labels.machine(metadata.get("Host")),
        gpu=metadata.get("GPU"),
        python=metadata.get("Python") or None,
        torch=metadata.get("PyTorch") or None,
        threads=metadata.get("OMP_NUM_THREADS", "").strip("`") or None,
        metadata=metadata,
    )


def _tables(lines: Sequence[str], by_hand: list[str]) -> Iterator[Measured]:
    """Walk the report; the table that comes first under a section and a configuration counts.

    Args:
        lines: Of the report.
        by_hand: Takes what is said of tables that are left.
    """
    section: labels.SectionLabel | None = None
    config: str | None = None
    columns: list[str] | None = None
    is_left = has_figures = has_note = False  # of this table; under this configuration, and after its figures
    for number, line in enumerate(lines, start=1):
        if line.startswith("## "):
            heading = _SECTION.fullmatch(line.strip())
            section = labels.section(labels.KINDS[heading[1]], heading[2]) if heading else None
            config = columns = None
        elif line.startswith("### "):
            config, columns = line[4:].strip(), None
            is_left = has_figures = has_note = False
        elif not line.startswith("|"):
            columns, is_left = None, False
            has_note = has_note or (has_figures and bool(line.strip()))
        elif section is not None and config and not is_left:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if columns is None:
                is_left = _is_by_hand(cells, section, has_figures=has_figures, has_note=has_note)
                if is_left:
                    by_hand.append(f"line {number}: a table that py-feat's script does not write here; not read")
                    continue
                columns, has_figures = cells, True
                _check_columns(columns, section, f"line {number}")
            elif set("".join(cells)) - set("-: "):
                yield _measured(f"line {number}", columns, cells, section, config)


def _is_by_hand(cells: Sequence[str], section: labels.SectionLabel, *, has_figures: bool, has_note: bool) -> bool:
    """Tell from the head of a table, and from what stands above it, whether somebody has added it."""
    if _without_workers(cells) == _expected(section):
        return has_note
    if cells[0] in DEVICES:  # a line of figures that has lost its head
        return False
    return has_figures or not {"device", "batch"} & set(cells)


def _expected(section: labels.SectionLabel) -> list[str]:
    return ["device", "batch", *_FIGURES[section.kind]]


def _without_workers(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name != "workers"]


def _check_columns(columns: list[str], section: labels.SectionLabel, line: str) -> None:
    expected = _expected(section)
    if _without_workers(columns) != expected:
        raise ValueError(
            f"{line}: columns {', '.join(columns)}; expected {', '.join(expected)}, with or without workers"
        )


def _measured(line: str, columns: list[str], cells: list[str], section: labels.SectionLabel, config: str) -> Measured:
    if len(cells) != len(columns):
        raise ValueError(f"{line}: {len(cells)} cells under {len(columns)} columns")
    values = dict(zip(columns, cells, strict=True))
    return imported_rows.measured(
        line,
        section=section,
        config=config,
        device=values["device"],
        batch=values["batch"],
        workers=values.get("workers", "0"),
        detected=values.get("rows"),
        printed={name: values[name] for name in columns if name not in ("device", "batch")},
    )


def write(rows: Sequence[Row]) -> dict[str, str]:
    """Write rows as reports in py-feat's layout, one for each run, host and GPU.

    Units without a timing are left out: the layout has no place for them.

    Returns:
        File name -> text.
    """
    return {f"{group.name}.md": _report(group) for group in exported_reports.groups(rows)}


def _report(group: ReportGroup) -> str:
    metadata = _metadata(group)
    parts = [f"{_TITLE} \u2014 {metadata['Date']}\n", "## Run metadata\n"]
    parts += [f"- **{label}:** {value}" for label, value in metadata.items()]
    parts += ["", f"{_NOTE}\n"]
    workers = any(line.num_workers or "workers" in line.printed for line in group.lines)
    for (kind, label), of_section in exported_reports.by_section(group.lines).items():
        parts.append(f"## {labels.TITLES[kind]}: {label}\n")
        for config, lines in exported_reports.by_config(of_section).items():
            parts += [f"### {config}\n", _table(lines, kind, workers), ""]
    return "\n".join(parts)


def _table(lines: Sequence[ReportLine], kind: str, workers: bool) -> str:
    columns = ["device", "batch", *(["workers"] if workers else []), *_FIGURES[kind]]
    written = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for line in lines:
        values = {"device": line.device, "batch": str(line.batch_size), "workers": str(line.num_workers)} | _figures(
            line
        )
        written.append(f"| {' | '.join(values[name] for name in columns)} |")
    return "\n".join(written) + "\n"


def _figures(line: ReportLine) -> dict[str, str]:
    """Print a duration as py-feat's script does; an imported one as it stood."""
    per_unit = f"{line.seconds / line.units * 1000:.1f}"
    return {
        figures.SEC: f"{line.seconds:.2f}",
        figures.MS_PER_FRAME: per_unit,
        figures.MS_PER_IMAGE: per_unit,
        figures.FPS: f"{line.units / line.seconds:.1f}",
        "rows": str(line.detected or 0),
    } | dict(line.printed)


def _metadata(group: ReportGroup) -> dict[str, str]:
    if "Date" in group.metadata:
        return {label: str(value) for label, value in group.metadata.items()}
    first = group.first
    return {
        "Date": exported_reports.date_text(group),
        "py-feat version": first.pyfeat or "unknown",
        "Git commit": (first.pyfeat_commit or "nogit")[:7],
        "Host": exported_reports.host_text(first),
        "Python": first.python or "unknown",
        "PyTorch": first.torch or "unknown",
        "GPU": exported_reports.gpu_text(group),
        "OMP_NUM_THREADS": f"`{first.omp_num_threads or 'unset'}`",
        "Devices swept": str(exported_reports.distinct(line.device for line in group.lines)),
        "Batch sizes": str(exported_reports.distinct(line.batch_size for line in group.lines)),
        "DataLoader workers": str(exported_reports.distinct(line.num_workers for line in group.lines)),
        **({"Weights": "synthetic"} if first.weights == WeightsKind.SYNTHETIC else {}),
    }
