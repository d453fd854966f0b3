"""Export verdicts: what a comparison says of each exported unit, for the formats that hold a verdict.

Flow: run ids, a baseline -> `judge_runs` -> `compare` of each run -> texts by unit -> `export`.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from featray import store
from featray.analysis.comparison import Pair
from featray.analysis.unit import UnitKey
from featray.api.compare import compare
from featray.errors import NothingMatches, suggest


@dataclasses.dataclass(frozen=True, kw_only=True)
class JudgedRuns:
    """The verdicts of runs against a baseline."""

    verdicts: Mapping[UnitKey, str]  # verdict, ratio of times and 95% interval; a line for each counterpart
    without_verdict: tuple[str, ...]  # runs that have none, and why


def judge_runs(results: str, baseline: str, run_ids: Sequence[str]) -> JudgedRuns:
    """Compare runs with a baseline; the baseline itself, and a run that has nothing in common with it, get no verdict.

    Raises:
        NothingMatches: the baseline does not exist.
        StoreError: the store cannot be read.
    """
    baseline_run = _find_run(results, baseline)
    texts: dict[UnitKey, list[str]] = {}
    without_verdict: list[str] = []
    for run_id in run_ids:
        if run_id == baseline_run:
            without_verdict.append(f"{run_id}: is the baseline itself")
            continue
        try:
            pairs = compare(_quote(baseline_run), _quote(run_id), results=results).comparison.pairs
        except NothingMatches as wrong:
            without_verdict.append(f"{run_id}: no verdict against {baseline}: {wrong}")
            continue
        for pair in pairs:
            texts.setdefault(pair.candidate.key, []).append(_describe(pair, baseline))
    verdicts = {key: "\n".join(dict.fromkeys(lines)) for key, lines in texts.items()}
    return JudgedRuns(verdicts=verdicts, without_verdict=tuple(without_verdict))


def _find_run(results: str, name: str) -> str:
    """Find the run of this name, else the latest run of the sweep of this name."""
    runs = store.runs(results)[0]
    run_ids = {run.run_id for run in runs}
    run_id = name if name in run_ids else store.latest_run(results, name)
    if run_id is None:
        raise NothingMatches(f"no run or sweep {name!r}{suggest(name, sorted(run_ids | {run.sweep for run in runs}))}")
    return run_id


def _describe(pair: Pair, baseline: str) -> str:
    dagger = "\u2020" if pair.dagger else ""
    text = f"{pair.verdict}{dagger} against {baseline}"
    if pair.decision is not None:
        text += f": {pair.decision.ratio:.3g} times its time"
    if pair.decision is not None and pair.decision.low is not None:
        text += f" (95% CI {pair.decision.low:.3g} to {pair.decision.high:.3g})"
    return text


def _quote(name: str) -> str:
    """Quote a run's name, so that a comma or a space in it does not end a term of a selection."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
