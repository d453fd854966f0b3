"""`featray store`: list, check, compact and remove stored runs.

Flow: a store's name -> here -> the room `store`.
"""

import dataclasses
from collections.abc import Callable, Sequence

from featray import store
from featray.api import chosen_runs
from featray.errors import NothingMatches, suggest
from featray.store import Checkup, Compacted, Removal, RunSummary, StoreProblem


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoredRuns:
    """The runs of a store, and what of it could not be read."""

    store: str  # its name for people
    runs: tuple[RunSummary, ...]
    problems: tuple[str, ...]


def runs(results: str = "results", *, sweep: str | None = None) -> StoredRuns:
    """List every run: its sweep, when it began, its rows by status, its hosts; rows that cannot be read count nowhere.

    Args:
        results: Store: a folder or URI.
        sweep: Only runs of this sweep.

    Raises:
        NothingMatches: there is no such store, or it has rows and none of this sweep; the message lists its sweeps.
        StoreError: the store cannot be reached, or nothing of what was asked for can be read.
    """
    store.check_there(results)
    summaries, problems = store.runs(results, sweep=sweep, only_usable=True)
    if not summaries and problems:
        _check_readable(results, sweep, problems)
    if not summaries and sweep is not None:
        known = dict.fromkeys(run.sweep for run in store.runs(results)[0])
        if known:
            raise _no_rows_of(results, f"sweep {sweep!r}", suggest(sweep, known), problems)
    return StoredRuns(
        store=store.display_name(results), runs=tuple(summaries), problems=tuple(str(problem) for problem in problems)
    )


def _check_readable(results: str, sweep: str | None, problems: Sequence[StoreProblem]) -> None:
    """Check that a store holds a row that can be read, or no row of the sweep.

    Raises:
        StoreError: it does not.
    """
    if sweep is not None and (unreadable := chosen_runs.explain_unreadable(results, sweep, problems)) is not None:
        raise unreadable
    if not store.runs(results, only_usable=True)[0]:
        raise store.explain_no_rows(results, problems)


def _no_rows_of(results: str, wanted: str, hint: str, problems: Sequence[StoreProblem]) -> NothingMatches:
    return NothingMatches(
        f"{store.display_name(results)}: holds no rows of {wanted}{hint}{store.format_problems(problems)}"
    )


ReadCount = Callable[[int, int], None]
"""Called now and then with the number of files read so far, and of all."""


def check(results: str = "results", *, note: ReadCount = lambda *_: None) -> Checkup:
    """Read every file whole, and say what is wrong.

    Raises:
        NothingMatches: there is no such store.
        StoreError: the store cannot be reached.
    """
    store.check_there(results)
    return store.check(results, note=note)


def compact(results: str = "results", *, run: str | None = None, note: ReadCount | None = None) -> Compacted:
    """Merge many small files into few; safe while submits and readers run.

    Args:
        results: Store: a folder or URI.
        run: Only files of this run alone.
        note: Told how far it is.

    Raises:
        NothingMatches: there is no such store, or no such run in it; the message lists its runs.
        StoreError: the store cannot be read or written, or it holds no row that can be read.
    """
    store.check_there(results)
    if run is not None:
        _check_run(results, run)
    compacted = _with_problems_of_rows(store.compact(results, run, note=note), results, run)
    if compacted.problems and not compacted.files_before:
        _check_readable(results, None, compacted.problems)
    return compacted


def _with_problems_of_rows(compacted: Compacted, results: str, run: str | None) -> Compacted:
    """Add the rows that cannot be used, by the files in which they lie now."""
    named = {problem.file for problem in compacted.problems}
    found = [problem for problem in store.find_problems(results, run_id=run) if problem.file not in named]
    return dataclasses.replace(compacted, problems=(*compacted.problems, *found))


def _check_run(results: str, run: str) -> None:
    """Check that a store holds rows of a run.

    Raises:
        NothingMatches: it does not.
        StoreError: none of its rows can be read.
    """
    runs, problems = store.runs(results)
    known = [summary.run_id for summary in runs]
    if not known and problems:
        raise store.explain_no_rows(results, problems)
    if run not in known:
        raise _no_rows_of(results, f"run {run!r}", suggest(run, known), problems)


def plan_removal(results: str, run: str) -> Removal:
    """Say what `remove` would delete and rewrite.

    Raises:
        NothingMatches: there is no such run; the message lists those that exist.
        StoreError: the store cannot be read.
    """
    return store.plan_removal(results, run)


def remove(results: str, run: str) -> Removal:
    """Remove the rows of a run for good; archives keep theirs.

    Raises:
        NothingMatches: there is no such run; the message lists those that exist.
        StoreError: the store cannot be read or written.
    """
    return store.remove(results, run)
