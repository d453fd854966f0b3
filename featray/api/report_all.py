"""`featray.report_all`: a page for every run of a store, their index, and the history of all times.

Flow: store -> `report.compose` per run, `history` -> `page.index_page` -> files.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from featray import store
from featray.api import chosen_runs
from featray.api.chosen_runs import ChosenRuns
from featray.api.history import History, history
from featray.api.output_files import write_files
from featray.api.report import compose, reports_folder, save_report
from featray.api.results import Result
from featray.core import garbage, wording
from featray.core.files import PathLike
from featray.core.version import __version__
from featray.errors import BadInput, NothingMatches, StoreError
from featray.rendering.notebook.summary import Summary, make_table
from featray.rendering.page import index_page
from featray.rendering.page.index_page import Entry
from featray.store import RunSummary

INDEX, HISTORY = "index.html", "history.html"

Tell = Callable[[int, int, Path], None]
"""Called for each written page: its number, how many there will be, its path."""


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class ReportedStore(Result):
    """The pages of a store, and what of it could not be used."""

    index: Path
    history: Path | None  # None where the store has no times
    pages: tuple[Path, ...]  # one per run
    entries: tuple[Entry, ...]
    problems: tuple[str, ...]

    def summarize(self) -> Summary:
        """Show a line per run; the frame has the same."""
        records = [
            {"run_id": entry.run_id, "sweep": entry.sweep, "started_at": entry.started_at, "page": str(page)}
            for entry, page in zip(self.entries, self.pages, strict=True)
        ]
        lines = [
            [entry.run_id, entry.started_at[:19], str(page)]
            for entry, page in zip(self.entries, self.pages, strict=True)
        ]
        return Summary(
            title=f"{wording.count(len(self.pages), 'report')}, listed in {self.index}",
            tables=(make_table("Reports", ("run", "measured", "page"), lines),),
            remarks=self.problems,
            records=records,
        )


def report_all(results: str = "results", *, output: PathLike | None = None, tell: Tell | None = None) -> ReportedStore:
    """Write a page for every run of a store, a page of all its history, and an index of them.

    Args:
        results: Store of rows: a folder or URI.
        output: Folder for the pages; None takes `RESULTS/reports`.
        tell: Called for each page of a run.

    Returns:
        The paths of the pages.

    Raises:
        BadInput: the store is no folder, and `output` names none.
        NothingMatches: the store is empty.
        StoreError: the store cannot be read, or a page not written.
    """
    folder = Path(output) if output is not None else reports_folder(results)
    if folder is None:
        raise BadInput(f"{store.display_name(results)} is no folder to put pages in; name one with -o")
    runs, problems = store.runs(results)
    if not runs:
        raise store.explain_no_rows(results, problems)
    said = list(map(str, problems))
    names = _file_names(runs)
    entries = []
    for number, run in enumerate(runs, start=1):
        try:
            chosen = chosen_runs.choose_run(results, run.run_id)
        except (NothingMatches, StoreError) as unreadable:  # an earlier page of it stays
            if len(runs) == 1:
                raise
            said.append(str(unreadable))
            continue
        entry, wrong = _write_page(results, run, chosen, folder / names[run.run_id])
        entries.append(entry)
        said += wrong
        if tell is not None:
            tell(number, len(runs), folder / entry.file)
    found = _write_history(results, folder)
    text = index_page.render(
        entries,
        found.series if found else (),
        store=store.display_name(results),
        history_file=HISTORY if found else None,
        version=__version__,
    )
    write_files(folder, {INDEX: text})
    return ReportedStore(
        index=folder / INDEX,
        history=found.written if found else None,
        pages=tuple(folder / entry.file for entry in entries),
        entries=tuple(entries),
        problems=tuple(dict.fromkeys(said)),
    )


def _file_names(runs: Sequence[RunSummary]) -> dict[str, str]:
    """Name the page of each run; two runs whose names differ only in what a file name cannot have get numbers."""
    taken: set[str] = {INDEX, HISTORY}
    names = {}
    for run in runs:
        stem = chosen_runs.report_name([run.run_id])
        choices = (f"{stem}{end}.html" for end in ("", *(f"-{number}" for number in range(2, len(runs) + 3))))
        names[run.run_id] = next(name for name in choices if name not in taken)
        taken.add(names[run.run_id])
    return names


def _write_page(results: str, run: RunSummary, chosen: ChosenRuns, path: Path) -> tuple[Entry, list[str]]:
    """Write the page of a run, as `featray report RUN --format html` does."""
    with garbage.paused():
        before, problems = chosen_runs.find_baseline(results, chosen, None)
        composed = compose(results, chosen, "html", before)
    save_report(path, composed)
    entry = Entry(
        file=path.name,
        sweep=run.sweep,
        run_id=run.run_id,
        started_at=run.started_at,
        report=composed.report,
        notes=composed.notes,
    )
    return entry, [*chosen.problems, *problems]


def _write_history(results: str, folder: Path) -> History | None:
    """Write the history page; None where the store has no times."""
    try:
        return history(results=results, output=folder / HISTORY)
    except NothingMatches:
        return None
