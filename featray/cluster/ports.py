"""Ports: those that a head listens on are free, or an error says who holds them.

Flow: `membership.start_raylets` -> `check` -> `nodes.plan_raylets`.
Ray itself ends with a traceback or after minutes where another program holds one of its ports. Raylets and workers take
any free port, and Ray does without the ports of its metrics.
"""

import contextlib
import errno
import socket

import psutil

from featray.cluster.nodes import HeadOptions
from featray.core.argument_names import argument
from featray.errors import BackendError, BadInput

ALL, LOOPBACK = "", "127.0.0.1"


def check(options: HeadOptions) -> None:
    """Check the ports that a head will listen on.

    Raises:
        BadInput: both are the same.
        BackendError: another program holds one, or this user may not use it; the message names both, and what to do.
    """
    if options.port == options.dashboard_port:
        raise BadInput(f"the head and the dashboard cannot both listen on port {options.port}; choose two")
    _check(options.port, ALL, "the head", f"{argument('port')}, or `port:` in a cluster file")
    _check(
        options.dashboard_port,
        LOOPBACK,
        "the dashboard",
        f"{argument('dashboard_port')}, or `dashboard_port:` in a cluster file",
    )


def _check(port: int, address: str, user: str, option: str) -> None:
    reason = _why_not(port, address)
    if reason is not None:
        raise BackendError(
            f"port {port} of this machine, for {user} of the cluster, {reason}; end what holds it, or choose another: "
            f"{option}"
        )


def _why_not(port: int, address: str) -> str | None:
    """Say why nothing can listen on a port; None where it is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Ray does: a port is free once its holder ends
        try:
            trial.bind((address, port))
            trial.listen()
        except OSError as wrong:
            if wrong.errno == errno.EADDRINUSE:
                return f"is held by {_holder(port) or 'another program'}"
            return f"cannot be used ({wrong.strerror})"
    return None


def _holder(port: int) -> str | None:
    """Name the process that listens on a port; None where this user may not know."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            own_port = tuple(connection.laddr)[1:2]  # of (address, port); empty where there is none
            if connection.status == psutil.CONN_LISTEN and own_port == (port,) and connection.pid is not None:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return None
