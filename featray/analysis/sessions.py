"""Sessions: which rows share a state of their machine, and which of them were measured side by side.

Flow: stored rows -> `find_occasions` -> `Unit.timings` -> `stats.decide`; units of all runs -> `find_spreads`. Pure.
"""

import datetime
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from featray import stats
from featray.core.row import Row, RowKey
from featray.stats import SessionSpread, Timing

PAUSE_S = 3600.0
"""A longer pause of a run ends a stretch. A choice: a machine that rests for an hour has cooled down, and others may
have used it. The longest cell takes 10 minutes, so that no cell alone makes a pause."""

NIGHT_S = 8 * 3600.0
"""A longer pause of a target ends a session, as a reboot does. A choice: what varies from day to day, such as the
temperature of a room or the work of others, is the same for runs of one day. Where each counts as a session of its own,
44 to 60% of identical pairs of two days are called different if the day is what varies."""


class Occasion(NamedTuple):
    """When a row was measured. Names are equal for rows of one session, or of one stretch."""

    session: str  # of a target: a new one begins with a reboot, or after `NIGHT_S`
    stretch: str  # of a run on a target: the same, or after `PAUSE_S`; the blocks of one stretch are side by side


def find_occasions(rows: Iterable[Row]) -> dict[RowKey, Occasion]:
    """Tell rows' sessions and stretches.

    Args:
        rows: All rows of the runs that are looked at: a row that is left out may look like a pause.
    """
    rows = list(rows)
    by_target: dict[str, list[Row]] = {}
    by_run: dict[str, list[Row]] = {}
    for row in rows:
        by_target.setdefault(row.target_id, []).append(row)
        by_run.setdefault(f"{row.run_id} {row.target_id}", []).append(row)
    sessions = _name_parts(by_target, NIGHT_S)
    stretches = _name_parts(by_run, PAUSE_S)
    return {row.key(): Occasion(sessions[row.key()], stretches[row.key()]) for row in rows}


def _name_parts(groups: dict[str, list[Row]], pause_s: float) -> dict[RowKey, str]:
    """Split each group of rows at every reboot and every longer pause, and name the parts."""
    names: dict[RowKey, str] = {}
    for group, members in groups.items():
        number, last_s, boot_id = 1, None, None
        for row in sorted(members, key=lambda row: row.started_at):
            start_s = seconds(row.started_at)
            is_pause = last_s is not None and start_s is not None and start_s - last_s > pause_s
            is_boot = None not in (boot_id, row.boot_id) and boot_id != row.boot_id
            number += is_pause or is_boot
            names[row.key()] = f"{group} {number}"
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
