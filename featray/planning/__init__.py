"""Planning: which fresh process measures what, where and when. Pure: `featray plan` stops here.

Flow: cells and `inventory` -> `placement` -> `plan` (with `invocations_per_unit`) -> `schedule` -> `running.runner`.
`readiness` says what a host lacks for a sweep.
"""
