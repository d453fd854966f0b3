"""`featray.submit`: measure what the store does not have yet, and report it."""

import dataclasses
import math
from pathlib import Path

from featray import store
from featray.api import named
from featray.api.named import PathLike
from featray.api.report import of_run
from featray.backends import Backend
from featray.backends.inline import Inline
from featray.core.row import Row
from featray.errors import BadInput
from featray.running import claims, spooled_rows, submission
from featray.running.runner import Progress, RunOutcome, Watch


@dataclasses.dataclass(frozen=True, kw_only=True)
class Submitted:
    """What a submit came to.

    `rows` holds every row of the run, those of earlier submits included; `measured` counts what this one added, and
    `without_number` includes what the budget left undone, `not_reached`.
    """

    run_id: str
    rows: tuple[Row, ...]
    measured: int
    report: Path | None
    problems: tuple[str, ...]
    without_number: int
    not_reached: int = 0

    @property
    def exit_code(self) -> int:
        """0 when every unit has a number, 1 when some have none."""
        return 1 if self.without_number else 0


def submit(
    sweep: PathLike,
    *,
    results: str = "results",
    address: str | None = None,
    rerun: bool = False,
    retry_failed: bool = False,
    budget_s: float | None = None,
    replay: str | None = None,
    inventory: PathLike | None = None,
    watch: Watch | None = None,
) -> Submitted:
    """Measure every cell of a sweep that the store does not have yet, and write the report.

    Args:
        sweep: Sweep file.
        results: Store of rows and reports: a folder or URI.
        address: Head of a running Ray cluster, or a cluster file; None embeds Ray on this machine.
        rerun: Measure again what is done, as another run.
        retry_failed: Try failed units again.
        budget_s: Start nothing new after so many seconds.
        replay: Take rows from this store instead of measuring.
        inventory: Recorded hosts to replay on.
        watch: Hears of everything that happens.

    Raises:
        BadInput: the sweep is wrong, nothing can run anywhere, weights are missing, there are no rows to replay, or
            options do not go together.
        Busy: another submit of this sweep runs on this store.
        BackendError: Ray cannot be started or joined.
        Interrupted: Ctrl-C; finished rows are stored.
    """
    if inventory is not None and replay is None:
        raise BadInput("--inventory goes with --replay; to measure on other hosts, join them with --address")
    if replay is not None and address is not None:
        raise BadInput("--replay and --address do not go together; leave one out")
    if budget_s is not None and not 0 < budget_s < math.inf:
        raise BadInput(f"budget_s: expected seconds above 0, got {budget_s:g}")
    read = named.load_named(sweep)
    request = submission.SubmitRequest(
        sweep=read,
        results=results,
        rerun=rerun,
        retry_failed=retry_failed,
        budget_s=read.budget_s if budget_s is None else budget_s,
    )
    return carry_out(request, address, replay, inventory, watch or (lambda _: None))


def carry_out(
    request: submission.SubmitRequest,
    address: str | None,
    replay: str | None,
    inventory: PathLike | None,
    watch: Watch,
) -> Submitted:
    """Measure what a request asks for, here or on a cluster, or replay it, and report the run."""
    head = named.head_of(address)
    if head is None and replay is None:
        # Ray takes a quarter of a minute to start: not before it is known that there is something to do here.
        found = _gather_here(request.results)
        prepared = submission.prepare(request, named.recorded_or_here(None), now=named.now())
        spooled_rows.tell(found, prepared.plan.campaign.run_id, watch)
        if not prepared.plan.invocations:
            return _submitted(request, prepared.plan.campaign.run_id, None, prepared.problems)
        claims.check(request.results, request.sweep.name)  # `carry_out` would find out too, once Ray has started
    backend = _backend(request, head, replay, inventory)
    try:
        _announce(backend, watch)
        run_id, outcome = submission.carry_out(request, backend, watch, now=named.now())
    finally:
        backend.close()
    return _submitted(request, run_id, outcome)


def _gather_here(results: str) -> list[Row]:
    """Store what a killed driver left in this machine's spool; return it."""
    return spooled_rows.gather(results, Inline(holder=claims.holder_name()))


def _announce(backend: Backend, watch: Watch) -> None:
    """Say where the run can be watched."""
    if backend.dashboard is not None:
        watch(Progress(event=None, done=0, total=0, left_s=None, text=f"Ray dashboard: {backend.dashboard}"))


def _backend(
    request: submission.SubmitRequest, address: str | None, replay: str | None, recorded: PathLike | None
) -> Backend:

    if replay is not None:
        from featray.backends.replay import Replay

        tape = store.read(replay).rows
        if not tape:
            raise BadInput(f"--replay {replay}: no rows there; expected a store that holds some")
        return Replay(named.recorded_or_here(recorded), tape, source=replay)

    from featray.backends.ray.backend import RayCluster  # not before Ray is needed: it takes long to start

    return RayCluster(
        address=address,
        holder=claims.holder_name(),
        metadata=claims.metadata(request.sweep.name, request.results),
    )


def _submitted(
    request: submission.SubmitRequest, run_id: str, outcome: RunOutcome | None, known: tuple[str, ...] = ()
) -> Submitted:
    """Read what the run has come to, and report it; `known` are problems where there is no outcome to tell of them."""
    measured = len(outcome.rows) if outcome else 0
    if outcome:
        outcome.rows.clear()  # the store has them, and they are read anew: thousands would lie in memory twice
    reading = store.read(request.results, run_id=run_id)
    left = outcome.not_reached if outcome else 0
    missing = submission.without_number(reading.rows, interchangeable=request.sweep.interchangeable)
    return Submitted(
        run_id=run_id,
        rows=reading.rows,
        measured=measured,
        report=of_run(request.results, run_id, reading.rows),
        problems=tuple(dict.fromkeys([*map(str, reading.problems), *(outcome.problems if outcome else known)])),
        without_number=missing + left,
        not_reached=left,
    )
