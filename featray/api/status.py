"""`featray.status`: how detached submits stand; the rows of one come into the store.

Flow: Ray's jobs and their logs -> `submit_status` -> `SubmitStatuses`; the rows in the log of one -> `spooled_rows` ->
store.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator

from featray.api.results import Result
from featray.backends.ray.jobs import RUN, Job, Jobs
from featray.cluster import cluster_file
from featray.core import wording
from featray.core.events import PlainEvent
from featray.core.files import PathLike
from featray.errors import BackendError, NothingMatches
from featray.rendering.notebook.summary import Summary, make_table
from featray.running import kept_logs, progress, spooled_rows, submit_status
from featray.running.submit_status import SubmitStatus

RESULTS = "results"
"""Store whose kept logs are named where the caller names no store."""


class SubmitStatuses(Result, tuple[SubmitStatus, ...]):
    """How detached submits stand."""

    __slots__ = ()

    def summarize(self) -> Summary:
        """Show a line per submit; the frame has a row per submit."""
        lines = [
            [
                submit.run_id,
                submit.state,
                f"{submit.done} of {submit.total}" if submit.total else wording.ABSENT,
                str(submit.without_number),
                submit.reason or "-",
            ]
            for submit in self
        ]
        table = make_table("Submits", ("id", "state", "measured", "without a number", "why"), lines)
        records = [
            {
                **{key: value for key, value in vars(submit).items() if key != "events"},
                "metadata": dict(submit.metadata),
            }
            for submit in self
        ]
        return Summary(title=wording.count(len(self), "detached submit"), tables=(table,), records=records)


def status(
    job: str | None = None,
    *,
    address: PathLike | None = None,
    results: str | None = None,
    watch: Callable[[PlainEvent], None] | None = None,
) -> SubmitStatuses:
    """Tell how detached submits stand.

    Args:
        job: Id of one submit, as `featray submit --detach` prints it; its rows that the store lacks are stored, without
            the outputs that the head keeps. None lists the last submit of every run of the cluster, the latest
            first, and stores nothing.
        address: Head of the cluster, its file, or the `http://` address of its dashboard; None is this machine's.
        results: Store for the rows; None takes the submit's own.
        watch: Called with every event of `job` until it has ended.

    Returns:
        One status per submit.

    Raises:
        NothingMatches: there is no such submit; the message lists those that exist.
        ClusterFileError: the cluster file is wrong.
        BackendError: the cluster cannot be reached or refuses.
        StoreError: the store cannot be read or written.
    """
    with _kept_named(results, job):
        jobs = Jobs(cluster_file.head_address(address, must_run=True))
        if job is None:
            return SubmitStatuses(_list(jobs))
        submit = jobs.find(job)
    if watch is not None and not submit.has_ended:
        for event in progress.read_lines(jobs.follow(submit.id)):
            watch(event)
        submit = jobs.find(submit.id)
    log = jobs.log(submit.id)
    judged, events = _judge(submit, log)
    place = results or submit.metadata["featray_store"]
    if submit.has_ended:
        kept_logs.keep(place, judged.run_id, log)
    fetched = spooled_rows.store_reported(place, events)
    absent = spooled_rows.count_absent_outputs(place, events)
    return SubmitStatuses([dataclasses.replace(judged, fetched=fetched, absent_outputs=absent, events=tuple(events))])


@contextlib.contextmanager
def _kept_named(results: str | None, job: str | None) -> Iterator[None]:
    """Say which logs the store keeps, where the cluster is gone or another one has its place."""
    try:
        yield
    except (BackendError, NothingMatches) as wrong:
        kept = kept_logs.describe(results or RESULTS, job)
        raise (type(wrong)(f"{wrong}; {kept}") if kept else wrong) from wrong.__cause__


def _list(jobs: Jobs) -> Iterator[SubmitStatus]:
    """Judge the latest submit of each run, and count those before it."""
    by_run: dict[str, list[Job]] = {}
    for job in jobs.all():
        by_run.setdefault(job.metadata.get(RUN, job.id), []).append(job)
    for latest, *earlier in by_run.values():
        judged, _ = _judge(latest, jobs.log(latest.id))
        yield dataclasses.replace(judged, submits=1 + len(earlier))


def _judge(job: Job, log: str) -> tuple[SubmitStatus, list[PlainEvent]]:
    events = list(progress.read_lines(log.split("\n")))
    return submit_status.judge(job, events, log), events
