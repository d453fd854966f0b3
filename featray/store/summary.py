"""Summary: what the store holds, run by run, which run is the latest, and which one a submit continues.

Flow: `scanning.scan`, `reading.read_usable` -> `runs`; `resuming.scan_with_footers`, `reading.load` -> `latest_run`,
`find_continued`.
"""

import collections
import dataclasses
import datetime
import operator
import os
from collections.abc import Mapping

import pyarrow.compute as pc

from featray.core import identity
from featray.core.row import BUNDLE_FROM, REPLAYED_FROM
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
    results: str | os.PathLike[str], sweep: str | None = None, *, other_than: str | None = None
) -> str | None:
    """Name the run that measured last, or the run of a sweep that was started last; None when there is none.

    A replay is the latest run only where there is no other.

    Args:
        results: Folder or URI.
        sweep: Only runs of this sweep.
        other_than: No run of this sweep.

    Raises:
        StoreError: the store cannot be reached.
    """
    run_ids = _newest_first(results, sweep, other_than)
    measured = (run_id for run_id in run_ids if not _read_origin(results, run_id).is_replay)
    return next(measured, None) or next(iter(run_ids), None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Continued:
    """The run that a submit continues, if there is one, and a newer imported run of the sweep, which it does not."""

    run_id: str | None = None
    newer_import: str | None = None


def find_continued(results: str | os.PathLike[str], sweep: str, *, replayed: bool | None = None) -> Continued:
    """Find the run of a sweep that a submit continues: the newest that was measured into this store.

    If all were imported, it is the newest of those that came through the fewest bundles. So a store that was moved as
    a bundle goes on with its own run. The run of a report is never continued.

    Args:
        results: Folder or URI.
        sweep: Name of the sweep.
        replayed: True: only replays. False: no replays. None: a replay only where there is no other run.

    Raises:
        StoreError: the store cannot be reached.
    """
    ranked: list[tuple[tuple[bool, int], str]] = []
    for run_id in _newest_first(results, sweep):
        origin = _read_origin(results, run_id)
        if not origin.is_report and replayed in (None, origin.is_replay):
            ranked.append(((origin.is_replay and not replayed, origin.bundles), run_id))
            if ranked[-1][0] == (False, 0):
                break
    if not ranked:
        return Continued()
    newest, best = ranked[0], min(ranked, key=operator.itemgetter(0))
    is_import = newest is not best and newest[0][1] > 0
    return Continued(run_id=best[1], newer_import=newest[1] if is_import else None)


def _newest_first(results: str | os.PathLike[str], sweep: str | None, other_than: str | None = None) -> list[str]:
    """List the ids of runs, the latest first.

    A run's id holds its start by the driver's clock; rows have the clocks of the hosts that measured them.
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
    return [run_id for _, run_id in sorted(moments, reverse=True)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Origin:
    """Where the rows of a run come from."""

    is_replay: bool  # any of them
    is_report: bool  # all of them
    bundles: int  # the fewest that brought a row here, one after the other; 0: it was measured into this store


def _read_origin(results: str | os.PathLike[str], run_id: str) -> _Origin:
    frame, _ = reading.load(results, run_id=run_id, columns=["replayed", "source_file", "bundle"])
    source, bundle = frame["source_file"].astype("string"), frame["bundle"].astype("string")
    is_old_replay = source.str.startswith(REPLAYED_FROM).fillna(False)
    return _Origin(
        is_replay=bool(frame["replayed"].notna().any() or is_old_replay.any()),
        is_report=bool(len(frame) and (source.notna() & ~is_old_replay).all()),
        bundles=int((bundle.str.count(BUNDLE_FROM) + 1).fillna(0).min()) if len(frame) else 0,
    )


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
