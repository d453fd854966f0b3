"""Dashboard: the job interface of a Ray head, found from an address, with a limit on every call.

Flow: `jobs.Jobs` -> `Dashboard` -> Ray's job client -> HTTP.
The dashboard listens on the head's loopback alone. From another machine, an ssh tunnel leads to it; the tunnel's
address, `http://127.0.0.1:8265`, is then given instead of the head's.
"""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import aiohttp
import requests
from ray import exceptions, job_submission
from ray.dashboard.utils import get_address_for_submission_client

from featray.backends.ray.link import first_line
from featray.cluster import heads, raylet_records, token
from featray.core import wording
from featray.core.argument_names import argument
from featray.errors import BackendError

TRANSPORT = (requests.RequestException, aiohttp.ClientError, ConnectionError, TimeoutError)
"""Errors on the way to the dashboard."""

GARBLED = (ValueError, TypeError, KeyError, AttributeError)
"""What Ray's client raises where an answer is JSON, but of another form than it expects."""

MESSAGE_LENGTH = 300  # characters of an answer that an error shows


class _Client(job_submission.JobSubmissionClient):  # type: ignore[misc] # Ray is followed no further
    """Ray's client, with a limit on every call: Ray itself waits for ever."""

    def __init__(self, url: str, limit_s: float) -> None:
        self._limits = (heads.CONNECT_S, limit_s)
        super().__init__(url)

    def _do_request(self, *args: Any, **kwargs: Any) -> Any:
        return super()._do_request(*args, timeout=self._limits, **kwargs)


class Dashboard:
    """The dashboard of one cluster: its address, and Ray's client for its jobs."""

    def __init__(self, address: str | None, limit_s: float) -> None:
        """Find the dashboard and connect to it.

        Args:
            address: `host:port` of the head, the dashboard's own `http://` address, or None for the cluster that this
                machine is in.
            limit_s: How long any call waits for an answer.

        Raises:
            BackendError: there is no cluster, its dashboard cannot be reached from here, or it refuses this machine.
        """
        for logger in ("ray", job_submission.JobSubmissionClient.__bases__[0].__module__):
            logging.getLogger(logger).setLevel(logging.ERROR)  # they log every upload
        self._limit_s = limit_s
        self.url = find_url(address)
        with self.errors_explained():
            try:
                self.client = _Client(self.url, limit_s)
            except (KeyError, TypeError) as wrong:
                raise self._unusable("what answers there is no Ray dashboard") from wrong
            except RuntimeError as wrong:
                raise self._unusable(first_line(wrong)) from wrong

    @contextlib.contextmanager
    def errors_explained(self) -> Iterator[None]:
        """Turn an error between here and the dashboard into one that says where, what, and what to do."""
        try:
            yield
        except exceptions.AuthenticationError as wrong:
            raise BackendError(token.refusal(f"the dashboard at {self.url}")) from wrong
        except TRANSPORT as wrong:
            raise self._unusable(self._reason(wrong)) from wrong
        except RuntimeError as wrong:
            raise BackendError(f"the dashboard at {self.url}: {_first_and_last_line(wrong)}") from wrong
        except GARBLED as wrong:
            raise self._unusable("its answer is not that of a Ray dashboard of this version") from wrong

    def _reason(self, wrong: Exception) -> str:
        if isinstance(wrong, requests.Timeout | TimeoutError):
            return f"no answer within {self._limit_s:g} s"
        if isinstance(wrong, requests.exceptions.InvalidJSONError):
            return "what answers there is no Ray dashboard"
        if isinstance(wrong, requests.ConnectionError | ConnectionError | aiohttp.ClientConnectionError):
            return "nothing answers there"
        return first_line(wrong)

    def _unusable(self, reason: str) -> BackendError:
        port = self.url.rpartition(":")[2]
        return BackendError(
            f"the dashboard at {self.url} cannot be used from here ({reason}); run this on the head, "
            f"or open a tunnel, `ssh -N -L {port}:127.0.0.1:{port} HEAD`, and give "
            f"{argument('address', f'http://127.0.0.1:{port}')}"
        )


def _first_and_last_line(wrong: BaseException) -> str:
    """Leave out the middle of an answer of the dashboard: it may hold a traceback."""
    first, *others = str(wrong).strip(" .\n").splitlines() or [type(wrong).__name__]
    text = " ... ".join([first, *others[-1:]]).replace("Traceback (most recent call last): ... ", "")
    return wording.shortened(text, MESSAGE_LENGTH)


def find_url(address: str | None) -> str:
    """Find the address of a dashboard from that of its head, or of this machine's cluster.

    Raises:
        BackendError: there is no cluster, or it knows no dashboard.
    """
    if address is not None and address.startswith("http"):
        return address.rstrip("/")
    raylets = raylet_records.running()
    if address is None:
        if not raylets:
            raise BackendError(
                "this machine is in no cluster of featray's: run `featray cluster start` first, or name a head with "
                f"{argument('address', 'HOST:PORT')}"
            )
        address = raylets[0].address
    if address in {raylet.address for raylet in raylets}:
        heads.check_reachable(address)  # Ray tries for 40 s to reach a head that is gone
    else:
        heads.list_nodes(address)  # says in seconds what is wrong with the address or the token
    try:
        return str(get_address_for_submission_client(address))
    except (ConnectionError, RuntimeError, ValueError, exceptions.RayError) as wrong:
        raise BackendError(f"no dashboard is known at {address}: {first_line(wrong)}") from wrong
