"""Reporting: stored rows, chosen by name, to a report where people look for it.

Flow: names -> `store` -> `report` -> text on stdout, or a file under `RESULTS/reports`.
Notes that people wrote into `NAME.notes.md` there come back at the end of every report of that name.
"""

import dataclasses
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import featray
from featray import comparison, diagnosis, store, units
from featray.comparison import Calibration
from featray.diagnosis import Diagnosis
from featray.errors import BadInput, NothingMatches, StoreError, suggest
from featray.report import document, findings, followups, grids, html, markdown, tables
from featray.report.followups import Followup
from featray.row import Row
from featray.units import Unit

FORMATS = {"markdown": ".md", "html": ".html", "json": ".json"}
"""Format -> suffix of its file."""

NAME_LENGTH = 120  # characters of a file's name: most file systems end at 255 bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chosen:
    """The rows of the runs that were asked for, and the name of their report."""

    name: str
    run_ids: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reported:
    """A report, the files that it was put in, and what could not be used."""

    text: str
    files: tuple[Path, ...]
    problems: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Suggested:
    """What to submit next, and what could not be used."""

    followups: tuple[Followup, ...]
    problems: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Written:
    """A report's text and, for a page with too many units, the CSV that goes beside it."""

    text: str
    csv_name: str
    csv: str | None


def report(
    results: str,
    names: Sequence[str],
    *,
    baseline: str | None = None,
    form: str = "markdown",
    output: Path | None = None,
) -> Reported:
    """Report runs, and keep the report.

    Args:
        results: Store.
        names: As in `choose`.
        baseline: Run to compare with; None takes the one that the sweep names, if it is there.
        form: One of `FORMATS`.
        output: File to write, `-` for none; None is the folder of reports, and for JSON no file.

    Raises:
        BadInput: a name or the format is none, or a page has nowhere to go.
        StoreError: the store or the file cannot be read or written.
    """
    if form not in FORMATS:
        raise BadInput(f"--format {form}: no such format{suggest(form, FORMATS)}")
    with store.without_collection():
        chosen = choose(results, names)
        path = _path(results, chosen.name, form, output)
        before, problems = find_baseline(results, chosen, baseline)
        written = write(results, chosen, form, before, beside=path is not None)
    files = tuple(keep(path, written)) if path else ()
    return Reported(text=written.text, files=files, problems=(*chosen.problems, *problems))


def find_baseline(results: str, chosen: Chosen, asked: str | None) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Read what a report compares with: what the caller asks for, else what its sweep names.

    Returns:
        Rows, none without a baseline, and what there is to say about it.

    Raises:
        NothingMatches: the caller's baseline does not exist.
    """
    named = next((row.baseline for row in chosen.rows if row.baseline), None)
    name = asked if asked is not None else named
    if name is None:
        return (), ()
    try:
        found = choose(results, [name])
    except NothingMatches as missing:
        if asked is not None:
            raise
        return (), (f"no comparison: {missing}",)
    if set(found.run_ids) & set(chosen.run_ids):
        return (), (f"no comparison: {name} is what is reported",) if asked is not None else ()
    return found.rows, found.problems


def calibrations(results: str) -> dict[str, Calibration]:
    """Read every target's noise floor; empty where none was calibrated."""
    if store.latest_run(results, comparison.CALIBRATION) is None:  # two columns, instead of all to find none
        return {}
    return comparison.calibrations(store.read(results, sweep=comparison.CALIBRATION).rows)


def suggest_sweeps(results: str, names: Sequence[str], *, baseline: str | None = None) -> Suggested:
    """Propose what to measure next, from what a report of the same arguments finds.

    Raises:
        BadInput: a name is none.
        StoreError: the store cannot be read.
    """
    chosen = choose(results, names)
    before, problems = find_baseline(results, chosen, baseline)
    ours, theirs = units.gather(chosen.rows), units.gather(before)
    found = diagnosis.diagnose(ours, theirs, calibrations=calibrations(results))
    return Suggested(followups=_following(found, ours, theirs), problems=(*chosen.problems, *problems))


def _following(found: Diagnosis, ours: Sequence[Unit], theirs: Sequence[Unit]) -> tuple[Followup, ...]:
    """Propose sweeps named after the first of ours, compared with what featray measured of either side."""
    name = next((unit.row.sweep for unit in ours), "next")
    measured = [next((each.row.sweep for each in side if not each.is_imported), None) for side in (ours, theirs)]
    return tuple(
        followups.propose(found.findings, [*ours, *theirs], name=name, candidate=measured[0], baseline=measured[1])
    )


