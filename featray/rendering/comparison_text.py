"""Verdicts: a comparison as lines for people, one per pair, and as JSON for scripts."""

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from featray.analysis.comparison import Comparison, Pair, Separation, next_step
from featray.analysis.units import Unit
from featray.core import wording
from featray.stats import Decision, Verdict

HEADINGS = ("pair", "ratio", "95% CI", "verdict", "why, and what to do next")


def lines(found: Comparison) -> list[str]:
    """Write one line per pair, in columns, with the ratio of candidate time to baseline time.

    What is to be said of every pair stands in `summary`, once.
    """
    shared = set(_shared(found))
    rows = [HEADINGS, *(_cells(pair, shared) for pair in found.pairs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    return ["  ".join([*map(str.ljust, row[:-1], widths), row[-1]]).rstrip() for row in rows]


def _cells(pair: Pair, shared: Collection[str]) -> tuple[str, ...]:
    decision = pair.decision
    return (
        name(pair),
        "-" if decision is None else f"{decision.ratio:.3g}",
        "-" if decision is None or decision.low is None else f"{decision.low:.3g} to {decision.high:.3g}",
        str(pair.verdict) + ("†" if pair.dagger else ""),
        "; ".join(each for each in _told(pair) if each not in shared),
    )


def _told(pair: Pair) -> list[str]:
    """Say why, what else to know, and what to do; for a decided pair, what the ratio belongs to."""
    told = [f"{pair.decision.speedup:.2f}x as fast"] if pair.decision and pair.verdict in DECIDED else []
    told += pair.reasons
    if pair.factors:
        gists = ", ".join(each.gist for each in pair.factors)
        told.append(f"confounded by {gists}" if pair.is_confounded else f"only {gists} is known to differ")
    told += pair.cautions
    step = next_step(pair)
    return [wording.plain(each) for each in (*told, *([] if step == "nothing" else [step]))]


DECIDED = (Verdict.FASTER, Verdict.SLOWER)


def _shared(found: Comparison) -> list[str]:
    """List what is to be said of every pair; a single pair shares nothing."""
    told = [_told(pair) for pair in found.pairs]
    return [each for each in told[0] if all(each in others for others in told)] if len(told) > 1 else []


def name(pair: Pair) -> str:
    """Name a pair by what its units have in common, and by both values of what they have not."""
    return wording.plain(" ".join(text for part in _PARTS if (text := _both(pair, part))))


def _both(pair: Pair, part: Callable[[Unit], str]) -> str:
    ours, theirs = part(pair.baseline), part(pair.candidate)
    return ours if ours == theirs else f"{ours or 'default'}->{theirs or 'default'}"


def _device(unit: Unit) -> str:
    gpu = (unit.row.gpu_name or "").removeprefix("NVIDIA ").removeprefix("GeForce ")
    return wording.shortened(gpu or unit.row.device, 60)


_PARTS: Sequence[Callable[[Unit], str]] = (
    lambda unit: wording.shortened(unit.row.detector, 40),
    lambda unit: wording.shortened(unit.row.input, 40),
    lambda unit: f"b={unit.row.batch_size}",
    lambda unit: f"w={unit.row.num_workers}" if unit.row.num_workers else "",
    lambda unit: f"t={unit.asked_threads}" if unit.asked_threads else "",
    lambda unit: wording.shortened(unit.row.environment or "", 40),
    _device,
    lambda unit: wording.shortened(unit.row.hostname or "", 40),
)


def summary(found: Comparison) -> list[str]:
    """Say what the lines rest on, and what stands alone."""
    told = [_counts(found), *(f"every pair: {each}" for each in _shared(found))]
    if found.daggers:
        count = wording.count(found.daggers, "difference")
        told.append(f"† {count} may be due to the number of pairs alone (Benjamini-Hochberg, 5%)")
    for units, which in ((found.only_baseline, "baseline"), (found.only_candidate, "candidate")):
        if units:
            told.append(f"without a counterpart: {wording.count(len(units), 'unit')} of the {which}")
    if found.superseded:
        told.append(f"left out for later runs of the same: {wording.count(len(found.superseded), 'unit')}")
    return told


def _counts(found: Comparison) -> str:
    counted = {verdict: sum(pair.verdict is verdict for pair in found.pairs) for verdict in Verdict}
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counted.items() if count)
    over = f" over {', '.join(found.over)}" if found.over else ""
    margins = [pair.decision.margin for pair in found.pairs if pair.decision]
    margin = f"; below {wording.percent(math.expm1(max(margins)))} nothing is called a difference" if margins else ""
    return f"{wording.count(len(found.pairs), 'pair')}{over} (ratio: candidate over baseline time): {verdicts}{margin}"


def to_json(found: Comparison) -> str:
    """Write a comparison for scripts. `ratio` is candidate time over baseline time."""
    value = {
        "over": list(found.over),
        "pairs": [_record(pair) for pair in found.pairs],
        "only_baseline": [_unit(unit) for unit in found.only_baseline],
        "only_candidate": [_unit(unit) for unit in found.only_candidate],
        "superseded": [_unit(unit) for unit in found.superseded],
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def _record(pair: Pair) -> dict[str, Any]:
    return {
        "name": name(pair),
        "baseline": _unit(pair.baseline),
        "candidate": _unit(pair.candidate),
        "verdict": str(pair.verdict),
        "dagger": pair.dagger,
        **_figures(pair.decision),
        "reasons": list(pair.reasons),
        "work_differences": [vars(change) for change in pair.changes],
        "factors": [
            {"factor": each.key, "kind": str(each.kind), "changes": [vars(change) for change in each.changes]}
            for each in pair.factors
        ],
        "unknown_factors": list(pair.unknown),
        "cautions": list(pair.cautions),
        "separation": _separation(pair.separation),
        "next": next_step(pair),
    }


def _figures(decision: Decision | None) -> Mapping[str, Any]:
    if decision is None:
        return dict.fromkeys(_FIGURES)
    return {
        "ratio": decision.ratio,
        "ratio_low": decision.low,
        "ratio_high": decision.high,
        "speedup": decision.speedup,
        "margin_ratio": math.exp(decision.margin),
        "invocations_baseline": decision.n_baseline,
        "invocations_candidate": decision.n_candidate,
        "sd": decision.spread.sd,
        "sd_basis": str(decision.spread.basis),
        "invocations_needed": decision.needed,
        "p_value": decision.p_value,
    }


_FIGURES = (
    "ratio",
    "ratio_low",
    "ratio_high",
    "speedup",
    "margin_ratio",
    "invocations_baseline",
    "invocations_candidate",
    "sd",
    "sd_basis",
    "invocations_needed",
    "p_value",
)


def _separation(plan: Separation | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    return {
        "start": plan.start,
        "cells": [
            {"text": step.text, "isolates": step.isolates, "takes": dict(step.takes), "requirements": step.requirements}
            for step in plan.steps
        ],
        "inseparable": list(plan.together),
        "why": plan.why,
    }


def _unit(unit: Unit) -> dict[str, Any]:
    row = unit.row
    return {
        "run_id": row.run_id,
        "cell_id": row.cell_id,
        "target_id": row.target_id,
        "work_id": row.work_id,
        "detector": row.detector,
        "input": row.input,
        "device": row.device,
        "batch_size": row.batch_size,
        "call_s": unit.call_s,
    }
