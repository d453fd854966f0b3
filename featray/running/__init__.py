"""Running: one submit, from a sweep to stored rows.

Flow: `submission` -> `runner` -> `backends` -> rows -> `store`.

    submission     what is left to measure, and the whole of one submit
    runner         carries a plan out; `unmeasured` makes the rows of what no process answered for
    spooled_rows   rows that come from the hosts' disks instead of an event
    claims         one submit at a time for a sweep and a store
    gauges         figures for those who watch
    detached       a submit that runs on the cluster, seen from elsewhere
    single_cell    `featray measure`
"""
