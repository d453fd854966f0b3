"""Cold start: what a process needs before its calls take their usual time.

Flow: `unit.Unit` -> `start_s`, `first_call_s` -> `estimate.forecast`, `diagnosis.slow_starts`, `rendering`. Pure.
"""

from statistics import median

from featray.analysis.unit import Unit
from featray.core.row import Row


def start_s(unit: Unit) -> float | None:
    """Give the seconds to import, to load, and what the first call takes longer; the median over invocations.

    None where no invocation has all three.
    """
    starts = starts_s(unit)
    return median(starts) if starts else None


def starts_s(unit: Unit) -> list[float]:
    """List the start of each invocation that has all three."""
    return [start for row in unit.measured if (start := _start_s(row, unit.process_call_s or 0.0)) is not None]


def first_call_s(unit: Unit) -> float | None:
    """Give the seconds of the first call, the median over invocations; None if unknown."""
    firsts = [row.first_call_s for row in unit.measured if row.first_call_s is not None]
    return median(firsts) if firsts else None


def _start_s(row: Row, call_s: float) -> float | None:
    if row.import_s is None or row.load_s is None or row.first_call_s is None:
        return None
    return row.import_s + row.load_s + max(0.0, row.first_call_s - call_s)
