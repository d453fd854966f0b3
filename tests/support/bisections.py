"""Bisections of generated times: what a bench would measure, drawn from known levels and spreads."""

import dataclasses
import random
from collections.abc import Mapping, Sequence

from featray.analysis import bisection
from featray.analysis.bisection import BisectionStep, Conclusion, StepResult, StepTimes
from featray.stats import MARGIN, sequential


@dataclasses.dataclass(frozen=True, kw_only=True)
class Series:
    """Versions whose true log times are known."""

    levels: Sequence[float]
    sd: float = 0.02  # between processes
    block_sd: float = 0.0  # between blocks: what the machine does to all versions of one
    broken: Mapping[int, str] = dataclasses.field(default_factory=dict)  # versions that cannot be measured


def draw(rng: random.Random, series: Series, step: BisectionStep, blocks: int) -> dict[int, list[float]]:
    """Draw the log times of a step's versions, block by block."""
    times: dict[int, list[float]] = {version: [] for version in step.versions if version not in series.broken}
    for _ in range(blocks):
        block = rng.gauss(0.0, series.block_sd)
        for version, logs in times.items():
            logs.append(series.levels[version] + block + rng.gauss(0.0, series.sd))
    return times


def settle(
    rng: random.Random,
    series: Series,
    step: BisectionStep,
    *,
    most: int = sequential.BLOCKS_MAX,
    margin: float = MARGIN,
) -> StepResult:
    """Measure a step as `running.bisection` does: look by look, until it is settled."""
    looks = sequential.looks(most)
    error = sequential.ERROR / bisection.steps_most(len(series.levels))
    drawn = draw(rng, series, step, most)
    lacking = {version: why for version, why in series.broken.items() if version in step.versions}
    for look, blocks in enumerate(looks):
        times = {version: tuple(logs[:blocks]) for version, logs in drawn.items()}
        measured = StepTimes(times=times, unmeasured=lacking)
        result = bisection.judge(step, measured, look=look, looks=len(looks), error=error, margin=margin)
        if result.is_settled:
            break
    return result


def bisect(
    rng: random.Random, series: Series, *, most: int = sequential.BLOCKS_MAX, margin: float = MARGIN
) -> tuple[Conclusion, list[StepResult]]:
    """Bisect generated times to the end."""
    results: list[StepResult] = []
    while True:
        chosen = bisection.advance(len(series.levels), results, margin=margin)
        if isinstance(chosen, Conclusion):
            return chosen, results
        results.append(settle(rng, series, chosen, most=most, margin=margin))


def steps_at(count: int, place: int, size: float) -> list[float]:
    """Give levels that rise once: by `size` from version `place` on."""
    return [size if number >= place else 0.0 for number in range(count)]
