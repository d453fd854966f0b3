"""Exchange: files of other formats into the store, and the store's rows out to them.

Flow: file -> `interchange` -> rows -> `store`, and back. Every file is read whole before anything is written.
"""

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from featray import comparing, store
from featray.comparison import Pair
from featray.errors import ImportFileError, NothingMatches, StoreError, suggest
from featray.interchange import (
    everything,
    github_action,
    importing,
    pyfeat_json,
    pyfeat_markdown,
    throughput_csv,
)
from featray.row import Row
from featray.units import UnitKey

FORMATS = ("markdown", "json", "throughput", "github-action", "csv", "jsonl")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import came to: rows that are new, rows that the store had already, and what is odd about the files."""

    added: int
    known: int
    runs: tuple[str, ...]
    warnings: tuple[str, ...]


def import_files(results: str | os.PathLike[str], files: Iterable[Path], *, archive: str | None = None) -> Imported:
    """Store the rows of reports in one step: all of them or, if one file is wrong, none.

    Args:
        results: Folder or URI of the store.
        files: py-feat's markdown, JSON version 1 or throughput.csv.
        archive: Write them as this archive, which compaction and rm leave alone.

    Raises:
        ImportFileError: a file cannot be read, or says something else than the store of the same run.
        StoreError: the store cannot be read or written.
    """
    files = list(files)
    found = [importing.read(file) for file in files]
    given = [row for each in found for row in each.rows]
    paths = {id(row): file for file, each in zip(files, found, strict=True) for row in each.rows}
    runs = tuple(dict.fromkeys(row.run_id for row in given))
    known = {row.key(): row for run_id in runs for row in store.read(results, run_id=run_id, every_attempt=True).rows}
    new: list[Row] = []
    for row in given:
        stored = known.setdefault(row.key(), row)
        if stored is row:
            new.append(row)
        elif (stored.timed_s, stored.started_at) != (row.timed_s, row.started_at):
            raise ImportFileError(f"{paths[id(row)]}: {_conflict(row, stored)}; {_remedy(results, row.run_id)}")
    if new:
        store.append(results, new, archive=archive)
    warnings = tuple(warning for each in found for warning in each.warnings)
    return Imported(added=len(new), known=len(given) - len(new), runs=runs, warnings=warnings)


def _conflict(row: Row, stored: Row) -> str:
    cell = f"{row.detector} {row.input} {row.device} b={row.batch_size}"
    return (
        f"{cell}: {row.timed_s} s on {row.started_at}, but run {row.run_id!r} of the store holds "
        f"{stored.timed_s} s on {stored.started_at}"
    )


def _remedy(results: str | os.PathLike[str], run_id: str) -> str:
    """Say how to import a file whose run the store, or another file of the same import, has otherwise."""
    keep_both = "rename the file to keep both"
    try:
        found = store.removal(results, run_id)
    except NothingMatches:
        return f"{keep_both}, or import one of them"
    if not found.archived:
        return f"{keep_both}, or `featray store rm {run_id}` first"
    archives = ", ".join(f"{store.shown(results)}/rows/{name}" for name in found.archived)
    also = f", after `featray store rm {run_id}`" if found.rows else ""
    return (
        f"{keep_both}, or delete {archives} by hand{also}: `featray store rm` leaves archives alone, and every run in "
        "them goes"
    )


def choose(
    results: str | os.PathLike[str], *, run: str | None = None, sweep: str | None = None, everything: bool = False
) -> store.Reading:
    """Read the rows to export: of a run, of every run of a sweep, of the whole store, or by default of the latest run.

    Raises:
        NothingMatches: there are none; the message lists what exists.
        StoreError: the store cannot be read.
    """
    if run is None and sweep is None and not everything:
        run = store.latest_run(results)
    found = store.read(results, run_id=run, sweep=sweep, every_attempt=everything)
    if not found.rows:
        held = store.runs(results)[0]
        names = {summary.sweep for summary in held} if sweep else {summary.run_id for summary in held}
        what = f"no rows of sweep {sweep!r}" if sweep else f"no rows of run {run!r}" if run else "no rows"
        hint = suggest(sweep or run or "", sorted(names))
        raise NothingMatches(f"{store.shown(results)}: {what}{hint}{store.left_out(found.problems)}")
    return found


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What a comparison said of each unit, and of which runs it could say nothing, and why."""

    said: Mapping[UnitKey, str]
    without: tuple[str, ...]


