"""Read history: the series of a store with their steps, for `history`, and for the sweeps that `suggest` writes.

Flow: store -> `read` -> `analysis.history` -> `StoredHistory`.
"""

import dataclasses

from featray import store
from featray.analysis.advice import confirming_sweeps
from featray.analysis.history import HistoryChange, Series, find_changes, find_spreads, gather
from featray.api import noise
from featray.core import host_names, wording
from featray.errors import NothingMatches
from featray.rendering import history_text


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoredHistory:
    """Every series with its steps, machine by machine, and what of the store could not be used."""

    series: tuple[tuple[Series, tuple[HistoryChange, ...]], ...]
    problems: tuple[str, ...]

    @property
    def changes(self) -> tuple[HistoryChange, ...]:
        """List all steps."""
        return tuple(change for _, changes in self.series for change in changes)


def read(
    results: str,
    *,
    order: str = "date",
    detector: str | None = None,
    clip: str | None = None,
    host: str | None = None,
) -> StoredHistory:
    """Read the series that are asked for, and look for steps in them.

    Raises:
        NothingMatches: nothing in the store fits.
        StoreError: the store cannot be read.
    """
    reading = store.read(results, every_attempt=True, one_summary=True)
    if not reading.rows:
        raise store.explain_no_rows(results, reading.problems)
    known = dataclasses.replace(noise.find_calibrations(results), spreads=find_spreads(reading.rows))
    every = gather(reading.rows, order=order)
    chosen = [one for one in every if _fits(one, detector, clip, host)]
    if not chosen:
        raise NothingMatches(f"{store.display_name(results)}: {history_text.NO_SERIES}{_what_there_is(every)}")
    confirming = confirming_sweeps.group_rows(reading.rows)
    found = tuple((one, tuple(confirming_sweeps.note_failures(find_changes(one, known), confirming))) for one in chosen)
    return StoredHistory(series=found, problems=tuple(map(str, reading.problems)))


def _fits(series: Series, detector: str | None, clip: str | None, host: str | None) -> bool:
    row = series.unit.row
    names = (series.machine.host_name, series.machine.host_id, row.hostname)
    return (
        detector in (None, row.detector)
        and clip in (None, row.input)
        and (host is None or host_names.is_called(host, names))
    )


def _what_there_is(series: list[Series]) -> str:
    """List what the store has, so that a wrong name is seen."""
    if not series:
        return ""
    names = {
        "detectors": {one.unit.row.detector for one in series},
        "inputs": {one.unit.row.input for one in series},
        "machines": {one.machine.host_name for one in series},
    }
    return "; " + "; ".join(f"{title}: {wording.listed(sorted(values))}" for title, values in names.items())
