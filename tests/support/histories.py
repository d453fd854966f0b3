"""Histories for tests: the same cell measured on many days, with versions that may change."""

import dataclasses
import datetime
import random
from collections.abc import Mapping, Sequence
from typing import Any

from featray.core.row import Row
from tests.support.builders import make_row, make_rows

FIRST_DAY = datetime.datetime(2026, 1, 1, 9, tzinfo=datetime.UTC)
OLD: Mapping[str, Any] = {"pyfeat": "2.1.5"}
NEW: Mapping[str, Any] = {"pyfeat": "2.2.0"}


def make_session(
    day: float, call_s: float, *, run_id: str | None = None, sd: float = 0.005, **changes: Any
) -> list[Row]:
    """Make the rows of five processes on a day, scattered around a time; the same for the same day."""
    rng = random.Random(day)
    times = [call_s * (1 + rng.gauss(0, sd)) for _ in range(5)]
    return make_rows(
        times, run_id=run_id or f"nightly-{day}", started_at=FIRST_DAY + datetime.timedelta(days=day), **changes
    )


def make_history(before: int, after: int, ratio: float = 1.1, **changes: Any) -> list[Row]:
    """Make nightly sessions with the old version, then with the new one, which takes `ratio` times as long."""
    old = [row for day in range(before) for row in make_session(day, 0.76, **OLD, **changes)]
    new = [row for day in range(before, before + after) for row in make_session(day, 0.76 * ratio, **NEW, **changes)]
    return old + new


def make_side_by_side(day: int, times_s: Sequence[float], **changes: Any) -> list[Row]:
    """Make one run that measures the old and the new version in turn, each in an environment of its own."""
    return [
        row
        for call_s, name, version in zip(times_s, ("before", "after"), (OLD, NEW), strict=True)
        for row in make_session(
            day,
            call_s,
            run_id=f"confirm-{day}",
            environment=name,
            requirements=[f"py-feat=={version['pyfeat']}"],
            **version,
            **changes,
        )
    ]


def make_import(
    day: int, hostname: str | None = "box", gpu: str = "NVIDIA GeForce RTX 3090", *, call_s: float = 0.9
) -> Row:
    """Make a row of a report, which names its machine by host and GPU model alone."""
    row = make_row(run_id=f"report-{day}", started_at=f"2026-02-{day:02}T09:00:00.000+00:00", timed_s=[call_s])
    return dataclasses.replace(
        row,
        target_id=f"cuda:{gpu}@{hostname}" if hostname else f"cuda:{gpu}",
        cell_id="labels",
        hostname=hostname,
        gpu_name=gpu,
        host_id=None,
        gpu_uuid=None,
        asked=None,
        work_id=None,
        work=None,
        source_file="report.md",
        exclusive=None,
        boot_id=None,
    )
