"""Shared rows: the rows that leave this store in a bundle or a dataset, with names hidden where that was asked for.

Flow: names of runs, store -> `choose` -> `SharedRows` -> `export_bundle`, `export_dataset`.
"""

import dataclasses
import getpass
import os
from collections.abc import Iterable

from featray import store
from featray.analysis import comparison
from featray.api.chosen_runs import choose
from featray.core.row import Row
from featray.interchange import anonymous_rows


@dataclasses.dataclass(frozen=True, kw_only=True)
class SharedRows:
    """Rows as they are stored, and as they are shared, in the same order."""

    stored: tuple[Row, ...]
    shared: tuple[Row, ...]
    problems: tuple[str, ...]


def choose_shared(
    results: str, chosen: store.Reading, *, baseline: str | None = None, calibrations: bool = False, anonymous: bool
) -> SharedRows:
    """Read every attempt of the chosen runs, of the baseline, and the calibrations of their targets.

    Args:
        results: Store.
        chosen: Rows of the chosen runs.
        baseline: Run or sweep that the runs are compared with.
        calibrations: Whether verdicts are to be the same where the rows go.
        anonymous: Whether names of hosts, users and paths are hidden.

    Raises:
        NothingMatches: there is no such baseline.
        StoreError: the store cannot be read.
    """
    runs = [*(row.run_id for row in chosen.rows), *(choose(results, [baseline]).run_ids if baseline else ())]
    readings = [store.read(results, run_id=run_id, every_attempt=True) for run_id in dict.fromkeys(runs)]
    rows = {row.key(): row for reading in readings for row in reading.rows}
    if calibrations:
        targets = {row.target_id for row in rows.values()}
        calibrated = store.read(results, sweep=comparison.CALIBRATION, every_attempt=True).rows
        rows |= {row.key(): row for row in calibrated if row.target_id in targets}
    stored = tuple(rows.values())
    problems = [str(problem) for reading in (chosen, *readings) for problem in reading.problems]
    if not anonymous:
        return SharedRows(stored=stored, shared=stored, problems=tuple(dict.fromkeys(problems)))
    users = [_user()]
    hidden = tuple(anonymous_rows.hide(stored, users))
    problems += _warn_of_leaks(anonymous_rows.find_leaks(stored, hidden, users))
    return SharedRows(stored=stored, shared=hidden, problems=tuple(dict.fromkeys(problems)))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return os.environ.get("USER", "")


def _warn_of_leaks(names: Iterable[str]) -> list[str]:
    return [
        f"the name {name!r} is still in the rows, as part of the name of a run, sweep, input or environment; give that "
        "another name before you share it"
        for name in names
    ]
