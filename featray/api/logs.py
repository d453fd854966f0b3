"""`featray logs`: what a detached submit has printed.

Flow: Ray's log of the job or, where its cluster is gone, `running.kept_logs` -> lines -> events and texts.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from featray import store
from featray.backends.ray.jobs import Jobs
from featray.cluster import cluster_file
from featray.core.argument_names import argument
from featray.core.events import PlainEvent
from featray.core.files import PathLike
from featray.errors import BackendError, NothingMatches
from featray.running import kept_logs, progress


@dataclasses.dataclass(frozen=True)
class Log(Iterator[PlainEvent | str]):
    """What a detached submit has printed: for each line the event that it holds, or its text where it holds none."""

    lines: Iterator[str]
    kept_in: Path | None = None  # the file that holds it, where the cluster is gone or has no such submit

    def __next__(self) -> PlainEvent | str:
        """Give the next line."""
        line = next(self.lines)
        return progress.read_line(line) or line


def logs(job: str, *, address: PathLike | None = None, follow: bool = False, results: str = "results") -> Log:
    """Read what a detached submit has printed, from its beginning.

    Args:
        job: Its id, as `featray submit --detach` prints it.
        address: Head of the cluster, its file, or the `http://` address of its dashboard; None is this machine's.
        follow: Continue until it ends.
        results: The submit's store: it keeps the log of each run for the time after the cluster.

    Returns:
        Line by line, the event that it holds, or its text where it holds none.

    Raises:
        NothingMatches: there is no such submit; the message lists those that exist.
        BackendError: the cluster cannot be reached or refuses, and no log was kept.
        StoreError: the kept log cannot be read.
    """
    try:
        jobs = Jobs(cluster_file.head_address(address, must_run=True))
        found = jobs.find(job).id
    except (BackendError, NothingMatches) as wrong:
        path = kept_logs.find(results, job)
        if path is None:
            place = store.display_name(results) if "://" in results else kept_logs.folder(results)
            raise type(wrong)(
                f"{wrong}; no log of it is kept in {place} either. If it measured into another store, name that with "
                f"{argument('results')}; its log is on the head, in the folder `logs` of the store"
            ) from wrong
        return Log(iter(kept_logs.read(path).splitlines()), kept_in=path)
    return Log(jobs.follow(found) if follow else iter(jobs.log(found).split("\n")))
