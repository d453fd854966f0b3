"""`featray.history`: how times moved over versions and days on each machine, and where they stepped."""

import dataclasses
from pathlib import Path

from featray import store
from featray.analysis.history import (
    ORDERS,
    ChangeState,
    HistoryChange,
    Series,
    find_changes,
    find_spreads,
    gather,
)
from featray.api import noise
from featray.api.arguments import PathLike
from featray.api.output_files import write_files
from featray.api.results import Result
from featray.core import wording
from featray.core.version import __version__
from featray.errors import BadInput, NothingMatches, suggest
from featray.rendering import history_json, history_text
from featray.rendering.notebook.summary import Summary, make_table
from featray.rendering.page import history_page


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class History(Result):
    """Every series with its steps, machine by machine, and what of the store could not be used."""

    series: tuple[tuple[Series, tuple[HistoryChange, ...]], ...]
    order: str
    problems: tuple[str, ...]
    written: Path | None = None

    @property
    def changes(self) -> tuple[HistoryChange, ...]:
        """List all steps."""
        return tuple(change for _, changes in self.series for change in changes)

    def text(self) -> str:
        """Write it for a terminal, with sparklines."""
        return "\n".join(history_text.lines(self.series))

    def to_json(self) -> str:
        """Write it for programs."""
        return history_json.render(self.series)

    def to_html(self) -> str:
        """Write it as one page with plots, which needs no network."""
        return history_page.render(self.series, version=__version__, order=self.order)

    def summarize(self) -> Summary:
        """Show a line per series; the frame has a row per point."""
        lines = [
            [one.machine.place, one.name, history_text.sparkline(one.points), history_text.time(one.points[-1])]
            for one, _ in self.series
        ]
        counted = wording.count(len(self.series), "series", "series")
        suspected = history_text.counts(self.series)[ChangeState.SUSPECTED]
        return Summary(
            title=f"History: {counted}, {wording.count(suspected, 'suspected step')}",
            tables=(make_table("Series", ("machine", "setting", "history", "last"), lines),),
            remarks=(*self.problems, *map(history_text.sentence, self.changes)),
            records=[
                {"target_id": one.machine.target_id, "setting": one.name, **history_json.of_point(point)}
                for one, _ in self.series
                for point in one.points
            ],
        )


def history(
    *,
    detector: str | None = None,
    input: str | None = None,  # noqa: A002 - the name of the column and of the option
    host: str | None = None,
    order: str = "date",
    results: str = "results",
    output: PathLike | None = None,
) -> History:
    """Show how the time of each setting moved on each machine, and where it stepped.

    Args:
        detector: Only this one.
        input: Only this input.
        host: Only the machine of this name or id.
        order: date, or version: py-feat's, then torch's, then the date.
        results: Store of rows: a folder or URI.
        output: HTML file to write; None writes none.

    Returns:
        The series. A step is suspected until a run with both versions side by side says more. Imports make no step.

    Raises:
        BadInput: there is no such order.
        NothingMatches: nothing in the store fits.
        StoreError: the store cannot be read, or the page not written.
    """
    if order not in ORDERS:
        raise BadInput(f"order {order!r}: expected date or version{suggest(order, ORDERS)}")
    reading = store.read(results, every_attempt=True, one_summary=True)
    known = dataclasses.replace(noise.find_calibrations(results), spreads=find_spreads(reading.rows))
    every = gather(reading.rows, order=order)
    chosen = [one for one in every if _fits(one, detector, input, host)]
    if not chosen:
        raise NothingMatches(f"{store.display_name(results)}: {history_text.NO_SERIES}{_what_there_is(every)}")
    found = tuple((one, tuple(find_changes(one, known))) for one in chosen)
    made = History(series=found, order=order, problems=tuple(map(str, reading.problems)))
    if output is None:
        return made
    path = Path(output)
    write_files(path.parent, {path.name: made.to_html()})
    return dataclasses.replace(made, written=path)


def _fits(series: Series, detector: str | None, clip: str | None, host: str | None) -> bool:
    row = series.unit.row
    names = (series.machine.host_name, series.machine.host_id, row.hostname)
    return detector in (None, row.detector) and clip in (None, row.input) and (host is None or host in names)


def _what_there_is(series: list[Series]) -> str:
    """List what the store has, so that a wrong name is seen."""
    if not series:
        return ""
    names = {
        "detectors": {one.unit.row.detector for one in series},
        "inputs": {one.unit.row.input for one in series},
        "machines": {one.machine.host_name for one in series},
    }
    return "; " + "; ".join(f"{title}: {wording.listed(sorted(values))}" for title, values in names.items())
