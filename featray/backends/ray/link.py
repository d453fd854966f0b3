"""Link: starting Ray or joining it, and what all who talk to it share.

Tasks are bound to a node by id, never by a resource that may be missing: a request for a node that is gone fails at
once, while an unsatisfiable label or resource request would stay pending for ever without a word.
"""

import collections
import contextlib
import logging
import math
from collections.abc import Mapping
from typing import Any

import psutil
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from featray.cluster import heads, token
from featray.errors import BackendError


def connect(address: str | None, metadata: Mapping[str, str]) -> Any:
    """Start an embedded Ray, or join the cluster at `address`.

    Args:
        address: `host:port` of a head, `auto`, or None for an embedded Ray.
        metadata: Shown in the dashboard's job page.

    Raises:
        BackendError: the cluster cannot be reached, or refuses this driver.
    """
    job = ray.job_config.JobConfig(metadata=dict(metadata))
    options: dict[str, Any] = {
        "job_config": job,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "namespace": "featray",
    }
    if address is None:
        token.ensure_unless_disabled()
        options |= {"include_dashboard": True, "_node_ip_address": "127.0.0.1"}
    elif address != "auto":
        # Says in seconds what is wrong; Ray itself takes up to minutes, or ends this process.
        heads.check_driver(address)
    try:
        return ray.init(address=address or "local", **options)
    except (ConnectionError, ray.exceptions.RayError, RuntimeError, ValueError) as wrong:
        where = address or "an embedded Ray"
        raise BackendError(f"cannot start or join {where}: {first_line(wrong)}") from wrong


def kill_embedded() -> None:
    """End the processes of an embedded Ray, which without their head would stay for a minute."""
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any("/ray/" in word or word.startswith("ray::") for word in each.cmdline()):
                each.kill()


def on(node_id: str) -> NodeAffinitySchedulingStrategy:
    """Bind a task to a node."""
    return NodeAffinitySchedulingStrategy(node_id=node_id, soft=False)


def room(node_id: str) -> Mapping[str, float]:
    """Say what a node has to lease now, resource -> amount; everything where this Ray does not tell."""
    try:
        from ray._private.state import available_resources_per_node
    except ImportError:  # no public call tells it by node
        return collections.defaultdict(lambda: math.inf)
    found: Mapping[str, float] = available_resources_per_node().get(node_id, {})
    return found


def first_line(wrong: BaseException) -> str:
    """Take what says most of one of Ray's errors."""
    cause = wrong.cause if isinstance(wrong, ray.exceptions.RayTaskError) else wrong
    text = str(cause).strip()
    return text.splitlines()[0] if text else type(cause).__name__
