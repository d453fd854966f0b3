"""`featray.submit`: measure what the store does not have yet, and report it.

Flow: sweep file -> `arguments` -> `SubmitRequest` -> `run_request` -> `preparation` on this machine -> a backend ->
`submission.run` -> `Submitted`, with the report of the run.
Ray starts only if this machine has something to measure; a cluster or a replay is asked without this.
"""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from featray import store
from featray.analysis import units
from featray.analysis.advice import search_results
from featray.analysis.advice.search_results import SearchResult
from featray.api import arguments, notebook_progress
from featray.api.arguments import PathLike
from featray.api.report import save_run_report
from featray.api.results import Result, draw_kind
from featray.backends import SHIPPED, Backend, BackendOptions
from featray.cluster import cluster_file
from featray.cluster.login import log_in
from featray.core import wording
from featray.core.cell import cell_id
from featray.core.row import Row
from featray.errors import BadInput, FeatrayError, HeadGone, StoreError, suggest
from featray.host import installation, lease, spool
from featray.measurement import weights
from featray.rendering import document, search_text
from featray.rendering.notebook import summaries
from featray.rendering.notebook.summary import Summary
from featray.rendering.notes import NONE
from featray.rendering.page import html
from featray.running import claims, interrupts, preparation, spooled_rows, submission, without_number
from featray.running.preparation import SubmitRequest
from featray.running.progress import Progress, RunEnd, Watch
from featray.running.run_outcome import RunOutcome
from featray.sweep import Sweep, expand

BACKENDS = ("ray", "inline")
"""The backends that can be chosen by name; a replay is chosen by its store."""

STARTING = "starting Ray on this machine, which takes 10 to 20 s"


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Submitted(Result):
    """The result of a submit."""

    run_id: str
    rows: tuple[Row, ...]  # of the whole run, also those of earlier submits
    measured: int  # rows that this submit added
    report: Path | None
    problems: tuple[str, ...]
    without_number: int  # units of the run that have none, with those that the budget left
    not_reached: int = 0  # units that the budget left
    searches: tuple[SearchResult, ...] = ()  # what the sweep's search found

    def summarize(self) -> Summary:
        """Show the tables of the run; the frame has a row per unit."""
        title = f"{self.run_id}: {wording.count(self.measured, 'measurement')} made now"
        found = map(search_text.sentence, self.searches)
        remarks = [*found, *filter(None, [self.reason]), *([f"report: {self.report}"] if self.report else [])]
        return summaries.of_report(document.build(units.gather(self.rows)), title, remarks=remarks)

    def plot(self, kind: str | None = None, *, input: str | None = None, dark: bool = False) -> Any:  # noqa: A002 - as in the report
        """Draw the plots of one kind, as `featray.report(...).plot` does.

        Raises:
            NothingMatches: the run has no such plot.
        """
        report = document.build(units.gather(self.rows))
        return draw_kind(html.draw_plots(report, NONE, report.ordered(), {}), kind, input, dark=dark)

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


def submit(
    sweep: PathLike,
    *,
    results: str = "results",
    backend: str = "ray",
    address: str | None = None,
    rerun: bool = False,
    retry_failed: bool = False,
    budget_s: float | None = None,
    replay: str | None = None,
    inventory: PathLike | None = None,
    watch: Watch | None = None,
    progress: bool | None = None,
) -> Submitted:
    """Measure every cell of a sweep that the store does not have yet, and write the report.

    Args:
        sweep: Sweep file.
        results: Store of rows and reports: a folder or URI.
        backend: `ray`; or `inline`, which measures on this machine without Ray, one invocation at a time.
        address: Head of a running Ray cluster, or a cluster file; None starts Ray on this machine.
        rerun: Measure everything again, as another run.
        retry_failed: Try failed units again.
        budget_s: Start nothing new after this many seconds.
        replay: Take rows from this store instead of measuring.
        inventory: Recorded hosts to replay on.
        watch: Called with every event, with every row, and at last with how the submit ended.
        progress: True shows a progress bar, False does not; None shows one in a notebook where there is no `watch`.

    Returns:
        The rows of the run, and what is missing.

    Raises:
        BadInput: the sweep is wrong, nothing can run anywhere, weights are missing, there are no rows to replay, or
            options do not go together.
        Busy: another submit of this sweep runs on this store.
        BackendError: Ray cannot be started or joined, or its head is gone; a report is written of what is stored.
        StoreError: the store cannot be read or written, or rows have vanished from it.
        Interrupted: Ctrl-C; finished rows are stored.
    """
    with notebook_progress.shown(watch, progress=progress) as show:
        try:
            check_backend(backend, address)
            _check(backend, address, budget_s, replay, inventory)
            loaded = arguments.load_sweep_to_submit(sweep)
            request = SubmitRequest(
                sweep=loaded,
                results=results,
                rerun=rerun,
                retry_failed=retry_failed,
                budget_s=loaded.budget_s if budget_s is None else budget_s,
                replay=replay is not None,
                new_run_id=claims.detached_run_id(loaded.name),
            )
            with interrupts.as_interrupted():
                submitted = run_request(request, address, replay, inventory, show, backend=backend)
        except FeatrayError as wrong:
            show(Progress(end=RunEnd(code=wrong.exit_code, message=str(wrong))))
            raise
        for found in submitted.searches:
            show(Progress(found=search_text.record(found)))
        show(Progress(end=RunEnd(code=submitted.exit_code, message=submitted.reason)))
        return submitted


