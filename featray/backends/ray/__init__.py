"""Ray: embedded on this machine, or a running cluster. The only package that imports Ray.

Flow: `runner` -> `client.RayClient` -> `server`, another process -> `backend.RayCluster.start` -> one named Ray task
for each invocation -> `host.supervisor` on that host -> events -> `poll`.

    client          the backend as a driver uses it, which outlives Ray
    server_process  the other process, and the line to it
    server          what runs in it, and calls all that follows

    needs           what Ray must find on this machine
    link            starting Ray or joining it, and what the others share
    hosts           the hosts: probed, given weights, emptied of what waits in their spools
    backend         invocations as tasks, from their start to their end
    event_groups    events that travel together
    task_log        what an invocation does now, for Ray's dashboard
    listener        the thread that receives events
    liveness        whether the head and the nodes still answer
    meters          the run's figures as Ray's metrics
    jobs            submits that run on the head as Ray jobs
    dashboard       the job interface that `jobs` uses

No module is imported here: the settings below must be made before the first of them imports Ray.
"""

import os

from featray.cluster import token

# A driver started by `uv run` would make Ray upload the working folder and build a second environment on every node.
os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # today's default, without the warning about a change
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a benchmark sends nothing anywhere
os.environ.update(token.driver_variables())
