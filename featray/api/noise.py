"""What a store knows of how identical work varies on each target: for `compare`, `report` and `suggest`."""

import dataclasses
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from featray import store
from featray.analysis import comparison, sessions
from featray.analysis.comparison import NO_NOISE, Noise, Pair
from featray.analysis.unit import Unit
from featray.analysis.units import CONTEXT, gather
from featray.core.row import Row
from featray.stats import Basis, SessionSpread, Timing

COLUMNS = (
    *("run_id", "cell_id", "target_id", "invocation", "attempt", "status", "order_index", "timed_s"),
    *("started_at", "ended_at", "boot_id", "process", "work_id", "replayed", "source_file"),
    *CONTEXT,
)
"""What is needed of a row to know its session and its time."""

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
    targets = sorted({unit.row.target_id for unit in sides})
    spreads = {target_id: spread for target_id in targets if (spread := _spread(results, target_id, runs))}
    return compare(dataclasses.replace(noise, spreads=spreads)) if spreads else compared


def find_calibrations(results: str) -> Noise:
    """Read every target's calibration; nothing is known where there is none."""
    if store.latest_run(results, comparison.CALIBRATION) is None:  # reads two columns instead of all of them
        return NO_NOISE
    rows = [row for row in store.read(results, sweep=comparison.CALIBRATION).rows if not row.is_replayed]
    return Noise(calibrations=comparison.find_calibrations(rows))


def _spread(results: str, target_id: str, compared: Collection[str]) -> SessionSpread | None:
    """Learn how a target's sessions differ, from everything that was measured there in several of them.

    The runs that are compared are left out: what differs between them is the question, not the noise.
    """
    frame, _ = store.load(results, where={"target_id": target_id}, columns=COLUMNS)
    by_work: dict[tuple[Any, ...], list[Timing]] = {}
    rows = _rows(frame[~frame["run_id"].isin(compared)].to_dict("records"))
    for unit in gather(row for row in rows if not row.is_replayed):
        by_work.setdefault(_work(unit), []).extend(unit.timings)
    return sessions.find_spreads((target_id, timings) for timings in by_work.values()).get(target_id)


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
    return (unit.row.cell_id, unit.row.work_id, *(getattr(unit.row, column) for column in CONTEXT))
