"""Running: one submit, from a sweep to stored rows.

Flow: `submission` -> `runner` -> `backends` -> rows -> `store`.

    preparation        what a submit would do; `featray plan` prints it
    recorded_secrets   what a user is told about a sweep's secrets, which rows hold as digests
    weights_on_hosts   pretrained weights, before anything is measured
    submission         carries out one submit from its plan to its end
    interrupts         Ctrl-C and SIGTERM, outside the runner as within it
    runner             carries out a plan; `retries` holds what is left of an invocation after a failure
    run_outcome        the result of a run, and what is left for later
    unmeasured         the rows of units that no process measured
    spooled_rows       rows that reach the store without an event of this submit
    without_number     counts the units that have no number
    progress           what watchers hear, as values and as lines of JSON; `logged_event` checks such a line of a log
    gauges             figures for the dashboard
    claims             one submit at a time for a sweep and a store
    detached           a submit that runs on the cluster; `submit_status` says how it stands
    single_cell        `featray measure`
"""