def check_backend(backend: str, address: str | None) -> None:
    """Check that there is such a backend, and that it can use an address, if one is given.

    Raises:
        BadInput: there is none, or it cannot.
    """
    if backend not in BACKENDS:
        raise BadInput(f"--backend {backend}: no such backend{suggest(backend, BACKENDS)}")
    if backend == "inline" and address is not None:
        raise BadInput("--backend inline measures on this machine alone; leave out --address, or --backend")


def _check(
    backend: str, address: str | None, budget_s: float | None, replay: str | None, inventory: PathLike | None
) -> None:
    if backend == "inline" and replay is not None:
        raise BadInput("--backend inline and --replay do not go together; leave one out")
    if inventory is not None and replay is None:
        raise BadInput("--inventory goes with --replay; to measure on other hosts, join them with --address")
    if replay is not None and address is not None:
        raise BadInput("--replay and --address do not go together; leave one out")
    if budget_s is not None and not 0 < budget_s < math.inf:
        raise BadInput(f"budget_s: expected seconds above 0, got {budget_s:g}")


def run_request(
    request: SubmitRequest,
    address: str | None,
    replay: str | None,
    inventory: PathLike | None,
    watch: Watch,
    *,
    backend: str = "ray",
) -> Submitted:
    """Measure what a request asks for, on this machine or on a cluster, or replay it; then report the run."""
    store.check_address(request.results)
    if replay is None:
        check_installed(backend)
    head = cluster_file.head_address(address)
    if head is None and replay is None:
        spool.check_folder(weights.featray_cache())
        # Ray needs 15 s to start: not before it is known that this machine has something to measure.
        spooled = _store_spooled_here(request.results)
        prepared = preparation.prepare(request, arguments.here_for(expand(request.sweep)), now=arguments.now())
        spooled_rows.announce(spooled, prepared.plan.run.run_id, watch)
        if not prepared.plan.invocations:
            return _submitted(request, prepared.plan.run.run_id, None, prepared.problems)
        lease.check_folder()
        claims.check_free(request.results, request.sweep.name)  # `submission.run` checks again, once Ray has started
    if replay is None and backend == "ray":
        watch(Progress(text=f"joining the cluster at {head}" if head else STARTING))
    started = _start(backend, request, head, replay, inventory)
    try:
        if started.dashboard is not None:
            watch(Progress(text=f"Ray dashboard: {started.dashboard} (log in: {log_in(started.dashboard)})"))
        run_id, outcome = submission.run(request, started, watch, now=arguments.now())
    finally:
        started.close()
    return _submitted(request, run_id, outcome)


def check_installed(backend: str) -> None:
    """Check that what a backend needs to measure is installed.

    Raises:
        NotReady: something is missing.
    """
    installation.check_complete([name for name in installation.MEASURING if name != "ray" or backend == "ray"])


def _store_spooled_here(results: str) -> list[Row]:
    """Store what a killed driver left in this machine's spool."""
    return spooled_rows.store_spooled(results, SHIPPED["inline"](BackendOptions(holder=claims.holder_name())))


def _start(
    backend: str, request: SubmitRequest, address: str | None, replay: str | None, recorded: PathLike | None
) -> Backend:
    """Start the backend that the options choose."""
    if replay is None:
        return start_backend(backend, request.sweep, request.results, address)
    tape = store.read(replay).rows
    if not tape:
        raise BadInput(f"--replay {replay}: no rows there; expected a store that holds some")
    hosts = arguments.recorded_or_here(recorded)
    holder = claims.holder_name()
    return SHIPPED["replay"](BackendOptions(holder=holder, inventory=hosts, recorded=tape, source=replay))


def start_backend(backend: str, sweep: Sweep, results: str, address: str | None) -> Backend:
    """Start a backend that measures; `address` is that of a head."""
    metadata = claims.job_metadata(sweep, results)
    return SHIPPED[backend](BackendOptions(holder=claims.holder_name(), address=address, metadata=metadata))


def _submitted(
    request: SubmitRequest, run_id: str, outcome: RunOutcome | None, problems: tuple[str, ...] = ()
) -> Submitted:
    """Read the run back and report it; `problems` are those of a plan that left nothing to measure."""
    measured = outcome.measured if outcome else 0
    reading = store.read(request.results, run_id=run_id)
    not_reached = outcome.not_reached if outcome else 0
    search = request.sweep.search
    missing = without_number.count(
        _asked_for(request.sweep, reading.rows),
        interchangeable=request.sweep.interchangeable,
        searched=search.axis if search else None,
    )
    report = save_run_report(request.results, run_id, reading.rows)
    if outcome:
        _check_ended_well(request, run_id, outcome, report)
    return Submitted(
        run_id=run_id,
        rows=reading.rows,
        measured=measured,
        report=report,
        problems=tuple(dict.fromkeys([*map(str, reading.problems), *(outcome.problems if outcome else problems)])),
        without_number=missing + not_reached,
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
