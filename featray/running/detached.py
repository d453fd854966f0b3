"""Detached submits: the driver runs on the cluster as a Ray job, and its events are read from what it prints.

Flow: `start` -> `featray submit --json` on the head -> its log -> `events` -> progress, `stand`, `collect` -> caller's
store.
"""

import dataclasses
import datetime
import json
import re
import shutil
import sys
import tempfile
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from featray import store
from featray.backends.ray.jobs import Job, Jobs
from featray.cluster import cluster_file, heads, nodes
from featray.core import row
from featray.core.events import PlainEvent
from featray.core.files import is_yaml
from featray.core.row import NO_TARGET
from featray.core.status import Status, precedence
from featray.errors import BackendError, Interrupted
from featray.running import claims, spooled_rows, submission
from featray.sweep import Sweep, expand

ERROR, WARNING, TRACEBACK = "featray: error: ", "featray: warning: ", "Traceback (most recent call last):"
"""How the lines of a driver begin that tell why it ended; `featray.cli.console` writes the first two."""

RAYS = re.compile(r"Running entrypoint for job |\d{4}-\d\d-\d\d [\d:,]+\tINFO ")
"""Lines of Ray's own in a job's log; the first may come after all that the job said."""


def head_of(address: str | None) -> str | None:
    """Find the head's address, which a cluster file names, from what a person gives as `--address`."""
    return _lab(address).address if is_yaml(address) else address


def place(address: str | None, python: str | None = None) -> tuple[str | None, str]:
    """Find a cluster's address, and the interpreter on its head.

    Args:
        address: What a person gives as `--address`; None is the cluster of this machine.
        python: The interpreter there, where a person names one.

    Raises:
        ClusterFileError: the cluster file is wrong, or its Ray is embedded.
        BackendError: the head is another machine, and nobody says which interpreter has featray there.
    """
    if is_yaml(address):
        lab = _lab(address)
        return lab.address, python or (lab.head_host.interpreter if lab.head_host else sys.executable)
    if python is None and address is not None and not _is_here(address):
        raise BackendError(
            f"the head of {address} may be another machine, which need not have this interpreter ({sys.executable}); "
            "name the one that has featray there: --python PATH, or give a cluster file as --address"
        )
    return address, python or sys.executable


def _lab(file: str) -> cluster_file.Cluster:
    return cluster_file.load_hosts(Path(file))


def _is_here(address: str) -> bool:
    """Tell whether a head is this machine; a loopback dashboard may be a tunnel's end, unless a head runs here."""
    try:
        url = urllib.parse.urlsplit(address if "://" in address else f"//{address}")
    except ValueError:
        return False
    if not heads.is_here(url.hostname or ""):
        return False
    return not url.scheme or any(each.head for each in nodes.running())


def start(jobs: Jobs, sweep: Sweep, file: Path, *, python: str, results: str, options: Sequence[str]) -> str:
    """Submit a sweep as a job and return its id.

    The sweep file travels with the job where it names no files of its own; otherwise the head must see its path.

    Args:
        jobs: The cluster's.
        sweep: As read here.
        file: Where it was read from.
        python: Interpreter on the head.
        results: Store; a folder is the same path on the head.
        options: Further options of `featray submit`.

    Raises:
        Busy: the sweep is being measured for this store now; the message names the process.
        BackendError: the cluster refuses.
    """
    store_there = results if "://" in results else str(Path(results).absolute())
    if "://" in results or Path(results).is_dir():
        claims.check_free(results, sweep.name)  # the job would find out too, but nobody would see it
    command = [python, "-m", "featray", "submit", "--address", "auto", "--json", "--results", store_there, *options]
    name = submission.new_run_id(sweep.name, datetime.datetime.now(datetime.UTC))
    metadata = claims.job_metadata(sweep.name, results)
    if any(each.input.paths for each in expand(sweep)):
        return jobs.submit([*command, str(file.absolute())], name=name, metadata=metadata)
    with tempfile.TemporaryDirectory(prefix="featray-") as folder:
        shutil.copy(file, folder)
        return jobs.submit([*command, file.name], name=name, metadata=metadata, folder=Path(folder))


def event(line: str) -> PlainEvent | None:
    """Read one line of a job's log; None for one that is no event, such as a message of Ray's."""
    if not line.startswith('{"done"'):
        return None
    try:
        said = json.loads(line)
    except ValueError:  # cut short by the end of the driver
        return None
    return said if isinstance(said, dict) else None


