"""Bisecting: step after step, each measured until it is decided, until the search ends.

Flow: `StepSweeps`, `StepBench` -> `run` -> `Bisection` -> `api.bisect`.
It holds no state of its own: a second call finds the stored rows of the first, takes the same steps from them, and goes
on where the first was stopped.
"""

import dataclasses
from collections.abc import Callable, Iterator

from featray.analysis import bisection
from featray.analysis.bisection import BisectionStep, Conclusion, StepResult, StepTimes
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
class Again:
    """What a bisection measures although the store has it."""

    rerun: bool = False  # everything, as another run
    retry_failed: bool = False  # what has no time


NOTHING_AGAIN = Again()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bisection:
    """A bisection that has ended: its steps, and what they come to."""

    results: tuple[StepResult, ...]
    conclusion: Conclusion


def run(sweeps: StepSweeps, bench: StepBench, rule: Rule, again: Again = NOTHING_AGAIN, *, note: Note) -> Bisection:
    """Bisect to the end.

    Args:
        sweeps: Of the versions.
        bench: Where to measure and to store.
        rule: When a step is decided.
        again: What is measured although the store has it.
        note: Called at every look.

    Raises:
        FeatrayError: as `StepBench.measure`.
    """
    results: list[StepResult] = []
    while not isinstance(chosen := bisection.advance(len(sweeps.versions), results, margin=rule.margin), Conclusion):
        number = len(results) + 1
        looked = []
        for result in _look(chosen, sweeps, bench, rule, again, is_tried=not results):
            note(number, result)
            looked.append(result)
        results.append(looked[-1])
    return Bisection(results=tuple(results), conclusion=chosen)


def first_step(count: int) -> BisectionStep:
    """Give the step that the bisection of so many versions begins with."""
    chosen = bisection.advance(count, ())
    assert isinstance(chosen, BisectionStep)  # without results there is no end
    return chosen


def _look(
    step: BisectionStep, sweeps: StepSweeps, bench: StepBench, rule: Rule, again: Again, *, is_tried: bool
) -> Iterator[StepResult]:
    """Measure a step look by look, until it is decided or was looked at for the last time.

    With `is_tried` one block comes first: if all versions fail in it for one reason, such as a package that each of
    them lacks, further blocks would fail like it.
    """
    versions = {cell_id(known): number for number, known in sweeps.cells(step).items()}
    target_id = sweeps.target.target_id
    looks = sequential.looks(rule.blocks_max)
    error = rule.error / bisection.steps_most(len(sweeps.versions))
    sizes = [(0, 1), *enumerate(looks)] if is_tried else [*enumerate(looks)]
    for place, (look, blocks) in enumerate(sizes):
        sweep = sweeps.make(step, blocks)
        is_new = again.rerun and place == 0
        if is_new or again.retry_failed or not bench.has(sweep, versions, target_id):
            bench.measure(sweep, rerun=is_new, retry_failed=again.retry_failed)
        measured = bisection.gather(bench.rows(sweep.name), versions, target_id=target_id, blocks=blocks)
        if blocks not in looks and not _all_failed_alike(measured):
            continue
        result = bisection.judge(step, measured, look=look, looks=len(looks), error=error, margin=rule.margin)
        yield result
        if result.is_settled:
            return


def _all_failed_alike(measured: StepTimes) -> bool:
    return not measured.times and len(set(measured.unmeasured.values())) == 1
