"""Analysis: what stored rows say. Pure: values in, values out.

Flow: rows -> `units` -> `comparison`, `diagnosis`, `advice` -> `rendering`.

    units        the rows of one cell on one target in one run
    cautions     what makes a unit's figures worth less than they look
    footprint    memory that a unit took, and what there is
"""
