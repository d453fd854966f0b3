"""`featray.submit`: measure what the store does not have yet, and report it.

Flow: sweep file -> `arguments` -> `SubmitRequest` -> `run_request` -> `preparation` on this machine -> a backend ->
`submission.run` -> `submitted.read_back` -> `Submitted`, with the report of the run.
Ray starts only if this machine has something to measure; a cluster or a replay is asked without this.
What takes time and is not needed at once is done beside what has to wait: Ray is loaded in its own process while this
machine is asked, what reports is imported while Ray starts, and Ray stops while the report is written.
"""

import concurrent.futures
import contextlib
import importlib
import math
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from featray import store
from featray.api import arguments, given, notebook_progress
from featray.api.arguments import Inventories
from featray.backends import SHIPPED, Backend, BackendOptions, LoadingBackend, load_early
from featray.cluster import cluster_file
from featray.cluster.login import log_in
from featray.core.argument_names import argument
from featray.core.files import PathLike
from featray.core.row import Row
from featray.errors import BadInput, FeatrayError, NotReady, suggest
from featray.host import early_weights, installation, lease, spool
from featray.measurement import weights
from featray.planning.inventory import Host
from featray.planning.plan import Plan
from featray.running import claims, interrupts, preparation, spooled_rows, submission, weights_on_hosts
from featray.running.preparation import SubmitRequest
from featray.running.progress import Progress, RunEnd, Watch
from featray.running.run_outcome import RunOutcome
from featray.sweep import Sweep, expand

if TYPE_CHECKING:
    from featray.api.submitted import Submitted

BACKENDS = ("ray", "inline")
"""The backends that can be chosen by name; a replay is chosen by its store."""

STARTING = "starting Ray on this machine, which takes 10 to 20 s"
MAKING = "making synthetic weights, once on this machine, which takes about half a minute"

REPORTING = ("featray.api.submitted", "scipy.special")
"""Modules that a run needs at its end. They take a second to import."""


def submit(
    sweep: PathLike,
    *,
    results: str = "results",
    backend: str = "ray",
    address: PathLike | None = None,
    rerun: bool = False,
    retry_failed: bool = False,
    budget_s: float | None = None,
    replay: str | None = None,
    inventory: Inventories | None = None,
    watch: Watch | None = None,
    progress: bool | None = None,
) -> "Submitted":
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
        for found in submitted.search_records():
            show(Progress(found=found))
        show(Progress(end=RunEnd(code=submitted.exit_code, message=submitted.reason)))
        return submitted


def check_backend(backend: str, address: PathLike | None) -> None:
    """Check that there is such a backend, and that it can use an address, if one is given.

    Raises:
        BadInput: there is none, or it cannot.
    """
    if backend not in BACKENDS:
        raise BadInput(f"{argument('backend', backend)}: no such backend{suggest(backend, BACKENDS)}")
    if backend == "inline" and address is not None:
        inline = argument("backend", backend)
        raise BadInput(
            f"{inline} measures on this machine alone; leave out {argument('address')}, or {argument('backend')}"
        )


def _check(
    backend: str, address: PathLike | None, budget_s: float | None, replay: str | None, inventory: Inventories | None
) -> None:
    if backend == "inline" and replay is not None:
        raise BadInput(f"{argument('backend', backend)} and {argument('replay')} do not go together; leave one out")
    if inventory is not None and replay is None:
        raise BadInput(
            f"{argument('inventory')} goes with {argument('replay')}; to measure on other hosts, join them with "
            f"{argument('address')}"
        )
    if replay is not None and address is not None:
        raise BadInput(f"{argument('replay')} and {argument('address')} do not go together; leave one out")
    given.check_numbers({"budget_s": budget_s})
    if budget_s is not None and not 0 < budget_s < math.inf:
        raise BadInput(f"budget_s: expected seconds above 0, got {budget_s:g}")


def run_request(
    request: SubmitRequest,
    address: PathLike | None,
    replay: str | None,
    inventory: Inventories | None,
    watch: Watch,
    *,
    backend: str = "ray",
) -> "Submitted":
    """Measure what a request asks for, on this machine or on a cluster, or replay it; then report the run."""
    store.check_address(request.results)
    if replay is not None:
        return _run(request, _start_replay(replay, inventory), watch)
    check_installed(backend)
    head = cluster_file.head_address(address)
    if head is None:
        return _run_here(request, backend, watch)
    watch(Progress(text=f"joining the cluster at {head}"))
    return _run(request, start_backend(backend, request.sweep, request.results, head), watch)


