"""Summary: what the store holds, run by run, and which run is the latest.

Flow: `scanning.scan`, `reading.read_usable` -> `runs`; `resuming.scan_with_footers`, `reading.load` -> `latest_run`.
"""

import collections
import dataclasses
import datetime
import os
from collections.abc import Mapping

import pyarrow.compute as pc

from featray.core import identity
from featray.core.row import REPLAYED_FROM
from featray.store import reading, resuming, schema
from featray.store.conditions import make_condition
from featray.store.location import locate
from featray.store.problems import StoreProblem
from featray.store.scanning import scan


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One run of a sweep, or one imported report.

    `started_at` and `last_at` are in UTC; `statuses` counts the last attempt of each unit and invocation; `source_file`
    is set for imports.
    """

    sweep: str
    run_id: str
    started_at: str
    last_at: str
    rows: int
    statuses: Mapping[str, int]
    hostnames: tuple[str, ...]
    source_file: str | None


def latest_run(
    results: str | os.PathLike[str],
    sweep: str | None = None,
    *,
    other_than: str | None = None,
    replayed: bool | None = None,
) -> str | None:
    """Name the run that measured last, or the run of a sweep that was started last; None when there is none.

    A run's id holds its start by the driver's clock; rows have the clocks of the hosts that measured them.

    Args:
        results: Folder or URI.
        sweep: Only runs of this sweep.
        other_than: No run of this sweep.
        replayed: True: only replays. False: no replays. None: a replay only where there is no other run.

    Raises:
        StoreError: the store cannot be reached.
    """
    columns = ("sweep", "run_id", "started_at")
    scanned = resuming.scan_with_footers(locate(results), make_condition(sweep=sweep), columns, check_all_columns=False)
    last_rows = scanned.table.group_by(["sweep", "run_id"]).aggregate([("started_at", "max")]).to_pylist()
    moments = [
        (record["started_at_max"], record["run_id"])
        for record in last_rows
        if None not in record.values()  # a file that lacks a column is named by `read`
        and record["sweep"] != other_than
    ]
    if sweep is not None:
        moments = [(identity.read_run_start(run_id) or started_at, run_id) for started_at, run_id in moments]
    run_ids = [run_id for _, run_id in sorted(moments, reverse=True)]
    first = next((run_id for run_id in run_ids if _is_replay(results, run_id) == bool(replayed)), None)
    return first if replayed is not None else first or next(iter(run_ids), None)


def _is_replay(results: str | os.PathLike[str], run_id: str) -> bool:
    """Return True if a run has replayed rows."""
    frame, _ = reading.load(results, run_id=run_id, columns=["replayed", "source_file"])
    marked = frame["source_file"].astype("string").str.startswith(REPLAYED_FROM)
    return bool(frame["replayed"].notna().any() or marked.any())


def runs(
    results: str | os.PathLike[str], *, sweep: str | None = None, only_usable: bool = False
) -> tuple[list[RunSummary], tuple[StoreProblem, ...]]:
    """Sum up every run, oldest first; rows without a run are of none.

    Args:
        results: Folder or URI.
        sweep: Only runs of this sweep.
        only_usable: Only rows that `read` gives, instead of all that name their run.

    Returns:
        The runs, and the files, and with `only_usable` also the rows, that could not be used.

    Raises:
        StoreError: the store cannot be reached.
    """
    names = ["sweep", "status", "started_at", "hostname", "source_file", *schema.KEY]
    location, condition = locate(results), make_condition(sweep=sweep)
    if only_usable:
        table, problems = reading.read_usable(location, names, condition)
    else:
        scanned = scan(location, names, condition)
        table, problems = reading.distinct(scanned.table), scanned.problems
    by_run: dict[str, list[dict[str, str | None]]] = collections.defaultdict(list)
    for record in table.filter(pc.is_valid(table.column("run_id"))).select(names).to_pylist():
        by_run[record["run_id"]].append(record)
    summaries = [_summary(run_id, records) for run_id, records in by_run.items()]
    return sorted(summaries, key=lambda run: (run.started_at, run.run_id)), problems


def _summary(run_id: str, records: list[dict[str, str | None]]) -> RunSummary:
    times = sorted(_in_utc(str(record["started_at"])) for record in records)
    return RunSummary(
        sweep=str(records[0]["sweep"]),
        run_id=run_id,
        started_at=times[0],
        last_at=times[-1],
        rows=len(records),
        statuses=dict(sorted(collections.Counter(str(record["status"]) for record in records).items())),
        hostnames=tuple(sorted({name for record in records if (name := record["hostname"])})),
        source_file=next((record["source_file"] for record in records if record["source_file"]), None),
    )


def _in_utc(moment: str) -> str:
    """Write a moment as rows of featray have it: another program may have written it with the offset of a zone."""
    if moment.endswith("+00:00"):
        return moment
    try:
        return datetime.datetime.fromisoformat(moment).astimezone(datetime.UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return moment
