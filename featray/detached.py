"""Detached submits: the driver runs on the cluster as a Ray job, and its events are read from what it prints.

Flow: `start` -> `featray submit --json` on the head -> its log -> `events` -> progress, `collect` -> caller's store.
"""

import datetime
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray import cell, claims, cluster, row, store, submission
from featray.backends.jobs import Jobs
from featray.sweep import Sweep

Said = Mapping[str, Any]
"""One event of a submit, as `featray submit --json` prints it."""


def place(address: str | None, python: str | None = None) -> tuple[str | None, str]:
    """Find a cluster's address, and the interpreter on its head, from what a person gives as `--address`."""
    if address is None or not address.endswith((".yaml", ".yml")):
        return address, python or sys.executable
    lab = cluster.load(Path(address))
    return lab.address, python or (lab.head_host.interpreter if lab.head_host else sys.executable)


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
        with claims.claim(results, sweep.name):
            pass  # the job would find out too, but nobody would see it
    command = [python, "-m", "featray", "submit", "--address", "auto", "--json", "--results", store_there, *options]
    name = submission.new_run_id(sweep.name, datetime.datetime.now(datetime.UTC))
    metadata = claims.metadata(sweep.name, results)
    if any(each.input.paths for each in cell.expand(sweep)):
        return jobs.submit([*command, str(file.absolute())], name=name, metadata=metadata)
    with tempfile.TemporaryDirectory(prefix="featray-") as folder:
        shutil.copy(file, folder)
        return jobs.submit([*command, file.name], name=name, metadata=metadata, folder=Path(folder))


def event(line: str) -> Said | None:
    """Read one line of a job's log; None for one that is no event, such as a message of Ray's."""
    if not line.startswith('{"done"'):
        return None
    try:
        said = json.loads(line)
    except ValueError:  # cut short by the end of the driver
        return None
    return said if isinstance(said, dict) else None


def events(lines: Iterable[str]) -> Iterator[Said]:
    """Read the events of a log."""
    for line in lines:
        if (said := event(line)) is not None:
            yield said


def collect(results: str, said: Iterable[Said]) -> int:
    """Store the rows of a job's events that this store lacks, as where it and the head share no disk; count them."""
    found = [row.from_mapping(each["row"]) for each in said if "row" in each]
    if not found:
        return 0
    runs = {each.run_id for each in found}
    known = {each.key() for run in runs for each in store.read(results, run_id=run, every_attempt=True).rows}
    fresh = [each for each in found if each.key() not in known]
    if fresh:
        store.append(results, fresh)
    return len(fresh)
