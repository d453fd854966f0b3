"""Link: starting Ray or joining it, and what all modules share that talk to it.

Flow: `backend.RayCluster` -> `connect`; `backend` and `hosts` -> `pin_to` for every task.
Tasks are pinned to a node by id, never to a resource: a task for a node that is gone fails at once, while a label or
resource that no node has would keep it pending for ever, without an error.
"""

import atexit
import collections
import contextlib
import logging
import math
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import ray
from ray._private import ray_constants
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from featray.backends.ray import needs
from featray.cluster import heads, raylet_records, token
from featray.errors import BackendError

FORK_SERVER = "from multiprocessing.forkserver import"  # begins the code that Python runs one with
SEVERAL_NODES = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # Ray reads it on every system, whatever its name says


def connect(address: str | None, metadata: Mapping[str, str]) -> Any:
    """Start an embedded Ray, or join the cluster at `address`.

    Args:
        address: `host:port` of a head, `auto`, or None for an embedded Ray.
        metadata: Shown on the dashboard's job page.

    Raises:
        BackendError: the cluster cannot be reached or refuses this driver, or Ray cannot run on this machine.
        BadInput: Ray would be embedded, and the environment switches its authentication off.
    """
    options: dict[str, Any] = {
        "job_config": ray.job_config.JobConfig(metadata=dict(metadata)),
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "namespace": "featray",
    }
    if address is None:
        needs.check()
        token.ensure()
        atexit.register(kill_embedded)  # also where a second Ctrl-C has ended what would have stopped it
        options |= {"include_dashboard": True, "_node_ip_address": "127.0.0.1"}
    elif (address := _of_featray(address)) != "auto":
        # Says in seconds what is wrong; Ray itself takes up to minutes, or ends this process.
        heads.check_driver(address)
    try:
        with contextlib.nullcontext() if address else _on_loopback():
            return ray.init(address=address or "local", **options)
    except Exception as wrong:  # a bare one where a node does not start in time
        where = f"join {address}" if address else "start Ray on this machine"
        logs = "" if address else f"; its logs are in {needs.temporary_folder()}/session_latest/logs"
        raise BackendError(f"cannot {where}: {first_line(wrong)}{logs}") from wrong
    except (KeyboardInterrupt, SystemExit) as stop:  # Ctrl-C, and what Ray itself makes of SIGTERM
        if address is None:
            kill_embedded()  # what Ray has started by now would outlive this process
        raise KeyboardInterrupt from stop


def _of_featray(address: str) -> str:
    """Replace `auto` by the cluster of featray's that this machine is in; Ray takes the one that was started last.

    That may be the Ray of a submit that runs on this machine alone.
    """
    raylets = raylet_records.running() if address == "auto" else []
    return raylets[0].address if raylets else address


@contextlib.contextmanager
def _on_loopback() -> Iterator[None]:
    """Let the Ray that the body starts listen on loopback alone.

    Ray turns the node address 127.0.0.1 into the machine's own, and then listens on all addresses; its metrics ports
    answer everybody, without a token. It keeps the loopback address where it may not be one of several nodes, as by
    default on macOS. The variable is for the processes that Ray starts, the constant for this one, which has read it.
    """
    before = os.environ.get(SEVERAL_NODES), ray_constants.ENABLE_RAY_CLUSTER
    os.environ[SEVERAL_NODES], ray_constants.ENABLE_RAY_CLUSTER = "0", False
    try:
        yield
    finally:
        os.environ.pop(SEVERAL_NODES)
        if before[0] is not None:
            os.environ[SEVERAL_NODES] = before[0]
        ray_constants.ENABLE_RAY_CLUSTER = before[1]


def kill_embedded() -> None:
    """End the processes of an embedded Ray, and what they started, such as processes that measure.

    Without their head Ray's own would run for another minute. A second Ctrl-C waits until all have been killed.
    """
    with _ctrl_c_held():
        for process in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                if any("/ray/" in word or word.startswith("ray::") for word in process.cmdline()):
                    below = process.children(recursive=True)
                    listeners = [path for each in below for path in _list_listeners(each)]
                    process.kill()  # first, so that it replaces none of the others
                    _kill(below)
                    _remove(listeners)
        atexit.unregister(kill_embedded)


@contextlib.contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Put off Ctrl-C while the body runs. Only the main thread is told of it, and only that may set a handler."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)  # for whoever handles it, or ignores it


def _list_listeners(process: psutil.Process) -> list[Path]:
    """List the sockets of one of Python's fork servers, such as the dashboard's; killed, it leaves a folder of them."""
    with contextlib.suppress(psutil.Error):
        if any(word.startswith(FORK_SERVER) for word in process.cmdline()):
            paths = [Path(str(connection.laddr)) for connection in process.net_connections("unix")]
            return [
                path for path in paths if path.name.startswith("listener-") and path.parent.name.startswith("pymp-")
            ]
    return []


def _remove(listeners: Iterable[Path]) -> None:
    """Remove sockets on which nobody listens any more, and their folders where nothing else is in them."""
    for path in listeners:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            path.parent.rmdir()


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def pin_to(node_id: str) -> NodeAffinitySchedulingStrategy:
    """Return the strategy that runs a task on one node and nowhere else."""
    return NodeAffinitySchedulingStrategy(node_id=node_id, soft=False)


def free_resources(node_id: str) -> Mapping[str, float]:
    """List what a node can lease now, resource -> amount; unlimited where this Ray does not say."""
    try:
        from ray._private.state import available_resources_per_node
    except ImportError:  # there is no public function for it
        return collections.defaultdict(lambda: math.inf)
    available: Mapping[str, float] = available_resources_per_node().get(node_id, {})
    return available


def first_line(wrong: BaseException) -> str:
    """Return the first line of an error of Ray's, for people; of a task's error, that of its cause."""
    cause = wrong.cause if isinstance(wrong, ray.exceptions.RayTaskError) else wrong
    text = str(cause).strip()
    return text.splitlines()[0] if text else type(cause).__name__
