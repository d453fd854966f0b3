"""Running: one submit, from a sweep to stored rows.

Flow: `submission` -> `runner` -> `backends` -> rows -> `store`.

    preparation       what a submit would do; `featray plan` prints it
    fleet_planning    the same on many recorded hosts
    changed_packages  what hosts have of another version than when a run was measured there
    recorded_secrets  what a user is told about a sweep's secrets, which rows hold as digests
    weights_on_hosts  pretrained weights, before anything is measured
    submission        carries out one submit from its plan to its end
    claims            one submit at a time for a sweep and a store
    interrupts        Ctrl-C, SIGTERM and SIGHUP, outside the runner as within it
    runner            carries out a plan
    known_failures    what a process has shown to be impossible, and needs no other
    retries           what is left of an invocation after a failure
    idle_targets      what they go on with while others are at their pilots
    searching         what a search measures next, while it runs
    search_readings   the rows of a run, as a search reads them
    unmeasured        the rows of units that no process measured
    spooled_rows      rows that reach the store without an event of this submit
    kept_outputs      outputs on their way from a host to the store
    without_number    counts the units that have no number
    run_outcome       the result of a run, and what is left for later
    progress          what watchers hear, as values and as lines of JSON
    gauges            figures for the dashboard
    detached          a submit that runs on the cluster
    submit_status     how it stands
    kept_logs         what it has printed, after its cluster has gone
    logged_event      checks an event in its log
    single_cell       `featray measure`
    bisection/        steps of a bisection, measured through submits
    versions/         which versions lie between two
"""
