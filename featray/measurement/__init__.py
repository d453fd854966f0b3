"""Measurement: what runs on the measured host, in the child process or just before it starts.

Flow: `host.supervisor` starts `python -m featray.measurement` -> `request` -> `invocation_run` -> `detector` (load) ->
`bench` -> `cell_run` (`protocol`, `telemetry`, `stages`) -> one row per cell -> `channel` -> supervisor.
The child's interpreter may belong to another environment than featray's own. So modules here import only the standard
library, torch, py-feat and its companions, psutil, pynvml and `featray.core`.
"""
