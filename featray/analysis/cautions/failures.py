"""Failures: units without a number, or with too few, grouped by what went wrong.

Flow: units of a report -> `group` -> `FailedUnits` -> cautions, findings with the units to try again. Pure.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from featray.analysis import unit_wording
from featray.analysis.cautions.caution import Caution, CautionKind, names
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.row import NO_TARGET, Row
from featray.core.status import Status

TRY_AGAIN = "To try again, submit with `--retry-failed`"
SUBMIT_AGAIN = "To measure the rest, submit again"
AFTER_REPAIR = "Remove the cause, then submit with `--retry-failed`, or with `--rerun` if you changed the sweep"

WHAT_TO_DO: Mapping[str, str] = {
    Status.OOM: "Use a smaller batch",
    Status.TIMEOUT: "Raise `time_limit_s`, then submit with `--retry-failed`",
    Status.CRASHED: TRY_AGAIN,
    Status.LOST: SUBMIT_AGAIN,
    Status.CANCELLED: SUBMIT_AGAIN,
    Status.FAILED: AFTER_REPAIR,
    Status.WRONG_WORK: AFTER_REPAIR,
    Status.WRONG_DEVICE: AFTER_REPAIR,
}
"""Status -> what to do. For every other status, the reason says it all."""


@dataclasses.dataclass(frozen=True)
class FailedUnits:
    """Units that failed for the same reason; `rows` are their rows with it."""

    units: tuple[Unit, ...]
    rows: tuple[Row, ...]
    has_many_targets: bool = False
    """The report has several; then it is said on which host a unit failed."""

    def cause(self, length: int) -> str:
        """Write the status and a reason of at most so many characters; one example if the messages differ."""
        row = self.rows[0]
        if not row.reason:
            return unit_wording.status_name(row)
        example = ", for example" if len({other.reason for other in self.rows}) > 1 else ""
        return f"{unit_wording.status_name(row)}{example}: {wording.shortened(row.reason, length)}"

    def caution(self, length: int) -> Caution:
        """Warn about them."""
        return Caution(
            kind=CautionKind.FAILED,
            sentence=f"no number ({self.cause(length)}): {names(self.units, with_hosts=self.has_many_targets)}",
            what_to_do=WHAT_TO_DO.get(self.rows[0].status),
            units=self.units,
        )


def group(units: Sequence[Unit]) -> Iterator[FailedUnits]:
    """Group failed rows by status and message; messages that differ only in their numbers are one.

    Args:
        units: All of a report.
    """
    has_many_targets = len({unit.row.target_id for unit in units} - {NO_TARGET}) > 1
    causes: dict[tuple[str, str], list[tuple[Unit, Row]]] = {}
    for unit in units:
        for row in unit.failed:
            cause = str(row.status), wording.without_numbers(row.reason or "")
            causes.setdefault(cause, []).append((unit, row))
    for failures in causes.values():
        about = {unit.key: unit for unit, _ in failures}
        yield FailedUnits(tuple(about.values()), tuple(row for _, row in failures), has_many_targets)
