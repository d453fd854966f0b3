"""Bisection: measure the steps of a bisection through submits, each until it is decided.

Flow: `api.bisect` -> `run` -> `StepSweeps`, `StepBench` -> store -> `analysis.bisection` -> `Bisection`.

    step_sweeps  one step -> a sweep with an environment per version
    step_bench   measures a step's sweep, on a backend that is started when it is first needed
    bisecting    step after step, until the search ends
"""

from featray.running.bisection.bisecting import Again, Bisection, Rule, first_step, run
from featray.running.bisection.step_bench import StepBench
from featray.running.bisection.step_sweeps import StepSweeps, choose_cell, find_base

__all__ = ["Again", "Bisection", "Rule", "StepBench", "StepSweeps", "choose_cell", "find_base", "first_step", "run"]
