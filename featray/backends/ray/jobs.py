"""Jobs: submits that run on a cluster by themselves, through the job interface of Ray's dashboard.

The dashboard listens on the head's loopback alone. On another machine the way to it is an ssh tunnel, and then its
address, `http://127.0.0.1:8265`, is given instead of the head's.
"""

import asyncio
import contextlib
import dataclasses
import datetime
import logging
import re
import time
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import requests
from ray import exceptions, job_submission
from ray.dashboard.utils import get_address_for_submission_client

from featray.backends.ray.link import first_line
from featray.cluster import heads, raylet_records, token
from featray.cluster.cluster_file import command_line
from featray.core import clock
from featray.errors import BackendError, NothingMatches, suggest

ID = re.compile(r"[\w.-]+")
ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})
AGENT_S = 30.0  # from a head's start until it takes jobs: 15 s on two busy cores
CANCEL_S = 20.0  # Ray gives a job 3 s to end before it kills it, and writes its state down within a second or two
ANSWER_S = 60.0  # between two bytes of an answer: a busy 2-core head took 15 s to say that it takes a job
QUIET_S = 30.0  # a submit may say nothing for an hour; so often the head is asked whether it is still there

TRANSPORT = (requests.RequestException, aiohttp.ClientError, ConnectionError, TimeoutError)


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


class _Client(job_submission.JobSubmissionClient):  # type: ignore[misc] # Ray is followed no further
    """Ray's client, with a limit on every call: Ray itself waits for ever."""

    def __init__(self, url: str, limit_s: float) -> None:
        self._limits = (heads.CONNECT_S, limit_s)
        super().__init__(url)

    def _do_request(self, *args: Any, **kwargs: Any) -> Any:
        return super()._do_request(*args, timeout=self._limits, **kwargs)


