"""What puts rows in a store, or measures without one: submit, calibrate, measure."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from featray.api import planning
from featray.api.planning import PathLike

if TYPE_CHECKING:
    from featray import byhand, submission
    from featray.backends import Backend
    from featray.comparison import Calibration
    from featray.row import Row
    from featray.runner import Outcome, Watch


@dataclasses.dataclass(frozen=True, kw_only=True)
class Submitted:
    """What a submit came to.

    `rows` holds every row of the run, those of earlier submits included; `measured` counts what this one added, and
    `without_number` includes what the budget left undone, `not_reached`.
    """

    run_id: str
    rows: tuple["Row", ...]
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
    watch: "Watch | None" = None,
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
    from featray import errors, submission

    if inventory is not None and replay is None:
        raise errors.BadInput("--inventory goes with --replay; to measure on other hosts, join them with --address")
    if replay is not None and address is not None:
        raise errors.BadInput("--replay and --address do not go together; leave one out")
    if budget_s is not None and not 0 < budget_s < math.inf:
        raise errors.BadInput(f"budget_s: expected seconds above 0, got {budget_s:g}")
    read = planning.load_named(sweep)
    request = submission.Request(
        sweep=read,
        results=results,
        rerun=rerun,
        retry_failed=retry_failed,
        budget_s=read.budget_s if budget_s is None else budget_s,
    )
    return _submit(request, address, replay, inventory, watch or (lambda _: None))


def _submit(
    request: "submission.Request",
    address: str | None,
    replay: str | None,
    inventory: PathLike | None,
    watch: "Watch",
) -> Submitted:
    from featray import claims, gathering, submission

    head = planning.head_of(address)
    if head is None and replay is None:
        # Ray takes a quarter of a minute to start: not before it is known that there is something to do here.
        found = _gather_here(request.results)
        prepared = submission.prepare(request, planning.recorded_or_here(None), now=planning.now())
        gathering.tell(found, prepared.plan.campaign.run_id, watch)
        if not prepared.plan.invocations:
            return _submitted(request, prepared.plan.campaign.run_id, None, prepared.problems)
        claims.check(request.results, request.sweep.name)  # `carry_out` would find out too, once Ray has started
    backend = _backend(request, head, replay, inventory)
    try:
        _announce(backend, watch)
        run_id, outcome = submission.carry_out(request, backend, watch, now=planning.now())
    finally:
        backend.close()
    return _submitted(request, run_id, outcome)


def _gather_here(results: str) -> "list[Row]":
    """Store what a killed driver left in this machine's spool; return it."""
    from featray import claims, gathering
    from featray.backends.inline import Inline

    return gathering.gather(results, Inline(holder=claims.holder_name()))


def calibrate(
    sweep: PathLike = "sweeps/calibration.yaml",
    *,
    results: str = "results",
    address: str | None = None,
    watch: "Watch | None" = None,
) -> dict[str, "Calibration"]:
    """Measure identical cells as A and A on every target, and learn how much they differ.

    Args:
        sweep: The cells; measured under the name `calibration`, on every device of the sweep that is there.
        results: Store; `compare` and `report` of the same store then use each target's own noise floor.
        address: Head of a running Ray cluster, or a cluster file; None embeds Ray on this machine.
        watch: Hears of everything that happens.

    Returns:
        Target id -> its calibration.

    Raises:
        BadInput: as `submit`.
    """
    from featray import comparison, store, submission

    read = planning.load_sweep(sweep)
    there = {target.device for target in planning.hosts(address=address).targets()}
    devices = tuple(device for device in read.axes.device if device in there)
    axes = dataclasses.replace(read.axes, device=devices or read.axes.device)
    request = submission.Request(
        sweep=dataclasses.replace(read, name=comparison.CALIBRATION, axes=axes),
        results=results,
        rerun=True,
        budget_s=read.budget_s,
    )
    _submit(request, address, None, None, watch or (lambda _: None))
    return comparison.calibrations(store.read(results, sweep=comparison.CALIBRATION).rows)


def measure(
    file: PathLike | None = None,
    *,
    cell_id: str | None = None,
    sweep: PathLike | None = None,
    target_id: str | None = None,
    results: str = "results",
    say: Callable[[str], None] = print,
) -> "Row":
    """Measure one cell once on this machine, without Ray; the row is returned, not stored.

    Args:
        file: JSON of a cell, or of a row, which is then measured as far as possible as it was.
        cell_id: Instead of a file: the id of a cell of `sweep`, or of the store, where its last row tells how.
        sweep: Sweep file; its rules then hold.
        target_id: GPU UUID or other target id; None takes the first that fits.
        results: Store to look the cell up in.
        say: Told why it waits, and that the default rules hold where a row does not tell its own.

    Raises:
        BadInput: no such cell or target here, both a file and an id, or weights are missing.
    """
    from featray import byhand, claims

    found = _found(file, cell_id, sweep, target_id, results)
    if found.note is not None:
        say(found.note)
    return byhand.measure(
        found.cell,
        rules=found.rules,
        exclusive=found.exclusive,
        target_id=target_id,
        holder=claims.holder_name(),
        say=say,
    )


def _found(
    file: PathLike | None, cell_id: str | None, sweep: PathLike | None, target_id: str | None, results: str
) -> "byhand.Found":
    from featray import byhand, errors

    if file is not None and cell_id is not None:
        raise errors.BadInput("name a cell once: a CELL.json or --cell ID, not both")
    if file is None and cell_id is None:
        raise errors.BadInput("name a cell: a CELL.json, or --cell ID with --sweep FILE")
    read = planning.load_sweep(sweep) if sweep is not None else None
    if file is not None:
        found = byhand.from_file(Path(file))
        if read is None:
            return found
        return byhand.Found(cell=found.cell, rules=read.rules, exclusive=read.exclusive)
    if read is not None:
        return byhand.from_sweep(read, cell_id or "")
    return byhand.from_store(results, cell_id or "", target_id)


def _announce(backend: "Backend", watch: "Watch") -> None:
    """Say where the run can be watched."""
    from featray.runner import Progress

    if backend.dashboard is not None:
        watch(Progress(event=None, done=0, total=0, left_s=None, text=f"Ray dashboard: {backend.dashboard}"))


def _backend(
    request: "submission.Request", address: str | None, replay: str | None, recorded: PathLike | None
) -> "Backend":
    from featray import claims

    if replay is not None:
        from featray import errors, store
        from featray.backends.replay import Replay

        tape = store.read(replay).rows
        if not tape:
            raise errors.BadInput(f"--replay {replay}: no rows there; expected a store that holds some")
        return Replay(planning.recorded_or_here(recorded), tape, source=replay)
    from featray.backends.raycluster.cluster import RayCluster

    return RayCluster(
        address=address,
        holder=claims.holder_name(),
        metadata=claims.metadata(request.sweep.name, request.results),
    )


def _submitted(
    request: "submission.Request", run_id: str, outcome: "Outcome | None", known: tuple[str, ...] = ()
) -> Submitted:
    """Read what the run has come to, and report it; `known` are problems where there is no outcome to tell of them."""
    from featray import reporting, store, submission

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
        report=reporting.of_run(request.results, run_id, reading.rows),
        problems=tuple(dict.fromkeys([*map(str, reading.problems), *(outcome.problems if outcome else known)])),
        without_number=missing + left,
        not_reached=left,
    )
