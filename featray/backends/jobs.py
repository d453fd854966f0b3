"""Jobs: submits that run on a cluster by themselves, through the job interface of Ray's dashboard.

The dashboard listens on the head's loopback alone. On another machine the way to it is an ssh tunnel, and then its
address, `http://127.0.0.1:8265`, is given instead of the head's.
"""

import asyncio
import dataclasses
import datetime
import logging
import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from featray.backends import heads, nodes, token
from featray.backends.raycluster import first_line
from featray.errors import BackendError, NothingMatches, suggest
from featray.quantities import utc_text

os.environ.update(token.shown())  # before Ray is imported

import requests
from ray import job_submission
from ray.dashboard.utils import get_address_for_submission_client

ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})
AGENT_S = 30.0  # from a head's start until it takes jobs: 15 s on two busy cores
CANCEL_S = 20.0  # Ray gives a job 3 s to end before it kills it, and writes its state down within a second or two


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """One detached submit."""

    id: str
    state: str  # pending, running, stopped, succeeded or failed: Ray's words
    metadata: Mapping[str, str]
    started_at: str | None
    ended_at: str | None
    message: str | None = None  # Ray's, in several lines
    code: int | None = None  # the driver's exit code, once it has ended by itself

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more will come of it."""
        return self.state.upper() in ENDED


class Jobs:
    """The detached submits of one cluster."""

    def __init__(self, address: str | None) -> None:
        """Find the cluster's dashboard.

        Args:
            address: `host:port` of the head, the dashboard's own `http://` address, or None for the cluster that this
                machine is in.

        Raises:
            BackendError: there is no cluster, its dashboard cannot be reached from here, or it refuses us.
        """
        for talkative in ("ray", job_submission.JobSubmissionClient.__bases__[0].__module__):
            logging.getLogger(talkative).setLevel(logging.ERROR)  # they tell of every upload
        self._url = _dashboard(address)
        try:
            self._client = job_submission.JobSubmissionClient(self._url)
        except (ConnectionError, RuntimeError, requests.RequestException) as wrong:
            port = self._url.rpartition(":")[2]
            raise BackendError(
                f"the dashboard at {self._url} cannot be used from here ({first_line(wrong)}); run this on the head, "
                f"or open a tunnel, `ssh -N -L {port}:127.0.0.1:{port} HEAD`, and give --address http://127.0.0.1:{port}"
            ) from wrong

    def submit(
        self, command: Sequence[str], *, name: str, metadata: Mapping[str, str], folder: Path | None = None
    ) -> str:
        """Start a command on the head and return its id.

        Args:
            command: Program and arguments.
            name: The id.
            metadata: Shown with the job.
            folder: Files that the command finds in its working folder.

        Raises:
            BackendError: the cluster refuses.
        """
        environment: dict[str, Any] = {"env_vars": {"RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0", "PYTHONUNBUFFERED": "1"}}
        if folder is not None:
            environment["working_dir"] = str(folder)
        entrypoint, deadline = shlex.join(command), time.monotonic() + AGENT_S
        while True:
            try:
                return str(
                    self._client.submit_job(
                        entrypoint=entrypoint, submission_id=name, metadata=dict(metadata), runtime_env=environment
                    )
                )
            except (RuntimeError, requests.RequestException) as wrong:
                if "No available agent" not in str(wrong) or time.monotonic() > deadline:
                    raise BackendError(f"{self._url} does not take the job: {first_line(wrong)}") from wrong
                time.sleep(1)

    def all(self) -> tuple[Job, ...]:
        """List featray's jobs, the latest first."""
        known = [_job(each) for each in self._client.list_jobs() if each.submission_id]
        own = [each for each in known if "featray_sweep" in each.metadata]
        return tuple(sorted(own, key=lambda each: each.started_at or "", reverse=True))

    def find(self, id_: str) -> Job:
        """Look a job up.

        Raises:
            NothingMatches: there is no such job.
        """
        try:
            return _job(self._client.get_job_info(id_))
        except RuntimeError as wrong:
            known = suggest(id_, [each.id for each in self.all()])
            raise NothingMatches(f"no detached submit '{id_}' on {self._url}{known}") from wrong

    def log(self, id_: str) -> str:
        """Fetch all that a job has printed so far."""
        return str(self._client.get_job_logs(id_))

    def follow(self, id_: str) -> Iterator[str]:
        """Give what a job prints, line by line, from its beginning to its end."""
        loop = asyncio.new_event_loop()
        parts = self._client.tail_job_logs(id_)
        rest = ""
        try:
            while True:
                try:
                    rest += loop.run_until_complete(anext(parts))
                except StopAsyncIteration:
                    break
                *whole, rest = rest.split("\n")
                yield from whole
        finally:
            loop.run_until_complete(parts.aclose())
            loop.close()
        if rest:
            yield rest

    def cancel(self, id_: str) -> Job:
        """Stop a job, which then ends its children as at Ctrl-C, and wait until it has ended."""
        self._client.stop_job(id_)
        deadline = time.monotonic() + CANCEL_S
        while not (job := self.find(id_)).has_ended and time.monotonic() < deadline:
            time.sleep(0.2)
        return job


def _dashboard(address: str | None) -> str:
    if address is not None and address.startswith("http"):
        return address.rstrip("/")
    own = nodes.running()
    if address is None:
        if not own:
            raise BackendError(
                "this machine is in no cluster of featray's: `featray cluster start` first, or name a head with "
                "--address HOST:PORT"
            )
        address = own[0].address
    if address not in {each.address for each in own}:
        heads.nodes(address)  # says in seconds what is wrong with the address or the token
    try:
        return str(get_address_for_submission_client(address))
    except (ConnectionError, RuntimeError, ValueError) as wrong:
        raise BackendError(f"no dashboard is known at {address}: {first_line(wrong)}") from wrong


def _job(details: Any) -> Job:
    return Job(
        id=str(details.submission_id),
        state=str(getattr(details.status, "value", details.status)).lower(),
        metadata=dict(details.metadata or {}),
        started_at=_moment(details.start_time),
        ended_at=_moment(details.end_time),
        message=details.message or None,
        code=details.driver_exit_code,
    )


def _moment(milliseconds: int | None) -> str | None:
    if not milliseconds:
        return None
    return utc_text(datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC))
