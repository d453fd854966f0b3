"""Exchange: files of other formats into the store, and the store's rows out to them.

Flow: file -> `interchange` -> rows -> `store`, and back. Every file is read whole before anything is written.
"""

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from featray import comparing, store
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
    found = [importing.read(file) for file in files]
    given = [row for each in found for row in each.rows]
    runs = tuple(dict.fromkeys(row.run_id for row in given))
    known = {row.key(): row for run_id in runs for row in store.read(results, run_id=run_id, every_attempt=True).rows}
    new: list[Row] = []
    for row in given:
        stored = known.setdefault(row.key(), row)
        if stored is row:
            new.append(row)
        elif (stored.timed_s, stored.started_at) != (row.timed_s, row.started_at):
            raise ImportFileError(_conflict(row, stored))
    if new:
        store.append(results, new, archive=archive)
    warnings = tuple(warning for each in found for warning in each.warnings)
    return Imported(added=len(new), known=len(given) - len(new), runs=runs, warnings=warnings)


def _conflict(row: Row, stored: Row) -> str:
    cell = f"{row.detector} {row.input} {row.device} b={row.batch_size}"
    return (
        f"{row.source_file}: {cell}: {row.timed_s} s on {row.started_at}, but run {row.run_id!r} of the store holds "
        f"{stored.timed_s} s on {stored.started_at}; rename the file, or `featray store rm {row.run_id}`"
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


def verdicts(results: str, baseline: str, run_ids: Sequence[str]) -> dict[tuple[str, str], str]:
    """Judge the runs that are exported against another, for the formats that carry it.

    Returns:
        (cell id, target id) -> verdict, ratio of times and 95% interval.

    Raises:
        NothingMatches: the baseline does not exist, or has nothing in common with a run.
        StoreError: the store cannot be read.
    """
    said: dict[tuple[str, str], str] = {}
    for run_id in run_ids:
        for pair in comparing.compare(results, _quoted(baseline), _quoted(run_id)).comparison.pairs:
            dagger = "\u2020" if pair.dagger else ""
            text = f"{pair.verdict}{dagger} against {baseline}"
            if pair.decision is not None:
                text += f": {pair.decision.ratio:.3g} times its time"
            if pair.decision is not None and pair.decision.low is not None:
                text += f" (95% CI {pair.decision.low:.3g} to {pair.decision.high:.3g})"
            said[pair.candidate.row.cell_id, pair.candidate.row.target_id] = text
    return said


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


def export(
    rows: Sequence[Row], to: str, *, name: str, verdicts: Mapping[tuple[str, str], str] | None = None
) -> dict[str, str]:
    """Write rows in another format.

    Args:
        rows: What to write.
        to: One of `FORMATS`.
        name: Stem of the file's name, for formats that hold everything in one.
        verdicts: (cell id, target id) -> what a comparison said; only github-action carries it.

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
