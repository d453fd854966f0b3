"""Submitted: the rows of a run, read back and reported, as `featray.submit` returns them.

Flow: run id, `RunOutcome` -> `read_back` -> store, report -> `Submitted`.
`submit` imports this module while Ray starts: what it needs takes a second to import, and a run only at its end.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featray import store
from featray.analysis import units
from featray.analysis.advice import search_results
from featray.analysis.advice.search_results import SearchResult
from featray.api.report import save_run_report
from featray.api.results import Result, draw_kind
from featray.core import garbage, wording
from featray.core.cell import cell_id
from featray.core.row import Row
from featray.core.status import is_final
from featray.errors import HeadGone, StoreError
from featray.rendering import document, search_text
from featray.rendering.notes import NONE
from featray.running import without_number
from featray.running.preparation import SubmitRequest
from featray.running.run_outcome import RunOutcome
from featray.sweep import Sweep, expand

if TYPE_CHECKING:
    from featray.rendering.notebook.summary import Summary


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Submitted(Result):
    """The result of a submit."""

    run_id: str
    rows: tuple[Row, ...]  # of the whole run, also those of earlier submits
    measured: int  # rows with a number that this submit added
    report: Path | None
    problems: tuple[str, ...]
    without_number: int  # units of the run that have none, with those that the budget left
    not_reached: int = 0  # units that the budget left
    unfinished: int = 0  # units without a number that the next submit tries again
    final: int = 0  # units without a number that only `retry_failed` tries again
    failed: int = 0  # rows without a number that this submit added
    searches: tuple[SearchResult, ...] = ()  # what the sweep's search found

    def summarize(self) -> "Summary":
        """Show the tables of the run; the frame has a row per unit."""
        from featray.rendering.notebook import summaries

        title = f"{self.run_id}: {wording.count(self.measured, 'measurement')} made now"
        found = map(search_text.sentence, self.searches)
        remarks = [*found, *filter(None, [self.reason]), *([f"report: {self.report}"] if self.report else [])]
        return summaries.of_report(document.build(units.gather(self.rows)), title, remarks=remarks)

    def plot(self, kind: str | None = None, *, input: str | None = None, dark: bool = False) -> Any:  # noqa: A002 - as in the report
        """Draw the plots of one kind, as `featray.report(...).plot` does.

        Raises:
            NothingMatches: the run has no such plot.
        """
        from featray.rendering.page import html

        report = document.build(units.gather(self.rows))
        return draw_kind(html.draw_plots(report, NONE, report.ordered(), {}), kind, input, dark=dark)

    def search_records(self) -> list[Mapping[str, Any]]:
        """Give what the sweep's search found, as plain values."""
        return [search_text.record(found) for found in self.searches]

    @property
    def exit_code(self) -> int:
        """0 when every unit has a number, 1 when some have none."""
        return 1 if self.without_number else 0

    @property
    def reason(self) -> str | None:
        """Why some units have no number, in one line; None when all have one."""
        if not self.without_number:
            return None
        if self.problems:
            return self.problems[-1]
        return f"{wording.count(self.without_number, 'measurement')} without a number"


@garbage.paused()
def read_back(
    request: SubmitRequest, run_id: str, outcome: RunOutcome | None, problems: tuple[str, ...] = ()
) -> Submitted:
    """Read a run back and report it.

    Args:
        request: What was asked for.
        run_id: Of the run.
        outcome: How measuring ended; None where nothing was left to measure.
        problems: Of the plan, where nothing was left.

    Raises:
        HeadGone: the head was gone before the run ended.
        StoreError: rows of the run have vanished, or the store cannot be read or written.
    """
    failed = outcome.failed if outcome else 0
    reading = store.read(request.results, run_id=run_id)
    not_reached = outcome.not_reached if outcome else 0
    search = request.sweep.search
    missing = without_number.find(
        _asked_for(request.sweep, reading.rows),
        interchangeable=request.sweep.interchangeable,
        searched=search.axis if search else None,
    )
    # A replay would give the same rows again, and the plan would refuse again what it could not start.
    tried = [row for row in missing if not request.replay and row.order_index is not None]
    final = sum(is_final(row.status, row.attempt) for row in tried)
    report = save_run_report(request.results, run_id, reading.rows)
    if outcome:
        _check_ended_well(request, run_id, outcome, report)
    return Submitted(
        run_id=run_id,
        rows=reading.rows,
        measured=outcome.stored - failed if outcome else 0,
        failed=failed,
        report=report,
        problems=tuple(dict.fromkeys([*map(str, reading.problems), *(outcome.problems if outcome else problems)])),
        without_number=len(missing) + not_reached,
        unfinished=len(tried) - final,
        final=final,
        not_reached=not_reached,
        searches=tuple(search_results.find(units.gather(reading.rows), search)) if search else (),
    )


def _asked_for(sweep: Sweep, rows: Sequence[Row]) -> list[Row]:
    """Leave out rows of cells that the sweep no longer has: their run went on after the file was changed."""
    asked = {cell_id(cell) for cell in expand(sweep)}
    return [row for row in rows if sweep.search is not None or row.cell_id in asked]


def _check_ended_well(request: SubmitRequest, run_id: str, outcome: RunOutcome, report: Path | None) -> None:
    """Refuse to call a run complete that was cut short, or whose rows are not in the store.

    Raises:
        HeadGone: the head was gone before the run ended.
        StoreError: rows of the run have vanished.
    """
    written = f"; report of what is stored: {report}" if report is not None else ""
    if outcome.head_gone is not None:
        raise HeadGone(f"{outcome.head_gone}{written}")
    if outcome.vanished:
        rows = wording.count(outcome.vanished, "row")
        raise StoreError(
            f"{store.display_name(request.results)}: {rows} of {run_id} vanished while the sweep ran: the store was "
            f"removed, moved or damaged; submit again to measure them{written}"
        )
