"""Search readings: what a search looks at, from the rows of its run.

Flow: rows -> `read` -> `planning.search`. Pure.
"""

import collections
import statistics
from collections.abc import Iterable

from featray import stats
from featray.analysis import units
from featray.analysis.advice import memory_use, objectives
from featray.analysis.advice.memory_use import MemoryScope
from featray.core.row import Row
from featray.core.status import Status
from featray.core.stored_unit import last_attempts, of_row
from featray.planning.ladder import RungReading
from featray.planning.search import Readings, UnitId


def read(rows: Iterable[Row]) -> Readings:
    """Read what is final of each invocation of each unit.

    Args:
        rows: Of one run, every attempt. What may be tried again gives no reading.
    """
    by_key = {row.key(): row for row in rows}
    found: dict[UnitId, dict[int, RungReading]] = collections.defaultdict(dict)
    for attempt in last_attempts(map(of_row, by_key.values())).values():
        if attempt.is_final:
            found[attempt.cell_id, attempt.target_id][attempt.invocation] = _reading(by_key[attempt.key()])
    return found


def _reading(row: Row) -> RungReading:
    if row.status != Status.OK or not row.timed_s or statistics.median(row.timed_s) <= 0:
        return RungReading(log_s=None, is_exhausted=row.status in (Status.OOM, Status.SKIPPED))
    use = memory_use.of_rows([row], row.device)
    (unit,) = units.gather([row])
    return RungReading(
        log_s=stats.log_median(row.timed_s),
        memory_b=use.size_b if use is not None and use.scope is not MemoryScope.SHARED else None,
        batch_s=objectives.batch_s(unit),
    )
