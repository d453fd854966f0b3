"""Comparison text: a comparison as lines for people, one per pair, and as JSON for scripts.

Flow: `comparison.Comparison` -> `lines`, `summary`, `to_json` -> `featray compare`; what the gate says of it is in
`gate_text`. Pure.
"""

import math
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from featray.analysis import drift_wording
from featray.analysis.comparison import Comparison, Pair, SeparationPlan, next_step
from featray.analysis.unit import Unit
from featray.core import json_text, wording
from featray.stats import Decision, Verdict

HEADINGS = ("pair", "ratio", "95% CI", "verdict", "why, and what to do next")
NAME_LENGTH = 40  # characters of a detector, input or environment in a pair's name
WHY_LENGTH_MIN = 60  # columns for the reasons beside a pair; with less they stand below it
NAME_LENGTH_MIN = 20  # of a whole pair's name on a narrow terminal


def cells(comparison: Comparison) -> list[tuple[str, ...]]:
    """Write each pair as the texts under `HEADINGS`; what holds for every pair is in `summary`, once."""
    shared = {*_shared(comparison), *_common_allowance(comparison)}
    return [_line(pair, shared) for pair in comparison.pairs]


def lines(comparison: Comparison, width: int | None = None, *, is_terminal: bool = False) -> list[str]:
    """Write one line per pair, in columns, with the ratio of candidate time to baseline time.

    What holds for every pair is in `summary`, once.

    Args:
        comparison: To write.
        width: Columns of the terminal. Long names are shortened so that the verdict still fits; None keeps them.
        is_terminal: Where a line does not fit, put the figures first and the reasons below.
    """
    table = [HEADINGS, *cells(comparison)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADINGS) - 1)]
    if width is not None:
        names = _fitting([line[0] for line in table], width - sum(widths[1:]) - 2 * len(widths[1:]))
        table = [(name, *line[1:]) for name, line in zip(names, table, strict=True)]
        widths[0] = max(map(len, names))
    if is_terminal and width is not None and width - sum(widths) - 2 * len(widths) < WHY_LENGTH_MIN:
        return _with_reasons_below(table, widths, width)
    return ["  ".join([*map(str.ljust, line[:-1], widths), line[-1]]).rstrip() for line in table]


def _with_reasons_below(table: Sequence[Sequence[str]], widths: Sequence[int], width: int) -> list[str]:
    """Put the figures first and the name last, and what else there is to say below them, in lines of the width."""
    written = []
    for name, *figures, why in table:
        written.append("  ".join([*map(str.ljust, figures, widths[1:]), name]).rstrip())
        if why and why != HEADINGS[-1]:
            written += textwrap.wrap(why, width, initial_indent="    ", subsequent_indent="    ")
    return written


def _fitting(names: Sequence[str], length: int) -> list[str]:
    """Shorten names to a length, unless two of them would then be equal."""
    short = [wording.shortened(name, max(length, NAME_LENGTH_MIN)) for name in names]
    return short if len(set(short)) == len(set(names)) else list(names)


def _line(pair: Pair, shared: Collection[str]) -> tuple[str, ...]:
    decision = pair.decision
    return (
        name(pair),
        wording.ABSENT if decision is None else wording.ratio(decision.ratio),
        _interval(decision),
        str(pair.verdict) + "†" * pair.dagger,
        "; ".join(remark for remark in _remarks(pair) if remark not in shared),
    )


def _interval(decision: Decision | None) -> str:
    if decision is None or decision.low is None or decision.high is None:
        return wording.ABSENT
    return f"{wording.ratio(decision.low)} to {wording.ratio(decision.high)}"


def _remarks(pair: Pair) -> list[str]:
    """List the reasons, the factors, the cautions and the next step; of a decided pair its speedup first."""
    remarks = [f"{wording.times(pair.decision.speedup)} as fast"] if pair.decision and pair.is_different else []
    remarks += _drift(pair)
    remarks += ["undecided: it may be chance among so many pairs"] if pair.dagger else []
    remarks += pair.reasons
    remarks += [pair.attribution] if pair.factors else []
    remarks += [pair.allowance] if pair.allowance else []
    remarks += pair.cautions
    step = next_step(pair)
    return [wording.plain(remark) for remark in (*remarks, *([step] if step else []))]


