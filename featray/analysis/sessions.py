"""Sessions: which rows one run measured on one target without a reboot and without a long pause.

Flow: stored rows -> `name_sessions` -> `Unit.timings` -> `stats.decide`; units of all runs -> `find_spreads`. Pure.
"""

import datetime
from collections.abc import Iterable, Sequence

from featray import stats
from featray.core.row import Row, RowKey
from featray.stats import SessionSpread, Timing

PAUSE_S = 3600.0
"""A longer pause ends a session. A choice: a machine that rests for an hour has cooled down, and others may have used
it. The longest cell takes 10 minutes, so that no cell alone makes a pause."""


def name_sessions(rows: Iterable[Row]) -> dict[RowKey, str]:
    """Name the session of each row.

    Args:
        rows: All rows of the runs that are looked at: a row that is left out may look like a pause.

    Returns:
        Row key -> session. Names are equal within one session and differ between sessions, runs and targets.
    """
    by_run: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_run.setdefault((row.run_id, row.target_id), []).append(row)
    names: dict[RowKey, str] = {}
    for (run_id, target_id), members in by_run.items():
        number, last_s, boot_id = 1, None, None
        for row in sorted(members, key=lambda row: row.started_at):
            start_s = seconds(row.started_at)
            is_pause = last_s is not None and start_s is not None and start_s - last_s > PAUSE_S
            is_boot = None not in (boot_id, row.boot_id) and boot_id != row.boot_id
            number += is_pause or is_boot
            names[row.key()] = f"{run_id} {target_id} {number}"
            last_s = max(filter(None, (last_s, start_s, seconds(row.ended_at))), default=None)
            boot_id = row.boot_id or boot_id
    return names


def seconds(moment: str | None) -> float | None:
    """Read a moment as rows store it, in seconds since 1970; None where there is none, or it is no moment."""
    try:
        return datetime.datetime.fromisoformat(moment).timestamp() if moment else None
    except ValueError:
        return None


def find_spreads(units: Iterable[tuple[str, Sequence[Timing]]]) -> dict[str, SessionSpread]:
    """Learn how sessions of each target differ, from what was measured there more than once.

    Args:
        units: (target id, timings) of everything that computed the same with the same versions; the timings of one unit
            may come from several runs.

    Returns:
        Target id -> its spread; targets without any unit of two sessions are left out.
    """
    by_target: dict[str, list[list[list[float]]]] = {}
    for target_id, timings in units:
        by_target.setdefault(target_id, []).append(by_session(timings))
    spreads = {target_id: stats.spread_of(sessions) for target_id, sessions in by_target.items()}
    return {target_id: spread for target_id, spread in spreads.items() if spread is not None}


def by_session(timings: Iterable[Timing]) -> list[list[float]]:
    """Group log times by session, in the order in which sessions are first seen."""
    sessions: dict[str, list[float]] = {}
    for timing in timings:
        sessions.setdefault(timing.session, []).append(timing.log)
    return list(sessions.values())
