"""Analysis: what stored rows say. Pure: values in, values out.

Flow: rows -> `units` -> `comparison`, `diagnosis`, `advice` -> `rendering`.

    units             rows gathered by cell, target and run
    unit              what the rows of one cell on one target in one run say together
    unit_wording      what sentences call a unit
    unit_cell         the cell that a unit measured
    sessions          which rows share a state of their machine
    cold_start        what a process needs before its calls take their usual time
    disturbances      what else used the machine
    footprint         memory that a unit used, and how much there is
    energy            energy per frame and per face
    prices            what a unit's work costs
    scaling           all GPUs of a host at the same time against one
    lengths           units that differ only in how much of a clip they analyse
    face_counts       whether rows found the same faces in the same frames
    output_agreement  whether rows have the same output
    outputs           the kept output of each unit
    drift             how far one output lies from another
    drift_wording     a drift in one phrase
    unit_drifts       the drift of every unit from its reference
    cautions/         what a reader must know before using a unit's figures
    comparison/       two sides, pair by pair: verdict, ratio, reasons
    diagnosis/        findings: one or two sentences each, with what to measure next
    advice/           which setting to use, and the sweeps to submit next
    estimate/         what footage will take
    history/          times over versions and days, and where they stepped
    bisection/        which of many versions changed a time
"""
