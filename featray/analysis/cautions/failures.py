"""Failures: units without a number, or with some invocations without one, grouped by what went wrong.

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
    Status.OOM: TRY_AGAIN,
    Status.TIMEOUT: "Raise `time_limit_s`, then submit with `--retry-failed`",
    Status.CRASHED: TRY_AGAIN,
    Status.LOST: SUBMIT_AGAIN,
    Status.CANCELLED: SUBMIT_AGAIN,
    Status.FAILED: AFTER_REPAIR,
    Status.WRONG_WORK: AFTER_REPAIR,
    Status.WRONG_DEVICE: AFTER_REPAIR,
}
"""Status -> what to do. For every other status, the reason says it all."""

SMALLER_BATCH = "Use a smaller batch"
OTHER_MACHINE = "Use a machine with more memory, or another detector"


@dataclasses.dataclass(frozen=True)
class FailedUnits:
    """Units that failed for the same reason, all without a number or all with one; `rows` are their rows with it."""

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
        invocations = wording.count(sum(len(unit.rows) for unit in self.units), "invocation")
        what = f"{len(self.rows)} of {invocations} without a number" if self.has_numbers else "no number"
        return Caution(
            kind=CautionKind.FAILED,
            sentence=f"{what} ({self.cause(length)}): {names(self.units, with_hosts=self.has_many_targets)}",
            what_to_do=self._what_to_do(),
            units=self.units,
        )

    @property
    def has_numbers(self) -> bool:
        """Return True if other invocations of the units gave a number."""
        return bool(self.units[0].measured)

    def _what_to_do(self) -> str | None:
        status = self.rows[0].status
        if status != Status.OOM or self.has_numbers:
            return WHAT_TO_DO.get(status)
        return SMALLER_BATCH if any(unit.row.batch_size > 1 for unit in self.units) else OTHER_MACHINE


def group(units: Sequence[Unit]) -> Iterator[FailedUnits]:
    """Group failed rows by status, message and whether other invocations of the unit gave a number.

    Messages that differ only in their numbers are one.

    Args:
        units: All of a report.
    """
    has_many_targets = len({unit.row.target_id for unit in units} - {NO_TARGET}) > 1
    causes: dict[tuple[str, str, bool], list[tuple[Unit, Row]]] = {}
    for unit in units:
        for row in unit.failed:
            cause = str(row.status), wording.without_numbers(row.reason or ""), bool(unit.measured)
            causes.setdefault(cause, []).append((unit, row))
    for failures in causes.values():
        about = {unit.key: unit for unit, _ in failures}
        yield FailedUnits(tuple(about.values()), tuple(row for _, row in failures), has_many_targets)
