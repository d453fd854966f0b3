"""What a store knows of how identical work varies on each target: for `compare`, `report` and `suggest`."""

import dataclasses
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from featray import store
from featray.analysis import comparison, sessions
from featray.analysis.comparison import NO_NOISE, Noise, Pair
from featray.analysis.unit import Unit
from featray.analysis.units import CONTEXT, gather
from featray.core.row import Row
from featray.stats import Basis, SessionSpread, Timing

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("run_id", "cell_id", "target_id", "invocation", "attempt", "status", "order_index", "timed_s"),
    *("started_at", "ended_at", "boot_id", "process", "work_id", "replayed", "source_file"),
    *CONTEXT,
)
"""What is needed of a row to know its session and its time."""

ROWS_AT_ONCE = 100_000  # about 1 GB

LABELS = ("sweep", "detector", "input", "section_kind", "section_label", "device")

T = TypeVar("T")


def judge(results: str, compare: Callable[[Noise], T], pairs_of: Callable[[T], Iterable[Pair]]) -> T:
    """Compare with all that the store knows of the targets' noise.

    The calibrations are few rows. All rows of a target are read only if a pair would otherwise be judged by the assumed
    spread between sessions.

    Args:
        results: Store of rows: a folder or URI.
        compare: Makes a comparison from what is known.
        pairs_of: Gives its pairs.
    """
    noise = find_calibrations(results)
    compared = compare(noise)
    sides = [
        unit
        for pair in pairs_of(compared)
        if pair.decision and pair.decision.session_spread and pair.decision.session_spread.basis is Basis.ASSUMED
        for unit in (pair.baseline, pair.candidate)
        if not unit.is_imported
    ]
    runs = {row.run_id for side in sides for unit in (side, *side.earlier) for row in unit.rows}
    spreads = _find_spreads(results, {unit.row.target_id for unit in sides}, runs)
    return compare(dataclasses.replace(noise, spreads=spreads)) if spreads else compared


def find_calibrations(results: str) -> Noise:
    """Read every target's calibration; nothing is known where there is none."""
    if store.latest_run(results, comparison.CALIBRATION) is None:  # reads two columns instead of all of them
        return NO_NOISE
    rows = [row for row in store.read(results, sweep=comparison.CALIBRATION).rows if not row.is_replayed]
    return Noise(calibrations=comparison.find_calibrations(rows))


def _find_spreads(results: str, target_ids: Collection[str], compared: Collection[str]) -> dict[str, SessionSpread]:
    """Learn how the sessions of targets differ, from everything that was measured there in several of them.

    The runs that are compared are left out: what differs between them is the question, not the noise.
    """
    spreads: dict[str, SessionSpread] = {}
    for part in _parts(_count_others(results, target_ids, compared)):
        frame = _load_others(results, part, compared, COLUMNS)
        by_work: dict[tuple[Any, ...], list[Timing]] = {}
        for unit in gather(row for row in _rows(frame.to_dict("records")) if not row.is_replayed):
            by_work.setdefault(_work(unit), []).extend(unit.timings)
        spreads |= sessions.find_spreads((target_id, timings) for (target_id, *_), timings in by_work.items())
    return spreads


def _count_others(results: str, target_ids: Collection[str], compared: Collection[str]) -> dict[str, int]:
    """Count the rows of other runs on each target; few stores have any."""
    if not target_ids:
        return {}
    frame = _load_others(results, target_ids, compared, ("run_id", "target_id"))
    return {str(target_id): int(count) for target_id, count in frame["target_id"].value_counts(sort=False).items()}


def _load_others(
    results: str, target_ids: Collection[str], compared: Collection[str], columns: Sequence[str]
) -> "pd.DataFrame":
    frame, _ = store.load(results, target_ids=target_ids, columns=columns)
    return frame[~frame["run_id"].isin(compared)]


def _parts(rows_by_target: Mapping[str, int]) -> Iterator[list[str]]:
    """Split targets so that the rows of each part fit in memory: each part is a reading of the whole store."""
    part: list[str] = []
    rows = 0
    for target_id, count in sorted(rows_by_target.items()):
        if part and rows + count > ROWS_AT_ONCE:
            yield part
            part, rows = [], 0
        part.append(target_id)
        rows += count
    if part:
        yield part


def _rows(records: Iterable[Mapping[Any, Any]]) -> Iterator[Row]:
    """Make rows of the columns that were read; the labels are not needed and stay empty."""
    labels: dict[str, Any] = dict.fromkeys(LABELS, "")
    for record in records:
        yield Row(**labels, batch_size=0, num_workers=0, **dict(_plain(record)))


def _plain(record: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Give a record's values as `Row` has them: lists, whole numbers that pandas reads as floats, None for NaN."""
    for name, value in record.items():
        if hasattr(value, "tolist"):
            yield name, value.tolist()
        elif isinstance(value, float):
            yield name, None if math.isnan(value) else int(value) if value.is_integer() else value
        else:
            yield name, value


def _work(unit: Unit) -> tuple[Any, ...]:
    return (unit.row.target_id, unit.row.cell_id, unit.row.work_id, *(getattr(unit.row, column) for column in CONTEXT))