def _drift(pair: Pair) -> list[str]:
    """Say how far the output moved, beside the ratio; a pair without a ratio has it among its reasons."""
    return [drift_wording.phrase(pair.drift)] if pair.drift and pair.decision else []


def _shared(comparison: Comparison) -> list[str]:
    """List the remarks that all pairs have in common; a single pair shares nothing.

    Drift is never shared: what a pair gains and what it costs belong in one line.
    """
    own = [set(map(wording.plain, _drift(pair))) for pair in comparison.pairs]
    remarks = [
        [remark for remark in _remarks(pair) if remark not in drifts]
        for pair, drifts in zip(comparison.pairs, own, strict=True)
    ]
    return [remark for remark in remarks[0] if all(remark in others for others in remarks)] if len(remarks) > 1 else []


def _common_allowance(comparison: Comparison) -> list[str]:
    """Give the allowance if all pairs of several that have one have the same."""
    allowances = {wording.plain(pair.allowance) for pair in comparison.pairs if pair.allowance}
    return list(allowances) if len(allowances) == 1 and len(comparison.pairs) > 1 else []


def name(pair: Pair) -> str:
    """Name a pair: a setting that both sides share once, any other as `baseline->candidate`."""
    return wording.plain(" ".join(text for part in _PARTS if (text := _both(pair, part))))


def unit_name(unit: Unit) -> str:
    """Name a unit as the pairs are named."""
    return wording.plain(" ".join(text for part in _PARTS if (text := part(unit))))


def targets(pair: Pair) -> str:
    """Name the target of a pair, or both: `RTX 3090`, `RTX 3090->L40S`."""
    return _both(pair, _target)


def _both(pair: Pair, part: Callable[[Unit], str]) -> str:
    baseline, candidate = part(pair.baseline), part(pair.candidate)
    return baseline if baseline == candidate else f"{baseline or 'default'}->{candidate or 'default'}"


def _target(unit: Unit) -> str:
    return unit.target.name


_PARTS: Sequence[Callable[[Unit], str]] = (
    lambda unit: wording.shortened(unit.row.detector, NAME_LENGTH),
    lambda unit: wording.shortened(unit.row.input, NAME_LENGTH),
    lambda unit: f"b={unit.row.batch_size}",
    lambda unit: f"w={unit.row.num_workers}" if unit.row.num_workers else "",
    lambda unit: f"t={unit.asked_threads}" if unit.asked_threads else "",
    lambda unit: f"p={unit.processes}" if unit.processes > 1 else "",
    lambda unit: "all GPUs" if unit.is_whole and unit.gpus == 1 else "",
    lambda unit: wording.shortened(unit.row.environment or "", NAME_LENGTH),
    _target,
)


def summary(comparison: Comparison) -> list[str]:
    """Say what holds for all lines, and which units have no counterpart."""
    shared = _shared(comparison)
    remarks = [_counts(comparison), *(f"every pair: {remark}" for remark in shared)]
    remarks += [
        f"every pair with a ratio: {remark}" for remark in _common_allowance(comparison) if remark not in shared
    ]
    if comparison.daggers:
        remarks.append(dagger_note(comparison.daggers))
    for units, side in ((comparison.only_baseline, "baseline"), (comparison.only_candidate, "candidate")):
        if units:
            remarks.append(f"without a counterpart: {wording.count(len(units), 'unit')} of the {side}")
    measured = sum(bool(unit.logs) for unit in comparison.superseded)
    left_out = {
        "a later run measured the same": measured,
        "it has no number, and another measurement of the same has one": len(comparison.superseded) - measured,
    }
    remarks += [f"left out because {why}: {wording.count(units, 'unit')}" for why, units in left_out.items() if units]
    return remarks


