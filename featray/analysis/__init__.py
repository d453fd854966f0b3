"""Analysis: what stored rows say. Pure: values in, values out.

Flow: rows -> `units` -> `comparison`, `diagnosis`, `advice` -> `rendering`.

    units          the rows of one cell on one target in one run
    unit_wording   what sentences call a unit
    unit_cell      the cell that a unit measured
    cautions       what a reader must know before using a unit's figures
    footprint      memory that a unit used, and how much there is
    comparison     two sides, pair by pair: verdict, ratio, reasons
    diagnosis      findings: one or two sentences each, with what to measure next
    advice         which setting to use, and the sweeps to submit next
"""