def of_run(results: str, run_id: str, rows: Sequence[Row]) -> Path | None:
    """Keep the markdown report of a run whose rows are at hand; None for a store that is no folder."""
    place, name = folder(results), file_name([run_id])
    if place is None:
        return None
    chosen = Chosen(name=name, run_ids=(run_id,), rows=tuple(rows), problems=())
    before, _ = find_baseline(results, chosen, None)
    return keep(place / f"{name}.md", write(results, chosen, "markdown", before))[0]


def _path(results: str, name: str, form: str, output: Path | None) -> Path | None:
    if output is not None:
        return None if str(output) == "-" else output
    place = folder(results)
    if place is None and form == "html":
        raise BadInput(f"{store.shown(results)} is no folder to put a page in; name a file with -o")
    return place / f"{name}{FORMATS[form]}" if place and form != "json" else None


def choose(results: str, names: Sequence[str]) -> Chosen:
    """Read the rows of runs; by default of the run that measured last.

    Args:
        results: Store.
        names: Sweeps (their latest run counts), run ids, or sweep files.

    Raises:
        NothingMatches: a name is none, or the store is empty; the message lists what exists.
        StoreError: the store cannot be read.
    """
    run_ids = tuple(dict.fromkeys(_run_id(results, name) for name in names)) or (_latest(results),)
    readings = [store.read(results, run_id=run_id, one_summary=True) for run_id in run_ids]
    return Chosen(
        name=file_name(run_ids),
        run_ids=run_ids,
        rows=tuple(row for reading in readings for row in reading.rows),
        problems=tuple(dict.fromkeys(str(problem) for reading in readings for problem in reading.problems)),
    )


def _latest(results: str) -> str:
    """Name the run that measured last; a calibration only where there is nothing else."""
    run_id = store.latest_run(results)
    if run_id is None:
        _, problems = store.runs(results)
        left_out = store.left_out(problems)
        raise NothingMatches(
            f"{store.shown(results)}: holds no rows; submit a sweep, or import a report of py-feat{left_out}"
        )
    if run_id == store.latest_run(results, comparison.CALIBRATION):
        others = [run for run in store.runs(results)[0] if run.sweep != comparison.CALIBRATION]
        return max(others, key=lambda run: (run.last_at, run.run_id)).run_id if others else run_id
    return run_id


def _run_id(results: str, name: str) -> str:
    sweep = Path(name).stem if name.endswith((".yaml", ".yml")) else name
    run_id = store.latest_run(results, sweep)
    if run_id is not None:
        return run_id
    if store.read(results, run_id=name).rows:
        return name
    known, problems = store.runs(results)
    names = dict.fromkeys([*(run.sweep for run in known), *(run.run_id for run in known)])
    raise NothingMatches(
        f"{store.shown(results)}: holds no sweep or run {name!r}{suggest(name, names)}{store.left_out(problems)}"
    )


def file_name(run_ids: Sequence[str]) -> str:
    """Name a report's file after its runs; what a file name cannot hold becomes an underscore."""
    whole = "+".join(re.sub(r"[^\w.+-]", "_", run_id).lstrip(".-") or "run" for run_id in run_ids)
    return whole if len(whole) <= NAME_LENGTH else f"{whole[: NAME_LENGTH - 4]}-etc"


def write(results: str, chosen: Chosen, form: str, before: Sequence[Row] = (), *, beside: bool = True) -> Written:
    """Write a report in one of `FORMATS`.

    Args:
        results: Store, for calibrations and notes.
        chosen: What is reported.
        form: One of `FORMATS`.
        before: Rows of the baseline.
        beside: Whether a CSV can stand beside a page that has no room for all units.
    """
    known, by_hand = calibrations(results), hand_written(results, chosen.name)
    report, theirs = tables.build(chosen.rows, known), units.gather(before)
    diagnosed = diagnosis.diagnose(report.units, theirs, calibrations=known)
    order = [unit.key for unit in grids.ordered(report)]
    following = _following(diagnosed, report.units, theirs)
    found = findings.notes(diagnosed, before, order, following, _suggesting(chosen, before))
    csv_name = f"{chosen.name}.units.csv"
    if form == "html":
        page = html.render(
            report, found, version=featray.__version__, csv_name=csv_name if beside else None, hand_written=by_hand
        )
        return Written(text=page.page, csv_name=csv_name, csv=page.csv)
    render = markdown.render if form == "markdown" else document.render
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
        fresh = file.with_name(f".{os.getpid()}.tmp")  # not named after the file, whose name may be as long as may be
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(file)
        except OSError as wrong:
            raise StoreError(f"{file}: cannot be written ({wrong.strerror})") from wrong
    return list(files)