def verdicts(results: str, baseline: str, run_ids: Sequence[str]) -> Verdicts:
    """Judge the runs that are exported against another, for the formats that carry it.

    Returns:
        (run id, cell id, target id) -> verdict, ratio of times and 95% interval; several where the baseline has several
        counterparts. The baseline itself, and runs that have nothing in common with it, are named as without any.

    Raises:
        NothingMatches: the baseline does not exist.
        StoreError: the store cannot be read.
    """
    itself = _baseline_run(results, baseline)
    said: dict[UnitKey, list[str]] = {}
    without: list[str] = []
    for run_id in run_ids:
        if run_id == itself:
            without.append(f"{run_id}: is the baseline itself")
            continue
        try:
            pairs = comparing.compare(results, _quoted(itself), _quoted(run_id)).comparison.pairs
        except NothingMatches as nothing:
            without.append(f"{run_id}: no verdict against {baseline}: {nothing}")
            continue
        for pair in pairs:
            said.setdefault(pair.candidate.key, []).append(_verdict(pair, baseline))
    return Verdicts(said={key: "\n".join(dict.fromkeys(texts)) for key, texts in said.items()}, without=tuple(without))


def _baseline_run(results: str, name: str) -> str:
    """Find the run that a name means: one of that name, else the latest of the sweep."""
    found = store.runs(results)[0]
    known = {summary.run_id for summary in found}
    run_id = name if name in known else store.latest_run(results, name)
    if run_id is None:
        raise NothingMatches(f"no run or sweep {name!r}{suggest(name, sorted(known | {run.sweep for run in found}))}")
    return run_id


def _verdict(pair: Pair, baseline: str) -> str:
    dagger = "\u2020" if pair.dagger else ""
    text = f"{pair.verdict}{dagger} against {baseline}"
    if pair.decision is not None:
        text += f": {pair.decision.ratio:.3g} times its time"
    if pair.decision is not None and pair.decision.low is not None:
        text += f" (95% CI {pair.decision.low:.3g} to {pair.decision.high:.3g})"
    return text


def _quoted(name: str) -> str:
    """Write a run's name so that a comma or a space in it does not end a term of a selection."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def single(written: Mapping[str, str]) -> str:
    """Give the text of the only file there is.

    Raises:
        NothingMatches: there are several, which one stream cannot hold.
    """
    if len(written) > 1:
        names = ", ".join(written)
        raise NothingMatches(
            f"{len(written)} files ({names}), one for each run, host and GPU; name a folder with --output"
        )
    return next(iter(written.values()))


def write_files(folder: Path, written: Mapping[str, str]) -> list[Path]:
    """Write texts into a folder, over older ones of the same names.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
    except OSError as wrong:
        raise StoreError(f"cannot write {folder}: {wrong.strerror or wrong}") from wrong
    return [folder / name for name in written]


def export(rows: Sequence[Row], to: str, *, name: str, verdicts: Mapping[UnitKey, str] | None = None) -> dict[str, str]:
    """Write rows in another format.

    Args:
        rows: What to write.
        to: One of `FORMATS`.
        name: Stem of the file's name, for formats that hold everything in one.
        verdicts: (run id, cell id, target id) -> what a comparison said; only github-action carries it.

    Returns:
        File name -> text; one for each run, host and GPU for py-feat's markdown and JSON.

    Raises:
        NothingMatches: no such format, or no row with a timing for one that holds nothing else.
    """
    if to not in FORMATS:
        raise NothingMatches(f"no format {to!r}{suggest(to, FORMATS)}")
    if to in ("markdown", "json"):
        written = pyfeat_markdown.write(rows) if to == "markdown" else pyfeat_json.write(rows)
        if not written:
            raise NothingMatches(f"none of {len(rows)} rows has a timing, and py-feat's {to} holds nothing else")
        return written
    if to == "throughput":
        return {f"{name}.csv": throughput_csv.write(rows)}
    if to == "github-action":
        return {f"{name}.json": github_action.write(rows, verdicts)}
    if to == "csv":
        return {f"{name}.csv": everything.comma_separated(rows)}
    return {f"{name}.jsonl": everything.json_lines(rows)}
