"""Planning: which fresh process measures what, where and when. Pure: `featray plan` stops here.

Flow: cells and `inventory` -> `placement` -> `plan` -> `schedule` -> `running.runner`.

    inventory                          the hosts, and the targets that they offer
    target_selection, obstacle         which of them a sweep picks, and why one cannot run a cell
    placement                          which cell runs on which targets
    plan, planned_invocation           which process measures which cells, in which order
    invocations_per_unit               how often each unit is measured
    schedule                           what starts next
    releases, time_estimate            what a release can run, how long a cell takes
    readiness                          what a host lacks for a sweep
"""
