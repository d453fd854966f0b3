"""`featray.suggest`: the sweeps that would settle what a report leaves open."""

import dataclasses
from collections.abc import Sequence

from featray.analysis import diagnosis, units
from featray.analysis.advice import followups
from featray.analysis.advice.followups import Followup
from featray.analysis.diagnosis import Diagnosis
from featray.analysis.units import Unit
from featray.api import chosen_runs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Suggested:
    """What to submit next, and what could not be used."""

    followups: tuple[Followup, ...]
    problems: tuple[str, ...]


def suggest(*names: str, results: str = "results", baseline: str | None = None) -> Suggested:
    """Propose the sweeps that would settle what a report of the same arguments leaves open.

    Args:
        names: As in `report`.
        results: Store of rows: a folder or URI.
        baseline: As in `report`.

    Raises:
        BadInput: a name is none.
        StoreError: the store cannot be read.
    """
    chosen = chosen_runs.choose(results, names)
    before, problems = chosen_runs.find_baseline(results, chosen, baseline)
    ours, theirs = units.gather(chosen.rows), units.gather(before)
    found = diagnosis.diagnose(ours, theirs, calibrations=chosen_runs.calibrations(results))
    return Suggested(followups=following(found, ours, theirs), problems=(*chosen.problems, *problems))


def following(found: Diagnosis, ours: Sequence[Unit], theirs: Sequence[Unit]) -> tuple[Followup, ...]:
    """Propose sweeps named after the first of ours, compared with what featray measured of either side."""
    name = next((unit.row.sweep for unit in ours), "next")
    measured = [next((each.row.sweep for each in side if not each.is_imported), None) for side in (ours, theirs)]
    return tuple(
        followups.propose(found.findings, [*ours, *theirs], name=name, candidate=measured[0], baseline=measured[1])
    )
