"""Ray: embedded on this machine, or a running cluster. The one package that imports it.

Flow: `runner` -> `cluster.RayCluster.start` -> one named Ray task per invocation -> `supervisor` on that host -> events
-> `poll`.

    cluster   the backend: invocations from their start to their end
    hosts     the hosts: probed, given weights, emptied of what waits in their spools
    jobs      submits that run on the head by themselves
    meters    the run's figures as Ray's metrics
    link      starting Ray or joining it, and what all of these share

Nothing is imported here: Ray's own settings must stand before any of these imports Ray.
"""

import os

from featray.cluster import token

# A driver started by `uv run` would make Ray upload the working folder and build a second environment on every node.
os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # today's behaviour, and no warning about tomorrow's
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a benchmark sends nothing anywhere
os.environ.update(token.driver_variables())