class Jobs:
    """The detached submits of one cluster. Every call raises BackendError where the dashboard is gone or refuses."""

    def __init__(self, address: str | None, *, limit_s: float = ANSWER_S, quiet_s: float = QUIET_S) -> None:
        """Find the cluster's dashboard.

        Args:
            address: `host:port` of the head, the dashboard's own `http://` address, or None for the cluster that this
                machine is in.
            limit_s: How long any call waits for an answer.
            quiet_s: How long `follow` hears nothing before it asks whether the head is still there.

        Raises:
            BackendError: there is no cluster, its dashboard cannot be reached from here, or it refuses us.
        """
        for talkative in ("ray", job_submission.JobSubmissionClient.__bases__[0].__module__):
            logging.getLogger(talkative).setLevel(logging.ERROR)  # they tell of every upload
        self._limit_s, self._quiet_s = limit_s, quiet_s
        self._url = _dashboard(address)
        with self._asking():
            try:
                self._client = _Client(self._url, limit_s)
            except (KeyError, TypeError) as wrong:
                raise self._unusable("what answers there is no Ray dashboard") from wrong
            except RuntimeError as wrong:
                raise self._unusable(first_line(wrong)) from wrong

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn what goes wrong between here and the dashboard into an error that says where, what and what to do."""
        try:
            yield
        except exceptions.AuthenticationError as wrong:
            raise BackendError(token.refusal(f"the dashboard at {self._url}")) from wrong
        except TRANSPORT as wrong:
            raise self._unusable(self._why(wrong)) from wrong
        except RuntimeError as wrong:
            raise BackendError(f"the dashboard at {self._url}: {_gist(wrong)}") from wrong

    def _why(self, wrong: Exception) -> str:
        if isinstance(wrong, requests.Timeout | TimeoutError):
            return f"no answer within {self._limit_s:g} s"
        if isinstance(wrong, requests.exceptions.InvalidJSONError):
            return "what answers there is no Ray dashboard"
        if isinstance(wrong, requests.ConnectionError | ConnectionError | aiohttp.ClientConnectionError):
            return "nothing answers there"
        return first_line(wrong)

    def _unusable(self, why: str) -> BackendError:
        port = self._url.rpartition(":")[2]
        return BackendError(
            f"the dashboard at {self._url} cannot be used from here ({why}); run this on the head, "
            f"or open a tunnel, `ssh -N -L {port}:127.0.0.1:{port} HEAD`, and give --address http://127.0.0.1:{port}"
        )

    def submit(
        self, command: Sequence[str], *, name: str, metadata: Mapping[str, str], folder: Path | None = None
    ) -> str:
        """Start a command on the head and return its id.

        Args:
            command: Program and arguments; a leading `~/` is the home on the head.
            name: The id.
            metadata: Shown with the job.
            folder: Files that the command finds in its working folder.

        Raises:
            BackendError: the cluster refuses.
        """
        environment: dict[str, Any] = {"env_vars": {"RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0", "PYTHONUNBUFFERED": "1"}}
        if folder is not None:
            environment["working_dir"] = str(folder)
        entrypoint, deadline = command_line(command), time.monotonic() + AGENT_S
        while True:
            try:
                with self._asking():
                    return str(
                        self._client.submit_job(
                            entrypoint=entrypoint, submission_id=name, metadata=dict(metadata), runtime_env=environment
                        )
                    )
            except BackendError as wrong:
                if "No available agent" not in str(wrong.__cause__) or time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def all(self) -> tuple[Job, ...]:
        """List featray's jobs, the latest first."""
        with self._asking():
            own = [_job(each) for each in self._client.list_jobs() if _is_own(each)]
        return tuple(sorted(own, key=lambda each: each.started_at or "", reverse=True))

    def find(self, id_: str) -> Job:
        """Look a detached submit up.

        Raises:
            NothingMatches: there is no such job, or it is somebody else's.
        """
        with self._asking():
            found = self._details(id_)
        if found is None:
            known = suggest(id_, [each.id for each in self.all()])
            raise NothingMatches(f"no detached submit '{id_}' on {self._url}{known}")
        if not _is_own(found):
            raise NothingMatches(
                f"the job '{id_}' on {self._url} is no detached submit of featray's, which leaves it alone; "
                "`ray job` looks after it"
            )
        return _job(found)

    def _details(self, id_: str) -> Any:
        if not ID.fullmatch(id_):
            return None  # it would be another path of the dashboard
        try:
            return self._client.get_job_info(id_)
        except RuntimeError as wrong:
            if "status code 404" in str(wrong):
                return None
            raise

    def log(self, id_: str) -> str:
        """Fetch all that a job has printed so far."""
        with self._asking():
            return str(self._client.get_job_logs(id_))

    def follow(self, id_: str) -> Iterator[str]:
        """Give what a job prints, line by line, from its beginning to its end."""
        with contextlib.closing(self._parts(id_)) as parts:
            rest = ""
            for part in parts:
                *whole, rest = (rest + part).split("\n")
                yield from whole
        if rest:
            yield rest

    def _parts(self, id_: str) -> Generator[str, None, None]:
        """Give what a job prints as it comes; in quiet times make sure that somebody is still there."""
        loop = asyncio.new_event_loop()
        parts = self._client.tail_job_logs(id_)
        coming: asyncio.Task[str] | None = None
        try:
            while True:
                coming = coming or loop.create_task(_next(parts))
                loop.run_until_complete(asyncio.wait([coming], timeout=self._quiet_s))
                if coming.done():
                    yield self._part(id_, coming)
                    coming = None
                elif self.find(id_).has_ended:
                    return
        except StopAsyncIteration:
            return
        finally:
            if coming is not None:
                coming.cancel()
                loop.run_until_complete(asyncio.gather(coming, return_exceptions=True))
            loop.run_until_complete(parts.aclose())
            loop.close()

    def _part(self, id_: str, coming: "asyncio.Task[str]") -> str:
        try:
            return coming.result()
        except (*TRANSPORT, RuntimeError) as wrong:
            self.find(id_)  # says what is wrong where the dashboard itself is
            raise BackendError(
                f"the connection to {self._url} broke off, which leaves {id_} as it was: follow it again with "
                f"`featray status {id_} --watch` or `featray logs {id_} -f`"
            ) from wrong

    def cancel(self, id_: str, *, limit_s: float = CANCEL_S) -> Job:
        """Stop a submit, which then ends its children as at Ctrl-C, and wait until it has ended.

        Raises:
            NothingMatches: there is no such submit of featray's.
            BackendError: it has not ended in time.
        """
        self.find(id_)
        with self._asking():
            self._client.stop_job(id_)
        deadline = time.monotonic() + limit_s
        while not (job := self.find(id_)).has_ended:
            if time.monotonic() > deadline:
                raise BackendError(
                    f"{id_} still runs {limit_s:.0f} s after it was told to stop; see what it does with "
                    f"`featray logs {id_}`, and cancel it again"
                )
            time.sleep(0.2)
        return job


async def _next(parts: AsyncIterator[str]) -> str:
    return await anext(parts)


def _is_own(details: Any) -> bool:
    """Tell a detached submit from other people's jobs, and from drivers that were not submitted as jobs."""
    return bool(details.submission_id) and {"featray_sweep", "featray_store"} <= set(details.metadata or {})


def _gist(wrong: BaseException) -> str:
    """Keep the first line of an answer, and the last where a traceback of the dashboard's stands between."""
    first, *others = str(wrong).strip(" .\n").splitlines() or [type(wrong).__name__]
    return " ... ".join([first, *others[-1:]])


def _dashboard(address: str | None) -> str:
    if address is not None and address.startswith("http"):
        return address.rstrip("/")
    own = raylet_records.running()
    if address is None:
        if not own:
            raise BackendError(
                "this machine is in no cluster of featray's: `featray cluster start` first, or name a head with "
                "--address HOST:PORT"
            )
        address = own[0].address
    if address not in {each.address for each in own}:
        heads.list_nodes(address)  # says in seconds what is wrong with the address or the token
    try:
        return str(get_address_for_submission_client(address))
    except (ConnectionError, RuntimeError, ValueError, exceptions.RayError) as wrong:
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
    return clock.utc_text(datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC))
