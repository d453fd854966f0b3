"""Start hook: what featray changes in a Ray that it starts. Ray calls it itself, in the process of `ray start`.

Flow: `nodes.raylet_variables` names it -> `ray start` -> `without_client`.
"""

from typing import Any

NAME = f"{__name__}.without_client"
"""Value of Ray's variable RAY_START_HOOK."""


def without_client(parameters: Any, _is_head: bool) -> None:
    """Let a head start no server for Ray's client, which featray does not use.

    It listens on all addresses. On a busy machine it gives up after Ray has said that it runs, and ends the head.
    """
    parameters.ray_client_server_port = None
