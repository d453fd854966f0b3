"""`featray logs`: what a detached submit has printed."""

from collections.abc import Iterator

from featray.backends.ray.jobs import Jobs
from featray.cluster import cluster_file
from featray.core.events import PlainEvent
from featray.running import progress


def logs(job: str, *, address: str | None = None, follow: bool = False) -> Iterator[PlainEvent | str]:
    """Read what a detached submit has printed, from its beginning.

    Args:
        job: Its id, as `featray submit --detach` prints it.
        address: Head of the cluster, its file, or the `http://` address of its dashboard; None is this machine's.
        follow: Continue until it ends.

    Yields:
        Each line: the event that it holds, or its text where it holds none.

    Raises:
        NothingMatches: there is no such submit; the message lists those that exist.
        BackendError: the cluster cannot be reached or refuses.
    """
    jobs = Jobs(cluster_file.head_address(address, must_run=True))
    found = jobs.find(job).id
    for line in jobs.follow(found) if follow else jobs.log(found).split("\n"):
        yield progress.read_line(line) or line
