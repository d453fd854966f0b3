"""Bisecting: step after step, each measured until it is decided, until the search ends.

Flow: `StepSweeps`, `StepBench` -> `run` -> `Bisection` -> `api.bisect`.
It holds no state of its own: a second call finds the stored rows of the first, takes the same steps from them, and goes
on where the first was stopped.
"""

import dataclasses
from collections.abc import Callable

from featray.analysis import bisection
from featray.analysis.bisection import Conclusion, SearchStep, StepResult
from featray.core.cell import cell_id
from featray.running.bisection.step_bench import StepBench
from featray.running.bisection.step_sweeps import StepSweeps
from featray.stats import MARGIN, sequential

Note = Callable[[int, StepResult], None]
"""Called with the number of a step, from 1, and what it has shown so far, at every look."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """When a bisection is decided."""

    error: float = sequential.ERROR  # probability of a wrong end
    margin: float = MARGIN  # least log ratio that counts
    blocks_max: int = sequential.BLOCKS_MAX  # processes per version and step, at the most


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bisection:
    """A bisection that has ended: its steps, and what they come to."""

    results: tuple[StepResult, ...]
    conclusion: Conclusion


def run(sweeps: StepSweeps, bench: StepBench, rule: Rule, *, rerun: bool = False, note: Note) -> Bisection:
    """Bisect to the end.

    Args:
        sweeps: Of the versions.
        bench: Where to measure and to store.
        rule: When a step is decided.
        rerun: Measure everything again; the earlier rows are kept.
        note: Called at every look.

    Raises:
        FeatrayError: as `StepBench.measure`.
    """
    results: list[StepResult] = []
    while not isinstance(chosen := bisection.advance(len(sweeps.versions), results, margin=rule.margin), Conclusion):
        results.append(
            _settle(chosen, sweeps, bench, rule, rerun=rerun, note=lambda done: note(len(results) + 1, done))
        )
    return Bisection(results=tuple(results), conclusion=chosen)


def first_step(count: int) -> SearchStep:
    """Give the step that the bisection of so many versions begins with."""
    chosen = bisection.advance(count, ())
    assert isinstance(chosen, SearchStep)  # without results there is no end
    return chosen


def _settle(
    step: SearchStep,
    sweeps: StepSweeps,
    bench: StepBench,
    rule: Rule,
    *,
    rerun: bool,
    note: Callable[[StepResult], None],
) -> StepResult:
    """Measure a step look by look, until it is decided or was looked at for the last time."""
    versions = {cell_id(known): number for number, known in sweeps.cells(step).items()}
    target_id = sweeps.target.target_id
    looks = sequential.looks(rule.blocks_max)
    error = rule.error / bisection.steps_most(len(sweeps.versions))
    for look, blocks in enumerate(looks):
        sweep = sweeps.make(step, blocks)
        if (rerun and look == 0) or not bench.has(sweep, versions, target_id):
            bench.measure(sweep, rerun=rerun and look == 0)
        measured = bisection.gather(bench.rows(sweep.name), versions, target_id=target_id, blocks=blocks)
        result = bisection.judge(step, measured, look=look, looks=len(looks), error=error, margin=rule.margin)
        note(result)
        if result.is_settled:
            break
    return result
