"""Run outcome: how many rows a run stored, its problems, and what is left for a later part of the same submit.

Flow: `runner` -> `RunOutcome` -> `submission` adds those of its parts -> `api.submit`.
"""

import array
import dataclasses

from featray.core.cell import Cell
from featray.core.row import Row
from featray.core.status import Status
from featray.errors import HeadGone


@dataclasses.dataclass
class RunOutcome:
    """The result of a run. Of its rows it keeps 8 bytes each: a row takes 20 kB, and the store has it."""

    key_hashes: "array.array[int]" = dataclasses.field(default_factory=lambda: array.array("q"))
    """Hash of the key of each row that was stored and told."""
    failed: int = 0  # those of them that have no number
    problems: list[str] = dataclasses.field(default_factory=list)
    not_reached: int = 0  # unit-invocations that the budget left unmeasured
    newcomers: list[str] = dataclasses.field(default_factory=list)  # hosts that joined during the run, not yet planned
    exhausted: dict[str, list[Cell]] = dataclasses.field(default_factory=dict)
    """Target id -> cells that ran out of memory there: larger batches are not tried."""
    duplicates: int = 0  # rows that were stored twice, as far as merging files has shown
    vanished: int = 0  # rows of the run that were stored and are not in the store any more
    head_gone: HeadGone | None = None  # what ended the run early; finished rows are stored

    @property
    def stored(self) -> int:
        """Count the rows that were stored and told, with a number or without."""
        return len(self.key_hashes)

    def note(self, row: Row) -> None:
        """Count a row."""
        self.key_hashes.append(hash(row.key()))
        self.failed += row.status != Status.OK

    def add(self, later: "RunOutcome") -> None:
        """Add the result of a later part of the same submit."""
        self.key_hashes += later.key_hashes
        self.failed += later.failed
        self.problems += later.problems
        self.not_reached += later.not_reached
        self.newcomers += later.newcomers
        self.duplicates += later.duplicates
        for target_id, cells in later.exhausted.items():
            self.exhausted.setdefault(target_id, []).extend(cells)
