"""`featray.report`: stored rows, chosen by name, to a report where people look for it.

Flow: names -> `chosen_runs` -> `rendering` -> text on stdout, or a file under `RESULTS/reports`.
Notes that people wrote into `NAME.notes.md` there come back at the end of every report of that name.
"""

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from featray import store
from featray.analysis import diagnosis, units
from featray.api import chosen_runs
from featray.api.chosen_runs import Chosen
from featray.api.named import PathLike
from featray.api.suggest import following
from featray.core.files import write_whole
from featray.core.row import Row
from featray.core.version import __version__
from featray.errors import BadInput, StoreError, suggest
from featray.rendering import diagnosis_notes, document, json_form, markdown
from featray.rendering.page import html, tables

FORMATS = {"markdown": ".md", "html": ".html", "json": ".json"}
"""Format -> suffix of its file."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reported:
    """A report, the files that it was put in, and what could not be used."""

    text: str
    files: tuple[Path, ...]
    problems: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Written:
    """A report's text and, for a page with too many units, the CSV that goes beside it."""

    text: str
    csv_name: str
    csv: str | None


def report(
    *names: str,
    results: str = "results",
    baseline: str | None = None,
    form: str = "markdown",
    output: PathLike | None = None,
) -> Reported:
    """Report what was measured, and keep the report under `RESULTS/reports`.

    Args:
        names: Sweeps (their latest run counts), run ids, or sweep files; none takes the latest run.
        results: Store of rows and reports: a folder or URI.
        baseline: Run to compare with; None takes the one that the sweep names.
        form: markdown, html or json.
        output: File to write instead; `-` writes none.

    Raises:
        BadInput: a name or the format is none, or a page has nowhere to go.
        StoreError: the store cannot be read, or the report not written.
    """
    to = Path(output) if output is not None else None
    if form not in FORMATS:
        raise BadInput(f"--format {form}: no such format{suggest(form, FORMATS)}")
    with store.without_collection():
        chosen = chosen_runs.choose(results, names)
        path = _path(results, chosen.name, form, to)
        before, problems = chosen_runs.find_baseline(results, chosen, baseline)
        written = write(results, chosen, form, before, beside=path is not None)
    files = tuple(keep(path, written)) if path else ()
    return Reported(text=written.text, files=files, problems=(*chosen.problems, *problems))


def of_run(results: str, run_id: str, rows: Sequence[Row]) -> Path | None:
    """Keep the markdown report of a run whose rows are at hand; None for a store that is no folder."""
    place, name = folder(results), chosen_runs.file_name([run_id])
    if place is None:
        return None
    chosen = Chosen(name=name, run_ids=(run_id,), rows=tuple(rows), problems=())
    before, _ = chosen_runs.find_baseline(results, chosen, None)
    return keep(place / f"{name}.md", write(results, chosen, "markdown", before))[0]


def _path(results: str, name: str, form: str, output: Path | None) -> Path | None:
    if output is not None:
        return None if str(output) == "-" else output
    place = folder(results)
    if place is None and form == "html":
        raise BadInput(f"{store.shown(results)} is no folder to put a page in; name a file with -o")
    return place / f"{name}{FORMATS[form]}" if place and form != "json" else None


def write(results: str, chosen: Chosen, form: str, before: Sequence[Row] = (), *, beside: bool = True) -> Written:
    """Write a report in one of `FORMATS`.

    Args:
        results: Store, for calibrations and notes.
        chosen: What is reported.
        form: One of `FORMATS`.
        before: Rows of the baseline.
        beside: Whether a CSV can stand beside a page that has no room for all units.
    """
    known, by_hand = chosen_runs.calibrations(results), hand_written(results, chosen.name)
    report, theirs = document.build(chosen.rows, known), units.gather(before)
    diagnosed = diagnosis.diagnose(report.units, theirs, calibrations=known)
    order = [unit.key for unit in tables.ordered(report)]
    next_runs = following(diagnosed, report.units, theirs)
    found = diagnosis_notes.notes(diagnosed, before, order, next_runs, _suggesting(chosen, before))
    csv_name = f"{chosen.name}.units.csv"
    if form == "html":
        page = html.render(
            report, found, version=__version__, csv_name=csv_name if beside else None, hand_written=by_hand
        )
        return Written(text=page.page, csv_name=csv_name, csv=page.csv)
    render = markdown.render if form == "markdown" else json_form.render
    return Written(text=render(report, found, by_hand), csv_name=csv_name, csv=None)


def _suggesting(chosen: Chosen, before: Sequence[Row]) -> str:
    """Write the command that writes a report's next runs."""
    against = ["--baseline", before[0].run_id] if before else []
    return shlex.join(["featray", "suggest", *chosen.run_ids, *against, "-o", "sweeps"])


def folder(results: str) -> Path | None:
    """Name the folder of reports; None for a store that is no folder."""
    return None if "://" in results else Path(results) / "reports"


def hand_written(results: str, name: str) -> str | None:
    """Read the notes that people keep beside a report; None when there are none.

    Raises:
        StoreError: the file is there but is not text that can be read.
    """
    place = folder(results)
    path = place / f"{name}.notes.md" if place else None
    if path is None or not path.exists():
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise StoreError(f"{path}: cannot be read ({wrong})") from wrong


def keep(path: Path, written: Written) -> list[Path]:
    """Put a report, and its CSV, in place.

    Raises:
        StoreError: the place cannot be written.
    """
    csv = {path.parent / written.csv_name: written.csv} if written.csv is not None else {}
    return keep_all({path: written.text, **csv})


def keep_all(files: Mapping[Path, str]) -> list[Path]:
    """Write files so that a reader sees the old one or the new one, never a part.

    Raises:
        StoreError: a place cannot be written.
    """
    for file, text in files.items():
        try:
            write_whole(file, text)
        except OSError as wrong:
            raise StoreError(f"{file}: cannot be written ({wrong.strerror})") from wrong
    return list(files)