def _run_here(request: SubmitRequest, backend: str, watch: Watch) -> "Submitted":
    """Measure on this machine, if it has anything to measure.

    Ray needs 10 s to start: not before that is known. It is loaded meanwhile.
    """
    loading = load_early(backend)
    try:
        spool.check_folder(weights.featray_cache())
        spooled = _store_spooled_here(request.results)
        here = arguments.here_for(expand(request.sweep))
        prepared = preparation.prepare(request, here, now=arguments.now())
        spooled_rows.announce(spooled, prepared.plan.run.run_id, watch)
        if prepared.plan.invocations:
            lease.check_folder()
            claims.check_free(request.results, request.sweep.name)  # `submission.run` checks again, with Ray
    except BaseException:
        _end(loading)
        raise
    if not prepared.plan.invocations:
        _end(loading)
        for note in prepared.notes:
            watch(Progress(text=note))
        return _read_back(request, prepared.plan.run.run_id, None, prepared.problems)
    with contextlib.ExitStack() as opened:
        with _weights_made(prepared.plan, watch), _reporting_imported(backend):
            if backend == "ray":
                watch(Progress(text=STARTING))
            started = start_backend(
                backend, request.sweep, request.results, None, loading=loading, this_host=here.hosts[0]
            )
            opened.callback(started.close)
        opened.pop_all()  # from here on `_run` closes it
    return _run(request, started, watch)


@contextlib.contextmanager
def _weights_made(work: Plan, watch: Watch) -> Iterator[None]:
    """Make the synthetic weights that this machine lacks while the body runs, and wait for them.

    Raises:
        NotReady: they cannot be made; each process that needs them would fail in the same way.
    """
    cache = weights.featray_cache()
    missing = early_weights.list_missing(weights_on_hosts.list_synthetic(work), cache)
    if not missing:
        yield
        return
    watch(Progress(text=MAKING))
    with early_weights.making(missing, cache) as made:
        yield
    if made.failure is not None:
        raise NotReady(f"{made.failure}; mend that, or name another folder in FEATRAY_CACHE")


@contextlib.contextmanager
def _reporting_imported(backend: str) -> Iterator[None]:
    """Import what a run needs at its end while Ray starts; without Ray there is nothing to wait for."""
    importing = threading.Thread(target=_import_reporting, daemon=True)
    if backend == "ray":
        importing.start()
    yield
    if backend == "ray":
        importing.join()


def _import_reporting() -> None:
    for name in REPORTING:
        importlib.import_module(name)


def _end(loading: LoadingBackend | None) -> None:
    if loading is not None:
        loading.end()


def _run(request: SubmitRequest, started: Backend, watch: Watch) -> "Submitted":
    """Measure on a backend, then leave it while the run is reported."""
    try:
        if started.dashboard is not None:
            watch(Progress(text=f"Ray dashboard: {started.dashboard} (log in: {log_in(started.dashboard)})"))
        run_id, outcome = submission.run(request, started, watch, now=arguments.now())
    except BaseException:
        started.close()
        raise
    with _closing(started):
        return _read_back(request, run_id, outcome)


@contextlib.contextmanager
def _closing(backend: Backend) -> Iterator[None]:
    """Close a backend while the body runs: leaving a cluster takes a moment."""
    with concurrent.futures.ThreadPoolExecutor(1, "featray-closing") as executor:
        closed = executor.submit(backend.close)
        yield
    closed.result()


def _read_back(
    request: SubmitRequest, run_id: str, outcome: RunOutcome | None, problems: tuple[str, ...] = ()
) -> "Submitted":
    from featray.api import submitted

    return submitted.read_back(request, run_id, outcome, problems)


def check_installed(backend: str) -> None:
    """Check that what a backend needs to measure is installed.

    Raises:
        NotReady: something is missing.
    """
    installation.check_complete([name for name in installation.MEASURING if name != "ray" or backend == "ray"])


def _store_spooled_here(results: str) -> list[Row]:
    """Store what a killed driver left in this machine's spool."""
    return spooled_rows.store_spooled(results, SHIPPED["inline"](BackendOptions(holder=claims.holder_name())))


def _start_replay(replay: str, recorded: Inventories | None) -> Backend:
    """Start a backend that takes its rows from a store."""
    tape = store.read(replay).rows
    if not tape:
        raise BadInput(f"{argument('replay', replay)}: no rows there; expected a store that holds some")
    hosts = arguments.recorded_or_here(recorded)
    holder = claims.holder_name()
    return SHIPPED["replay"](BackendOptions(holder=holder, inventory=hosts, recorded=tape, source=replay))


def start_backend(
    backend: str,
    sweep: Sweep,
    results: str,
    address: str | None,
    *,
    loading: LoadingBackend | None = None,
    this_host: Host | None = None,
) -> Backend:
    """Start a backend that measures; `address` is that of a head, the others are as in `BackendOptions`."""
    options = BackendOptions(
        holder=claims.holder_name(),
        address=address,
        metadata=claims.job_metadata(sweep, results),
        loading=loading,
        this_host=this_host,
    )
    return SHIPPED[backend](options)
