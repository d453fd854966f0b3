"""`featray.export`: stored rows in formats that py-feat and other tools read."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from featray import store
from featray.analysis.comparison import Pair
from featray.analysis.units import UnitKey
from featray.api.compare import compare
from featray.core.files import write_whole
from featray.core.row import Row
from featray.errors import NothingMatches, StoreError, suggest
from featray.interchange import all_columns, github_action, pyfeat_json, pyfeat_markdown, throughput_csv

FORMATS = ("markdown", "json", "throughput", "github-action", "csv", "jsonl")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exported:
    """Files of another format, by name, and what there is to say about them."""

    files: Mapping[str, str]  # name -> text
    problems: tuple[str, ...]
    without_verdict: tuple[str, ...]  # runs that the baseline could not judge, and why


def export(
    to: str,
    *,
    results: str = "results",
    run: str | None = None,
    sweep: str | None = None,
    everything: bool = False,
    baseline: str | None = None,
) -> Exported:
    """Write stored rows in another format: one file for each run, host and GPU, as py-feat has it.

    Args:
        to: One of `FORMATS`.
        results: Store of rows: a folder or URI.
        run: Run to export; by default the latest.
        sweep: Every run of this sweep instead.
        everything: Every run of the store instead, every attempt included.
        baseline: Run or sweep to compare with; github-action carries the verdict.

    Raises:
        NothingMatches: no such run, sweep, baseline or format, or no row with a timing for one that needs it.
        StoreError: the store cannot be read.
    """
    chosen = choose(results, run=run, sweep=sweep, everything=everything)
    run_ids = list(dict.fromkeys(row.run_id for row in chosen.rows))
    judged = verdicts(results, baseline, run_ids) if baseline is not None else None
    files = written_as(chosen.rows, to, name=run or sweep or "featray", verdicts=judged.said if judged else None)
    return Exported(
        files=files,
        problems=tuple(map(str, chosen.problems)),
        without_verdict=judged.without if judged else (),
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
            pairs = compare(_quoted(itself), _quoted(run_id), results=results).comparison.pairs
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
        for name, text in written.items():
            write_whole(folder / name, text)
    except OSError as wrong:
        raise StoreError(f"cannot write {folder}: {wrong.strerror or wrong}") from wrong
    return [folder / name for name in written]


def written_as(
    rows: Sequence[Row], to: str, *, name: str, verdicts: Mapping[UnitKey, str] | None = None
) -> dict[str, str]:
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
        return {f"{name}.csv": all_columns.comma_separated(rows)}
    return {f"{name}.jsonl": all_columns.json_lines(rows)}