def events(lines: Iterable[str]) -> Iterator[PlainEvent]:
    """Read the events of a log."""
    for line in lines:
        if (said := event(line)) is not None:
            yield said


def collect(results: str, said: Iterable[PlainEvent]) -> int:
    """Store the rows of a job's events that this store lacks, as where it and the head share no disk; count them."""
    found = [row.from_mapping(each[key]) for each in said for key in ("row", "other") if key in each]
    if not found:
        return 0
    runs = {each.run_id for each in found}
    stored = [each for run in runs for each in store.keys(results, run_id=run, every_attempt=True).units]
    fresh = spooled_rows.news(spooled_rows.kept(results, found), stored)
    if fresh:
        store.append(results, fresh)
    return len(fresh)


@dataclasses.dataclass(frozen=True, kw_only=True)
class JobStatus:
    """How a detached submit stands, by what it has said."""

    done: int
    total: int  # 0 until the driver has planned
    without_number: int
    reason: str | None  # why it did not end well; None while it runs, and where all went well
    code: int  # exit code: 0 while nothing is known to be missing, 1 units without a number, 4 the driver itself failed


def stand(job: Job, said: Sequence[PlainEvent], log: str) -> JobStatus:
    """Say how a job stands. Pure.

    Args:
        job: As Ray knows it.
        said: The events of its log.
        log: All that it printed.
    """
    counts = [each for each in said if each["total"]]
    done, total = (counts[-1]["done"], counts[-1]["total"]) if counts else (0, 0)
    without = _without_number(said, is_complete=job.state == "succeeded")
    lines = [line.strip() for line in log.split("\n") if line.strip() and not RAYS.match(line) and event(line) is None]
    code = _code(job, done < total or without > 0, has_failed=not said or _tells_of_failure(lines))
    return JobStatus(
        done=done,
        total=total,
        without_number=without,
        reason=_reason(job, code, lines, f"{done} of {total}" if total else None, without)
        if job.has_ended and code
        else None,
        code=code,
    )


def _without_number(said: Iterable[PlainEvent], *, is_complete: bool) -> int:
    """Count the units that have none, by the row of each that counts.

    A refusal is gone once its cell could run, as in `units.standing`. A unit that was lost on one target and measured
    on another has its number where those stand for each other. The driver knows whether they do: `is_complete` tells
    that it found none missing.
    """
    rows = sorted(
        (each["row"] for each in said if "row" in each), key=lambda row: precedence(row["status"], row["attempt"])
    )
    started = {(row["cell_id"], target) for row in rows if row["attempt"] for target in (row["target_id"], NO_TARGET)}
    last = {
        (row["cell_id"], row["invocation"], row["target_id"]): row["status"]
        for row in rows
        if row["attempt"] or (row["cell_id"], row["target_id"]) not in started
    }
    measured = {unit[:2] for unit, status in last.items() if status == Status.OK}
    return sum(
        status != Status.OK and not (is_complete and status == Status.LOST and unit[:2] in measured)
        for unit, status in last.items()
    )


def _tells_of_failure(lines: Iterable[str]) -> bool:
    return any(line.startswith((ERROR, TRACEBACK)) for line in lines)


def _code(job: Job, is_short: bool, *, has_failed: bool) -> int:
    """Choose the exit code. An interrupted driver says `featray: error:` too, but has only left work undone."""
    if not job.has_ended:
        return 0
    if job.state == "failed":
        return BackendError.exit_code if has_failed and job.code != Interrupted.exit_code else 1
    return 1 if is_short or (job.state == "stopped" and has_failed) else 0


def _reason(job: Job, code: int, lines: Sequence[str], measured: str | None, without: int) -> str:
    """Say why a job that has ended gives a code other than 0."""
    if job.state == "stopped":
        return f"stopped at {measured}" if measured else "stopped before anything was planned"
    if wrong := [line for line in lines if line.startswith(ERROR)]:
        return wrong[-1].removeprefix(ERROR)
    if code == 1 and job.code == 1:  # the driver ended in order
        warned = [line for line in lines if line.startswith(WARNING)]
        numbers = f"{without} measurement{'' if without == 1 else 's'} without a number"
        return (
            warned[-1].removeprefix(WARNING)
            if warned
            else numbers
            if without
            else f"ended at {measured or 'its start'}"
        )
    # Ray's message ends in the log's tail, of which the last line is enough.
    ray = (job.message or "").strip().partition("\n")[0].partition(", last available logs")[0]
    return ": ".join(filter(None, [ray, *lines[-1:]])) or "it said nothing"
