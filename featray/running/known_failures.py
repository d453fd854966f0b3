"""Known failures: cells that a process of the same host or target has shown to be impossible, and that need none.

Flow: rows of the runner -> `KnownFailures.note`; an invocation that is to start -> `leave_out` -> `runner`. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence

from featray.core import detectors
from featray.core.cell import Cell
from featray.core.invocation import larger_batches, why_skipped
from featray.core.row import Row
from featray.core.status import Status
from featray.planning.inventory import Target
from featray.planning.planned_invocation import PlannedInvocation
from featray.running.retries import narrowed

LeftOut = tuple[Cell, Status, str]
"""A cell that is not measured, the status of its row and the reason."""

_HostClass = tuple[str, str, tuple[str, ...]]
"""Host id, class, and the requirements of its environment."""


class KnownFailures:
    """Detector classes that a host does not have, and batches that are too large for a target."""

    def __init__(self, exhausted: Mapping[str, Sequence[Cell]]) -> None:
        """Take the cells that ran out of memory in an earlier part of the submit, by target id."""
        self._exhausted = {target_id: list(cells) for target_id, cells in exhausted.items()}
        self._not_found: dict[_HostClass, str] = {}  # -> why

    def note(self, target: Target, cell: Cell, row: Row) -> None:
        """Learn from a row."""
        if row.status == Status.OOM:
            self._exhausted.setdefault(row.target_id, []).append(cell)
        if row.status == Status.UNSUPPORTED and row.reason and detectors.says_not_found(cell.detector, row.reason):
            self._not_found[_host_class(target, cell)] = row.reason

    def leave_out(self, planned: PlannedInvocation) -> tuple[PlannedInvocation | None, list[LeftOut]]:
        """Leave out what is known to fail.

        Returns:
            What remains of the invocation, None if nothing does, and what was left out.
        """
        left_out: list[LeftOut] = []
        for find in (self._find_not_found, self._find_too_large):
            found = dict(find(planned))
            left_out += found.values()
            kept = [cell_id for index, cell_id in enumerate(planned.cell_ids) if index not in found]
            if not kept:
                return None, left_out
            planned = narrowed(planned, kept) if found else planned
        return planned, left_out

    def _find_not_found(self, planned: PlannedInvocation) -> Iterator[tuple[int, LeftOut]]:
        """Find the cells whose class a process of this host did not find, by index."""
        for index, cell in enumerate(planned.invocation.cells):
            reason = self._not_found.get(_host_class(planned.target, cell))
            if reason is not None:
                yield index, (cell, Status.UNSUPPORTED, reason)

    def _find_too_large(self, planned: PlannedInvocation) -> Iterator[tuple[int, LeftOut]]:
        """Find batches larger than one that ran out of memory on this target, by index."""
        cells = planned.invocation.cells
        causes: dict[int, Cell] = {}  # the smaller batch that ran out of memory
        for exhausted in self._exhausted.get(planned.target.target_id, ()):
            for larger in larger_batches(exhausted, cells):
                causes.setdefault(cells.index(larger), exhausted)
        for index, exhausted in causes.items():
            yield index, (cells[index], Status.SKIPPED, why_skipped(exhausted))


def _host_class(target: Target, cell: Cell) -> _HostClass:
    return target.host.host_id, cell.detector.class_name, cell.requirements
