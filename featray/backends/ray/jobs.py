"""Jobs: detached submits, which run on the head by themselves as Ray jobs.

Flow: `featray submit --detach`, `status`, `logs`, `cancel` -> `Jobs` -> `dashboard`.
"""

import asyncio
import contextlib
import dataclasses
import datetime
import re
import time
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray.backends.ray.dashboard import TRANSPORT, Dashboard
from featray.cluster.cluster_file import command_line
from featray.core import clock
from featray.errors import BackendError, NothingMatches, suggest

RUN = "featray_run"
"""Metadata key; the id of the run that a submit measures, where its caller knew it."""

ID = re.compile(r"[\w.-]+")
ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})
AGENT_S = 30.0  # from a head's start until it accepts jobs: 15 s on two busy cores
CANCEL_S = 20.0  # Ray kills a job 3 s after it was told to stop, and records its state within a second or two
ANSWER_S = 60.0  # between two bytes of an answer: a busy 2-core head took 15 s to accept a job
QUIET_S = 30.0  # a submit may print nothing for an hour; after this time the head is asked whether the job still runs

NO_AGENT, NOT_FOUND = "No available agent", "status code 404"
"""How Ray's client says that a new head does not accept jobs yet, and that there is no such job. It raises RuntimeError
for every answer, without a code."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """One detached submit."""

    id: str
    state: str  # pending, running, stopped, succeeded or failed: Ray's words
    metadata: Mapping[str, str]
    started_at: str | None
    ended_at: str | None
    message: str | None = None  # Ray's, in several lines
    code: int | None = None  # the driver's exit code, if it ended by itself

    @property
    def has_ended(self) -> bool:
        """Return True when the job will print nothing more."""
        return self.state.upper() in ENDED


class Jobs:
    """The detached submits of one cluster. Every call raises BackendError where the dashboard is gone or refuses."""

    def __init__(self, address: str | None, *, limit_s: float = ANSWER_S, quiet_s: float = QUIET_S) -> None:
        """Find the cluster's dashboard.

        Args:
            address: `host:port` of the head, the dashboard's own `http://` address, or None for the cluster that this
                machine is in.
            limit_s: How long any call waits for an answer.
            quiet_s: How long `follow` waits for output before it asks whether the job still runs.

        Raises:
            BackendError: there is no cluster, its dashboard cannot be reached from here, or it refuses this machine.
        """
        self._quiet_s = quiet_s
        self._dashboard = Dashboard(address, limit_s)
        self._client = self._dashboard.client

    def submit(
        self,
        command: Sequence[str],
        *,
        name: str,
        metadata: Mapping[str, str],
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """Start a command on the head and return its id.

        Args:
            command: Program and arguments; a leading `~/` is the home on the head.
            name: The id.
            metadata: Shown with the job.
            folder: Files for the command's working folder.
            variables: Further environment variables of the command.

        Raises:
            BackendError: the cluster refuses.
        """
        variables = {"RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0", "PYTHONUNBUFFERED": "1", **(variables or {})}
        environment: dict[str, Any] = {"env_vars": variables}
        if folder is not None:
            environment["working_dir"] = str(folder)
        entrypoint, deadline = command_line(command), time.monotonic() + AGENT_S
        while True:
            try:
                with self._dashboard.errors_explained():
                    return str(
                        self._client.submit_job(
                            entrypoint=entrypoint, submission_id=name, metadata=dict(metadata), runtime_env=environment
                        )
                    )
            except BackendError as wrong:
                if NO_AGENT not in str(wrong.__cause__) or time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def all(self) -> tuple[Job, ...]:
        """List featray's jobs, the latest first."""
        with self._dashboard.errors_explained():
            jobs = [_job(details) for details in self._client.list_jobs() if _is_detached_submit(details)]
        return tuple(sorted(jobs, key=lambda job: job.started_at or "", reverse=True))

    def find(self, id_: str) -> Job:
        """Find a detached submit by the id of its run or of its job; of several submits of one run, the latest.

        Raises:
            NothingMatches: there is no such job, or it is somebody else's.
        """
        of_run = [job for job in self.all() if job.metadata.get(RUN) == id_]
        return of_run[0] if of_run else self._find_job(id_)

    def _find_job(self, id_: str) -> Job:
        """Find a detached submit by the id of its job alone; raises as `find`."""
        with self._dashboard.errors_explained():
            details = self._details(id_)
        if details is None:
            suggestion = suggest(id_, [job.metadata.get(RUN, job.id) for job in self.all()])
            raise NothingMatches(f"no detached submit '{id_}' on {self._dashboard.url}{suggestion}")
        if not _is_detached_submit(details):
            raise NothingMatches(
                f"the job '{id_}' on {self._dashboard.url} is no detached submit, so featray leaves it alone; "
                "use `ray job` for it"
            )
        return _job(details)

    def _details(self, id_: str) -> Any:
        if not ID.fullmatch(id_):
            return None  # it would be another path of the dashboard
        try:
            return self._client.get_job_info(id_)
        except RuntimeError as wrong:
            if NOT_FOUND in str(wrong):
                return None
            raise

    def log(self, id_: str) -> str:
        """Fetch all that a job has printed so far."""
        with self._dashboard.errors_explained():
            return str(self._client.get_job_logs(id_))

    def follow(self, id_: str) -> Iterator[str]:
        """Give the lines that a job prints, from its first to its last."""
        with contextlib.closing(self._parts(id_)) as parts:
            rest = ""
            for part in parts:
                *lines, rest = (rest + part).split("\n")
                yield from lines
        if rest:
            yield rest

    def _parts(self, id_: str) -> Generator[str, None, None]:
        """Give what a job prints as it comes; when nothing comes, check now and then that the job still runs."""
        loop = asyncio.new_event_loop()
        parts = self._client.tail_job_logs(id_)
        pending: asyncio.Task[str] | None = None
        try:
            while True:
                pending = pending or loop.create_task(_next(parts))
                loop.run_until_complete(asyncio.wait([pending], timeout=self._quiet_s))
                if pending.done():
                    yield self._result(id_, pending)
                    pending = None
                elif self._find_job(id_).has_ended:
                    return
        except StopAsyncIteration:
            return
        finally:
            if pending is not None:
                pending.cancel()
                loop.run_until_complete(asyncio.gather(pending, return_exceptions=True))
            loop.run_until_complete(parts.aclose())
            loop.close()

    def _result(self, id_: str, part: "asyncio.Task[str]") -> str:
        try:
            return part.result()
        except (*TRANSPORT, RuntimeError) as wrong:
            self._find_job(id_)  # says what is wrong if the dashboard itself is gone
            raise BackendError(
                f"the connection to {self._dashboard.url} broke off; {id_} goes on. Follow it again with "
                f"`featray status {id_} --watch` or `featray logs {id_} -f`"
            ) from wrong

    def cancel(self, id_: str, *, limit_s: float = CANCEL_S) -> Job:
        """Stop a submit, which then ends its children as after Ctrl-C, and wait until it has ended.

        Raises:
            NothingMatches: there is no such detached submit.
            BackendError: it has not ended in time.
        """
        self._find_job(id_)
        with self._dashboard.errors_explained():
            self._client.stop_job(id_)
        deadline = time.monotonic() + limit_s
        while not (job := self._find_job(id_)).has_ended:
            if time.monotonic() > deadline:
                raise BackendError(
                    f"{id_} still runs {limit_s:.0f} s after it was told to stop; see what it does with "
                    f"`featray logs {id_}`, and cancel it again"
                )
            time.sleep(0.2)
        return job


async def _next(parts: AsyncIterator[str]) -> str:
    return await anext(parts)


def _is_detached_submit(details: Any) -> bool:
    """Return False for other people's jobs, and for drivers that were not submitted as jobs."""
    return bool(details.submission_id) and {"featray_sweep", "featray_store"} <= set(details.metadata or {})


def _job(details: Any) -> Job:
    return Job(
        id=str(details.submission_id),
        state=str(getattr(details.status, "value", details.status)).lower(),
        metadata=dict(details.metadata or {}),
        started_at=_utc_text(details.start_time),
        ended_at=_utc_text(details.end_time),
        message=details.message or None,
        code=details.driver_exit_code,
    )


def _utc_text(milliseconds: int | None) -> str | None:
    if not milliseconds:
        return None
    return clock.utc_text(datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC))
