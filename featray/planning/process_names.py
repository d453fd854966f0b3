"""Process names: which units one process can measure.

Flow: `plan`, `invocations_per_unit`, `analysis.advice.drafts` -> `process_key`. Pure.
Apart from `plan`, so that a report, which proposes runs, need not import all that planning takes.
"""

from featray.core import identity
from featray.core.cell import Cell


def process_key(cell: Cell, target_id: str) -> str:
    """Name the process, or the processes side by side, that a unit needs.

    Units of one name can be measured by the same.
    """
    together = {"processes": cell.processes, "mps_daemon": cell.mps_daemon} if cell.processes > 1 else {}
    return identity.digest(
        {
            "target": target_id,
            "class": cell.detector.class_name,
            "keywords": dict(cell.detector.keywords),
            "weights": cell.weights,
            "requirements": list(cell.requirements),
            "env": cell.environment_variables(),
            **together,
        }
    )
