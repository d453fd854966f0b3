"""Measurement: what runs on the measured host, in the child process or just before it starts.

Flow: `host.supervisor` starts `python -m featray.measurement` -> `request` -> `invocation_run` -> `detector` (load) ->
`bench` -> `cell_run` (`protocol`, `telemetry`, `stages`) -> one row per cell -> `channel` -> supervisor.
The child's interpreter may belong to another environment than featray's own. So modules here import only the standard
library, torch, py-feat and its companions, psutil, pynvml and `featray.core`.

    request           what the supervisor sends
    channel           the two pipes to the supervisor
    invocation_run    one invocation in this process
    outcome           status and reason when something goes wrong

    cuda              the GPUs that this process sees
    nvml              what the driver says of a GPU
    device            refuses any device but the one asked for
    idle_power        power before the detector is loaded
    ffmpeg            finds libraries for torchcodec
    ffmpeg_probe      whether the loader finds all of them
    torchcodec_files  which versions torchcodec can load
    torch_flags       settings of torch
    machine_state     settings and load of the host
    control_groups    the control groups of this process
    provenance        machine, versions and thread counts
    checkouts         the commit of an installed package

    class_lookup      whether a class of the user's own can be imported
    detector          loads, constructs and calls
    pyfeat_source     py-feat's source, read as text
    weights           the hub files of a detector
    synthetic         stand-ins for files that cannot be had
    networks/         py-feat's networks with random parameters
    planting          synthetic weights find the right number of faces
    grid              positions of these faces
    fakes/            detectors without torch and weights
    clockwork         one of them, under its old name

    bench             one cell after another
    cell_run          the calls of one cell, and their columns
    protocol          how often a cell is called
    trend             whether calls still get faster
    repeats           the timing itself
    sustained         one continuous run
    stages            where the time of a call goes
    telemetry         the machine during the timed calls
    process_tree      processor time of all processes
    processor_energy  energy of the processors
    memory            of the process and of the device
    frames            what py-feat's loaders give
    face_check        whether a call finds the faces it is to find
    outputs           what a call returned
    output_tables     the same as a table, and its sums
    accuracy          py-feat's scores against labels
"""
