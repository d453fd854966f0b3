"""Detached submits: the driver runs on the head of a cluster as a Ray job, and the caller may go away.

Flow: `submit --detach` -> `driver_place`, `start` -> `featray submit --json` on the head -> its log ->
`submit_status`, `spooled_rows.store_reported`.
"""

import datetime
import shlex
import shutil
import sys
import tempfile
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from featray import store
from featray.backends.ray.jobs import RUN, Job, Jobs
from featray.cluster import cluster_file, fleet, heads, raylet_records
from featray.core.argument_names import argument
from featray.core.files import is_yaml
from featray.errors import BackendError, Busy
from featray.running import claims, preparation, progress
from featray.running.preparation import SubmitRequest
from featray.sweep import Sweep, expand

ASK_S = 10.0  # that a head which is to end has to list its submits: on two busy cores it took 1 s


def driver_place(address: str | None, python: str | None = None) -> tuple[str | None, str]:
    """Find the address of a cluster, and the Python interpreter on its head.

    Args:
        address: As given in `--address`; None is the cluster of this machine.
        python: As given in `--python`.

    Raises:
        ClusterFileError: the cluster file is wrong, or its Ray is embedded.
        BackendError: the head is another machine, and nothing says which interpreter has featray there.
    """
    if is_yaml(address):
        cluster = cluster_file.load_hosts(Path(address))
        return cluster.address, python or (cluster.head_host.interpreter if cluster.head_host else sys.executable)
    if python is None and address is not None and not _is_here(address):
        raise BackendError(
            f"the head of {address} may be another machine, which may not have this interpreter ({sys.executable}); "
            f"name the one that has featray there: {argument('python', 'PATH')}, or give a cluster file as "
            f"{argument('address')}"
        )
    return address, python or sys.executable


def _is_here(address: str) -> bool:
    """Return True where the head runs on this machine; a dashboard on loopback counts only beside a head of featray.

    It may otherwise be the end of an ssh tunnel.
    """
    try:
        url = urllib.parse.urlsplit(address if "://" in address else f"//{address}")
    except ValueError:
        return False
    if not heads.is_this_machine(url.hostname or ""):
        return False
    return not url.scheme or any(raylet.head for raylet in raylet_records.running())


def start(
    jobs: Jobs,
    sweep: Sweep,
    file: Path,
    *,
    python: str,
    results: str,
    options: Sequence[str],
    address: str | None = None,
) -> str:
    """Start a submit as a Ray job and return the id of its run, by which `status`, `logs` and `report` know it.

    The sweep file travels with the job where it names no other files; otherwise the head must have it under its path.

    Args:
        jobs: The cluster's jobs.
        sweep: The sweep.
        file: Its file.
        python: Interpreter on the head.
        results: Store; a folder has the same path on the head.
        options: Further options of `featray submit`.
        address: As given in `--address`, for messages.

    Raises:
        BadInput: the store's address carries credentials, which the job's command line would show.
        Busy: another process measures the sweep into this store now, or a detached submit is about to; the message
            names it.
        BackendError: the cluster refuses.
    """
    store.check_address(results)
    results_there = results if "://" in results else str(Path(results).absolute())
    _check_not_submitted(jobs, sweep, results, address)
    if "://" in results or Path(results).is_dir():
        claims.check_free(results, sweep.name)  # the job checks too, but the user would have left by then
    command = [python, "-m", "featray", "submit", "--address", "auto", "--json", "--results", results_there, *options]
    run_id, name = _name_run(jobs, sweep, results, rerun="--rerun" in options)
    metadata = claims.job_metadata(sweep, results) | {RUN: run_id}
    variables = {progress.TEXT_VARIABLE: "1", claims.RUN_VARIABLE: run_id}
    if any(cell.input.paths for cell in expand(sweep)):
        jobs.submit([*command, str(file.absolute())], name=name, metadata=metadata, variables=variables)
        return run_id
    with tempfile.TemporaryDirectory(prefix="featray-") as folder:
        shutil.copy(file, folder)
        jobs.submit([*command, file.name], name=name, metadata=metadata, folder=Path(folder), variables=variables)
    return run_id


def describe_ending(address: str) -> list[str]:
    """Say which detached submits end when their head does, and how to go on with each.

    Args:
        address: `host:port` of the head.
    """
    try:
        running = [job for job in Jobs(address, limit_s=ASK_S).all() if not job.has_ended]
    except BackendError as wrong:  # the head is to end anyway
        return [f"a detached submit {fleet.ENDING}, if one runs: {wrong}"]
    return [_describe_ending(job) for job in running]


def _describe_ending(job: Job) -> str:
    run_id, user = job.metadata.get(RUN, job.id), job.metadata.get("featray_user", "somebody")
    sweep, place = job.metadata["featray_sweep"], job.metadata["featray_store"]
    return (
        f"{run_id} of {user} ({job.state}) {fleet.ENDING}. Its finished rows and its log are in {place}; to go on with "
        f"it, submit the sweep {sweep} into that store again"
    )


def _check_not_submitted(jobs: Jobs, sweep: Sweep, results: str, address: str | None) -> None:
    """Refuse a sweep that another detached submit measures into the same store, also before its driver holds it.

    Raises:
        Busy: the message says which, whose it is, and how to follow or end it.
    """
    own = claims.job_metadata(sweep, results)
    same = ("featray_sweep", "featray_store")
    option = f" --address {shlex.quote(address)}" if address else ""
    for job in jobs.all():
        if job.has_ended or any(job.metadata.get(key) != own[key] for key in same):
            continue
        run_id, user = job.metadata.get(RUN, job.id), job.metadata.get("featray_user", "somebody")
        raise Busy(
            f"{sweep.name} is already submitted to {store.display_name(results)}: {run_id} of {user} ({job.state}). "
            f"Follow it with `featray status {run_id} --watch{option}`, or end it first with "
            f"`featray cancel {run_id}{option}`"
        )


def _name_run(jobs: Jobs, sweep: Sweep, results: str, *, rerun: bool) -> tuple[str, str]:
    """Name the run and its job: they have one name, unless the run had a job before.

    A store that only the head can read may hold a run that the driver goes on with; then its rows have that run's id.
    """
    request = SubmitRequest(sweep=sweep, results=results, rerun=rerun, replay=False)
    run_id = preparation.find_continued(request) if Path(results).is_dir() else None
    if run_id is None:
        new = preparation.new_run_id(sweep.name, datetime.datetime.now(datetime.UTC))
        return new, new
    taken = {job.id for job in jobs.all()}
    names = [run_id, *(f"{run_id}-{number}" for number in range(2, len(taken) + 3))]
    return run_id, next(name for name in names if name not in taken)
