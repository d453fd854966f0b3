"""What the store holds, run by run."""

import collections
import dataclasses
import os
from collections.abc import Mapping

from featray.core import identity
from featray.store import reading, resuming, scanning, schema
from featray.store import stored_files as places
from featray.store.stored_files import StoreProblem


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One run: one campaign of a sweep, or one imported report.

    `statuses` counts the last attempt of each unit and invocation; `source_file` is set for imports.
    """

    sweep: str
    run_id: str
    started_at: str
    last_at: str
    rows: int
    statuses: Mapping[str, int]
    hostnames: tuple[str, ...]
    source_file: str | None


def latest_run(results: str | os.PathLike[str], sweep: str | None = None) -> str | None:
    """Name the run that measured last, or of a sweep the one that was begun last; None when there is none.

    When a run was begun stands in its id, by the driver's clock; rows have the clocks of the hosts that measured them.

    Raises:
        StoreError: the store cannot be reached.
    """
    place = places.at(results)
    columns = ("run_id", "started_at")
    (told, table), _ = resuming.told_and_scanned(place, reading.condition(sweep=sweep), columns, whole=False)
    candidates = {(unit["started_at"], unit["run_id"]) for unit in told}
    last = table.group_by("run_id").aggregate([("started_at", "max")])
    candidates |= {(each["started_at_max"], each["run_id"]) for each in last.to_pylist()}
    candidates = {each for each in candidates if None not in each}  # a file that lacks a column is named by `read`
    if sweep is not None:
        candidates = {(identity.begun_at(run_id) or started_at, run_id) for started_at, run_id in candidates}
    return max(candidates)[1] if candidates else None


def runs(
    results: str | os.PathLike[str], *, sweep: str | None = None
) -> tuple[list[RunSummary], tuple[StoreProblem, ...]]:
    """Summarise every run, oldest first.

    Returns:
        The runs, and the files that could not be used.

    Raises:
        StoreError: the store cannot be reached.
    """
    names = ["sweep", "status", "started_at", "hostname", "source_file", *schema.KEY]
    found = scanning.scan(places.at(results), names, reading.condition(sweep=sweep))
    by_run: dict[str, list[dict[str, str | None]]] = collections.defaultdict(list)
    for record in reading.distinct(found.table).select(names).to_pylist():
        by_run[record["run_id"]].append(record)
    summaries = [_summary(run_id, records) for run_id, records in by_run.items()]
    return sorted(summaries, key=lambda run: (run.started_at, run.run_id)), found.problems


def _summary(run_id: str, records: list[dict[str, str | None]]) -> RunSummary:
    times = sorted(str(record["started_at"]) for record in records)
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
