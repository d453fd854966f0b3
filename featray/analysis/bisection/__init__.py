"""Bisection: which of many versions changed a time, from steps that measure a few of them side by side.

Flow: number of versions -> `search.advance` -> `BisectionStep` -> its rows -> `step_times.gather` -> `judging.judge` ->
`StepResult`, and back to `advance`, which ends in a `Conclusion`. Pure.

    step_times  rows of one step -> log times by block
    judging     times -> where each version lies, or that more blocks are needed
    search      results of steps -> the next step, or the end
    cautions    what differs beside the time, such as the outputs
"""

from featray.analysis.bisection.judging import BisectionStep, Ends, StepResult, judge
from featray.analysis.bisection.search import Conclusion, Ending, advance, steps_most
from featray.analysis.bisection.step_times import StepTimes, gather

__all__ = [
    "BisectionStep",
    "Conclusion",
    "Ending",
    "Ends",
    "StepResult",
    "StepTimes",
    "advance",
    "gather",
    "judge",
    "steps_most",
]