def _counts(comparison: Comparison) -> str:
    counts = {verdict: sum(pair.verdict is verdict for pair in comparison.pairs) for verdict in Verdict}
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    verdicts += f" ({comparison.daggers} of them may be chance: undecided)" if comparison.daggers else ""
    over = f" over {', '.join(comparison.over)}" if comparison.over else ""
    pairs = f"{wording.count(len(comparison.pairs), 'pair')}{over} (ratio = candidate time / baseline time): {verdicts}"
    least = margin(comparison.pairs)
    return f"{pairs}; {least}" if least else pairs


def margin(pairs: Iterable[Pair]) -> str | None:
    """Say below which size a difference does not count; None where no pair has a ratio, or every difference counts."""
    margins = [pair.decision.margin for pair in pairs if pair.decision]
    shown = wording.margin(max(margins)) if margins else ""
    return f"differences below {shown} do not count" if shown.strip("0.%") else None


def dagger_note(daggers: int) -> str:
    """Explain the daggers of so many differences."""
    count = wording.count(daggers, "difference")
    return f"† {count} may be chance: among many pairs some always look different (Benjamini-Hochberg, 5%)"


def to_json(comparison: Comparison, gate: Mapping[str, Any] | None = None) -> str:
    """Write a comparison for scripts. `ratio` is candidate time over baseline time.

    Args:
        comparison: To write.
        gate: What `gate_text` wrote of its gate; None without one.
    """
    value = {
        "over": list(comparison.over),
        "pairs": [record(pair) for pair in comparison.pairs],
        "only_baseline": [_unit(unit) for unit in comparison.only_baseline],
        "only_candidate": [_unit(unit) for unit in comparison.only_candidate],
        "superseded": [_unit(unit) for unit in comparison.superseded],
        **({"gate": gate} if gate else {}),
    }
    return json_text.write(value)


def record(pair: Pair) -> dict[str, Any]:
    """Write a pair as plain values."""
    return {
        "name": name(pair),
        "baseline": _unit(pair.baseline),
        "candidate": _unit(pair.candidate),
        "verdict": str(pair.verdict),
        "dagger": pair.dagger,
        **_figures(pair.decision),
        "reasons": list(pair.reasons),
        "states": {state.name: {"baseline": state.baseline, "candidate": state.candidate} for state in pair.states},
        "work_differences": [vars(change) for change in pair.changes],
        "factors": [
            {"factor": factor.key, "kind": str(factor.kind), "changes": [vars(change) for change in factor.changes]}
            for factor in pair.factors
        ],
        "unknown_factors": list(pair.unknown),
        "drift": None if pair.drift is None else drift_wording.to_plain(pair.drift),
        "drift_causes": list(pair.causes),
        "allowance": pair.allowance,
        "cautions": list(pair.cautions),
        "separation": _separation(pair.separation),
        "next": next_step(pair) or "nothing",
    }


def _figures(decision: Decision | None) -> dict[str, Any]:
    return {name: None if decision is None else read(decision) for name, read in _FIGURES.items()}


_FIGURES: Mapping[str, Callable[[Decision], Any]] = {
    "ratio": lambda decision: decision.ratio,
    "ratio_low": lambda decision: decision.low,
    "ratio_high": lambda decision: decision.high,
    "speedup": lambda decision: decision.speedup,
    "margin_ratio": lambda decision: math.exp(decision.margin),
    "invocations_baseline": lambda decision: decision.n_baseline,
    "invocations_candidate": lambda decision: decision.n_candidate,
    "sd": lambda decision: decision.spread.sd,
    "sd_basis": lambda decision: str(decision.spread.basis),
    "invocations_needed": lambda decision: decision.needed,
    "p_value": lambda decision: decision.p_value,
}
"""Key -> the figure of a pair; all are null where there is no ratio."""


def _separation(separation: SeparationPlan | None) -> dict[str, Any] | None:
    if separation is None:
        return None
    return {
        "start": separation.start,
        "cells": [
            {"text": step.text, "isolates": step.isolates, "takes": dict(step.takes), "requirements": step.requirements}
            for step in separation.cells
        ],
        "inseparable": list(separation.inseparable),
        "why": separation.why,
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
