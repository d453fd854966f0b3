"""Unit cell: the cell that a unit measured, so that it can be measured again. Pure."""

import json
import re

from featray.analysis.unit import Unit
from featray.core import cell, detectors, inputs
from featray.core.cell import Cell
from featray.core.choices import Device

_THREADS = re.compile("[1-9][0-9]{0,2}")


def of_unit(unit: Unit) -> Cell | None:
    """Read the cell that a unit measured; None if it cannot be known.

    An imported row has only labels: its cell is what the catalogue has under these names.
    """
    row = unit.row
    if row.asked is not None:
        try:
            return cell.from_asked(json.loads(row.asked))
        except ValueError:
            return None
    detector, clip = detectors.CATALOGUE.get(row.detector), inputs.CATALOGUE.get(row.input)
    if detector is None or clip is None or row.device not in tuple(Device):
        return None
    threads = row.omp_num_threads
    return Cell(
        detector=detector,
        input=clip,
        device=Device(row.device),
        batch_size=row.batch_size,
        num_workers=row.num_workers,
        threads=int(threads) if threads is not None and _THREADS.fullmatch(threads) else None,
    )
