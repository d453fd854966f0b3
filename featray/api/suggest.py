"""`featray.suggest`: the sweeps that would settle what a report leaves open.

Flow: names -> `chosen_runs` -> `diagnosis` -> `followups`, or suspected steps of `read_history` -> `confirming_sweeps`
-> `followup_file` -> sweep files.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from featray import store
from featray.analysis import diagnosis, units
from featray.analysis.advice import followup_file, followups
from featray.analysis.advice.followups import Followup
from featray.analysis.diagnosis import Diagnosis, FindingKind
from featray.analysis.outputs import Outputs
from featray.analysis.unit import Unit
from featray.api import chosen_runs, noise
from featray.api.output_files import write_files
from featray.api.results import Result
from featray.core import garbage
from featray.core.argument_names import argument, flag
from featray.core.files import PathLike
from featray.errors import BadInput

if TYPE_CHECKING:
    from featray.rendering.notebook.summary import Summary


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Suggested(Result):
    """The sweeps to submit next, and what of the store could not be used."""

    followups: tuple[Followup, ...]
    problems: tuple[str, ...]
    unsettled: tuple[str, ...] = ()  # what stays open because more invocations than anybody runs would be needed
    written: tuple[Path, ...] = ()  # sweep files in the folder that was asked for

    def summarize(self) -> "Summary":
        """Show each sweep with its reasons; the frame has a row per sweep."""
        from featray.rendering.notebook import summaries

        return summaries.of_followups(self.followups, (*self.problems, *self.unsettled))

    @property
    def expected_s(self) -> float:
        """Estimate the seconds of all sweeps, one after the other."""
        return sum(followup.expected_s for followup in self.followups)

    @property
    def files(self) -> Mapping[str, str]:
        """File name -> text of each sweep."""
        return {f"{followup.name}.yaml": followup_file.to_yaml(followup) for followup in self.followups}


@garbage.paused()
def suggest(
    *names: str,
    results: str = "results",
    baseline: str | None = None,
    output: PathLike | None = None,
    history: bool = False,
) -> Suggested:
    """Suggest the sweeps that would settle what the report of the same arguments leaves open.

    Args:
        names: As in `report`.
        results: Store of rows: a folder or URI.
        baseline: As in `report`.
        output: Folder to write the sweep files into; None writes none.
        history: Instead the sweeps that would confirm or refute the steps which the store's history is suspected of.

    Returns:
        The sweeps, the most useful first; none where no finding asks for another measurement.

    Raises:
        BadInput: there is no such sweep or run, or a run or baseline is named beside `history`.
        StoreError: the store cannot be read, or the folder not written.
    """
    suggested = _from_history(results, names, baseline) if history else _from_report(results, names, baseline)
    if output is None:
        return suggested
    return dataclasses.replace(suggested, written=tuple(write_files(Path(output), suggested.files)))


def _from_history(results: str, names: Sequence[str], baseline: str | None) -> Suggested:
    if names or baseline is not None:
        raise BadInput(
            f"{flag('history')} looks at every run of the store: name no sweep and no {argument('baseline')}"
        )
    from featray.analysis.advice import confirming_sweeps
    from featray.api import read_history

    found = read_history.read(results)
    return Suggested(followups=tuple(confirming_sweeps.propose(found.changes)), problems=found.problems)


def _from_report(results: str, names: Sequence[str], baseline: str | None) -> Suggested:
    chosen = chosen_runs.choose(results, names)
    baseline_rows, problems = chosen_runs.find_baseline(results, chosen, baseline)
    candidate_units, baseline_units = units.gather_sides(chosen.rows, baseline_rows)
    kept = store.outputs.KeptOutputs(results)
    kept_outputs = Outputs(kept.find, kept.has)
    diagnosed = noise.judge(
        results,
        lambda known: diagnosis.diagnose(candidate_units, baseline_units, noise=known, outputs=kept_outputs),
        lambda made: made.pairs,
    )
    open_kinds = (FindingKind.NOISY, FindingKind.UNDECIDED)
    return Suggested(
        followups=propose(diagnosed, candidate_units, baseline_units),
        problems=(*chosen.problems, *problems),
        unsettled=tuple(
            finding.text for finding in diagnosed.findings if finding.kind in open_kinds and not finding.wanted
        ),
    )


def propose(diagnosed: Diagnosis, candidate: Sequence[Unit], baseline: Sequence[Unit]) -> tuple[Followup, ...]:
    """Propose sweeps, named after the candidate's sweep and compared with what featray measured of either side."""
    name = next((unit.row.sweep for unit in candidate), "next")
    return tuple(
        followups.propose(
            diagnosed.findings,
            [*candidate, *baseline],
            name=name,
            candidate=_measured_sweep(candidate),
            baseline=_measured_sweep(baseline),
        )
    )


def _measured_sweep(units: Sequence[Unit]) -> str | None:
    return next((unit.row.sweep for unit in units if not unit.is_imported), None)
