"""Planning: which fresh process measures what, where and when. Pure: `featray plan` stops here.

Flow: cells and `inventory` -> `placement` -> `plan` -> `schedule` -> `running.runner`.

    inventory             the hosts, and the targets that they offer
    inventory_fields      what each field of a recorded host may hold
    checkup               what of this machine is ready to measure
    readiness             what a host lacks for a sweep
    own_classes           the classes of a sweep that are not py-feat's
    releases              what a release of py-feat or torch can run
    target_selection      which targets a sweep picks
    obstacle              why a target cannot run a cell
    placement             which cell runs on which targets
    time_estimate         how long a cell takes
    known_times           what earlier rows tell of times
    wall_time             how long a plan takes, and which target gets interchangeable work
    invocations_per_unit  how often each unit is measured
    search                which invocations of a searched setting come now
    ladder                which values of it are measured next
    plan                  which process measures which cells, in which order
    planned_invocation    one process of the plan, and its target
    process_names         which units one process can measure
    waiting               interchangeable invocations that have not started
    outlook               how much more pilots will ask for
    assignment            which target would end each first
    stand_ins             what starts in place of what has not come
    allotment             what each host starts next, near the end
    schedule              what starts next
    fleet_plan            time and cost on many recorded hosts
    shared_fleet          which host measures what, where any host is good enough
    shares                which worker analyses which films
"""
