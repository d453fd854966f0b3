"""Bisection JSON: how a bisection ended, with every step, for programs. Ratios are of times; absent is null.

Flow: `analysis.bisection` -> `render` -> `featray bisect --json`. Pure.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from featray.analysis.bisection import Conclusion, StepResult
from featray.core import secret_values
from featray.core.package_version import PackageVersion
from featray.stats.sequential import Contrast

FORMAT_VERSION = 1


def to_value(
    ended: Conclusion,
    results: Sequence[StepResult],
    versions: Sequence[PackageVersion],
    facts: Mapping[str, Any],
    *,
    cautions: Sequence[Sequence[str]],
) -> dict[str, Any]:
    """Give a bisection as plain values.

    Args:
        ended: How it ended.
        results: Its steps.
        versions: That were bisected.
        facts: What else belongs at the top, such as the package and the machine.
        cautions: Of each step.
    """
    names = [version.name for version in versions]
    return {
        "format": FORMAT_VERSION,
        **facts,
        "ending": str(ended.ending),
        "reason": None if ended.reason is None else str(ended.reason),
        "first_bad": names[ended.suspects[0]] if len(ended.suspects) == 1 else None,
        "last_good": None if ended.good is None else names[ended.good],
        "suspects": [names[number] for number in ended.suspects],
        "about": [names[number] for number in ended.about],
        "unmeasured": [names[number] for number in ended.unmeasured],
        "change": contrast(ended.change),
        "overall": contrast(ended.overall),
        "versions": [
            {
                "name": version.name,
                "requirement": secret_values.recorded(version.requirement),
                "note": version.note,
            }
            for version in versions
        ],
        "steps": [
            {**_step(result, names), "cautions": list(texts)} for result, texts in zip(results, cautions, strict=True)
        ],
    }


def contrast(change: Contrast | None) -> dict[str, float | None] | None:
    """Give a change as ratios of times."""
    if change is None:
        return None
    values = {"ratio": change.difference, "low": change.low, "high": change.high}
    return {name: math.exp(value) if math.isfinite(value) else None for name, value in values.items()}


def _step(result: StepResult, names: Sequence[str]) -> dict[str, Any]:
    step = result.step
    return {
        "first": names[step.first],
        "last": names[step.last],
        "middles": [names[number] for number in step.middles],
        "is_check": step.is_check,
        "blocks": result.blocks,
        "ends": str(result.ends),
        "change": None if result.difference is None else contrast(result.compare(step.first, step.last)),
        "places": {names[number]: str(place) for number, place in result.places.items()},
        "unmeasured": {names[number]: why for number, why in result.measured.unmeasured.items()},
    }
