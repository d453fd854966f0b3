"""`featray.history`: how times moved over versions and days on each machine, and where they stepped.

Flow: store -> `read_history` -> `History` -> text, JSON or a page. With `confirm`, `confirming` first submits a sweep
for each suspected step, and the store is read again.
"""

import dataclasses
from pathlib import Path
from typing import Any

from featray.analysis.history import ORDERS, ChangeState, HistoryChange, Series
from featray.api import notebook_progress, read_history
from featray.api.output_files import write_files
from featray.api.results import Result, draw_kind
from featray.core import garbage, wording
from featray.core.argument_names import argument, flag
from featray.core.files import PathLike
from featray.core.version import __version__
from featray.errors import BadInput, suggest
from featray.rendering import history_json, history_text, unit_text
from featray.rendering.notebook.summary import Summary, make_table
from featray.rendering.page import history_page, history_plots
from featray.rendering.page.plot import Plot
from featray.running.progress import Watch


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class History(Result):
    """Every series with its steps, machine by machine, and what of the store could not be used."""

    series: tuple[tuple[Series, tuple[HistoryChange, ...]], ...]
    order: str
    problems: tuple[str, ...]
    written: Path | None = None
    confirmed: tuple[str, ...] = ()  # runs that measured both versions of a suspected step now, or had done so
    unconfirmed: tuple[str, ...] = ()  # why a sweep that would confirm a step was not measured, or not wholly

    @property
    def exit_code(self) -> int:
        """0, or 1 where a sweep that was to confirm a step has no number for a unit, or could not run."""
        return 1 if self.unconfirmed else 0

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

    def plot(self, *, input: str | None = None, dark: bool = False) -> Any:  # noqa: A002 - as in the report
        """Draw each series with its steps, as in the page, as a figure of plotly.

        Args:
            input: Only of the input whose heading has this text.
            dark: For a dark notebook.

        Raises:
            NothingMatches: no series has this input.
            BadInput: these are too many series for one figure.
        """
        shown = [
            (one, changes) for one, changes in self.series if input is None or input in unit_text.section(one.unit.row)
        ]
        if len(shown) > PLOTS_MAX:
            raise BadInput(
                f"{len(shown)} series are too many for one figure; narrow the history with detector=, input= or host=, "
                "or write the page with output="
            )
        many = len({one.machine.target_id for one, _ in shown}) > 1
        plots = [
            _titled(history_plots.draw(one, changes, by_version=self.order == "version"), one, many=many)
            for one, changes in shown
        ]
        return draw_kind(plots, None, None, dark=dark)

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


PLOTS_MAX = 200  # of a figure; plotly lays out as many in 10 s on a busy machine


def _titled(drawn: Plot, series: Series, *, many: bool) -> Plot:
    """Name the machine too, where there are several."""
    title = wording.plain(f"{series.machine.place}: {series.name}")
    return dataclasses.replace(drawn, title=title) if many else drawn


@garbage.paused()
def history(
    *,
    detector: str | None = None,
    input: str | None = None,  # noqa: A002 - the name of the column and of the option
    host: str | None = None,
    order: str = "date",
    results: str = "results",
    output: PathLike | None = None,
    confirm: bool = False,
    retry_failed: bool = False,
    backend: str = "ray",
    address: PathLike | None = None,
    watch: Watch | None = None,
    progress: bool | None = None,
) -> History:
    """Show how the time of each setting moved on each machine, and where it stepped.

    Args:
        detector: Only this one.
        input: Only this input.
        host: Only the machine of this name or id.
        order: date, or version: py-feat's, then torch's, then the date.
        results: Store of rows: a folder or URI.
        output: HTML file to write; None writes none.
        confirm: First measure both versions of every suspected step that is shown, side by side, as submits that go on
            where they were stopped.
        retry_failed: With `confirm`, try again what has no time, such as a version that could not be installed.
        backend: With `confirm`, as in `submit`.
        address: The same.
        watch: The same.
        progress: The same.

    Returns:
        The series. A step is suspected until a run with both versions side by side says more. Imports make no step.

    Raises:
        BadInput: there is no such order.
        NothingMatches: nothing in the store fits.
        StoreError: the store cannot be read, or the page not written.
        Busy, BackendError, Interrupted: with `confirm`, as `submit`.
    """
    if order not in ORDERS:
        raise BadInput(f"order {order!r}: expected date or version{suggest(order, ORDERS)}")
    if address is not None and not confirm:
        raise BadInput(f"{argument('address')} goes with {flag('confirm')}: without it nothing is measured")
    if retry_failed and not confirm:
        raise BadInput(f"{flag('retry_failed')} goes with {flag('confirm')}: without it nothing is measured")
    if confirm:
        from featray.api import confirming  # measuring needs locks, which not every system that reads has
        from featray.api.submit import check_backend

        check_backend(backend, address)
    found = read_history.read(results, order=order, detector=detector, clip=input, host=host)
    runs: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    if confirm:
        with notebook_progress.shown(watch, progress=progress) as show:
            runs, unconfirmed = confirming.measure(
                found.changes,
                results=results,
                backend=backend,
                address=address,
                retry_failed=retry_failed,
                watch=show,
            )
        found = read_history.read(results, order=order, detector=detector, clip=input, host=host)
    made = History(series=found.series, order=order, problems=found.problems, confirmed=runs, unconfirmed=unconfirmed)
    if output is None:
        return made
    path = Path(output)
    write_files(path.parent, {path.name: made.to_html()})
    return dataclasses.replace(made, written=path)
