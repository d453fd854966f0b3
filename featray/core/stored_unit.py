"""Stored units: what the next submit needs to know of each row of the store, and of units that were left unfinished.

Flow: `store.resuming` -> `StoredUnit` -> `planning.invocations_per_unit`, `planning.plan`; `host.spool` -> `BegunUnit`
-> `planning.plan`. Pure.
"""

import collections
import dataclasses
from collections.abc import Iterable

from featray.core.row import Floats, Row, RowKey
from featray.core.status import Precedence, Status, is_final, precedence


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoredUnit:
    """One unit in one invocation, as stored: columns of `row.Row`, of the same names and meaning."""

    sweep: str
    run_id: str
    cell_id: str
    target_id: str
    invocation: int
    attempt: int
    status: str
    started_at: str
    order_index: int | None
    warmup_s: Floats | None
    timed_s: Floats | None
    import_s: float | None = None
    load_s: float | None = None

    def key(self) -> RowKey:
        """Identify the row, as `Row.key` does."""
        return (self.run_id, self.cell_id, self.target_id, self.invocation, self.attempt)

    @property
    def was_started(self) -> bool:
        """Whether an invocation was made for it; the driver's own refusals have no place in one."""
        return self.order_index is not None

    @property
    def calls_s(self) -> float | None:
        """Seconds of warm-up and timed calls together; None where nothing was timed."""
        return None if self.timed_s is None else sum(self.warmup_s or ()) + sum(self.timed_s)

    @property
    def start_s(self) -> float | None:
        """Seconds to import the detector's package and construct it; None where the row does not say."""
        return None if self.import_s is None or self.load_s is None else self.import_s + self.load_s

    @property
    def rank(self) -> Precedence:
        """Rank among the attempts of the same unit and invocation: the highest counts."""
        return precedence(self.status, self.attempt)


def of_row(row: Row) -> StoredUnit:
    """Keep of a row what the next submit needs to know."""
    return StoredUnit(**{field.name: getattr(row, field.name) for field in dataclasses.fields(StoredUnit)})


@dataclasses.dataclass(frozen=True, kw_only=True)
class BegunUnit:
    """One unit in one invocation that a host began and whose end it did not see."""

    run_id: str
    cell_id: str
    target_id: str
    invocation: int
    begun_at: str  # UTC, ISO 8601, by the host's clock


@dataclasses.dataclass(frozen=True, kw_only=True)
class LastAttempt(StoredUnit):
    """The attempt that counts of a unit in an invocation."""

    lost_attempts: int  # how many of its attempts were lost with their host

    @property
    def tries(self) -> int:
        """Count the attempts so far that were not lost with their host."""
        return self.attempt - self.lost_attempts

    @property
    def is_final(self) -> bool:
        """Whether no further attempt is due."""
        return is_final(self.status, self.tries)


def last_attempts(units: Iterable[StoredUnit]) -> dict[tuple[str, str, int], LastAttempt]:
    """Keep of each (cell_id, target_id, invocation) the attempt that counts, among those that were started."""
    last: dict[tuple[str, str, int], StoredUnit] = {}
    lost: collections.Counter[tuple[str, str, int]] = collections.Counter()
    for unit in units:
        key = (unit.cell_id, unit.target_id, unit.invocation)
        lost[key] += unit.was_started and unit.status == Status.LOST
        if unit.was_started and (key not in last or unit.rank > last[key].rank):
            last[key] = unit
    return {key: LastAttempt(**vars(unit), lost_attempts=lost[key]) for key, unit in last.items()}
