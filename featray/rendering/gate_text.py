"""Gate text: what a gate found, as sentences for stderr and as JSON.

Flow: `comparison.gate.Gate` -> `why_open`, `remarks`, `missing` -> `featray compare`. Pure.
"""

import collections
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from featray.analysis.comparison import Pair
from featray.analysis.comparison.gate import Gate, Require
from featray.analysis.unit import Unit
from featray.core import wording
from featray.rendering.comparison_text import name, unit_name

NAMED = 20  # pairs or units in one message: a log of tests shows it whole


def why_open(gate: Gate) -> str:
    """Say why a gate can neither pass nor fail, and what to do."""
    sentences = ["the gate could not decide", *(text[:1].upper() + text[1:] for text in _obstacles(gate))]
    remedy = "The line of each pair says what to measure; --require sets what must be known."
    return f"{'. '.join(sentences)}. {remedy}"


def _obstacles(gate: Gate) -> Iterator[str]:
    if gate.decides_nothing:
        yield f"no pair is decided ({_verdicts(gate.undecided)})" if gate.undecided else "no pair is decided"
    if gate.missing:
        yield missing(gate.missing)
    if gate.failed_more:
        yield failed_more(gate.failed_more)
    if gate.missing or gate.failed_more:
        yield _measure_again(gate)
    if gate.unasked:
        yield (
            f"the sides share no {wording.listed(gate.unasked)}, so that unlike settings are compared; "
            f"--over {','.join(gate.unasked)} does that on purpose"
        )
    unmet = [pair for pair in gate.unmet if pair.candidate not in gate.missing]
    if unmet:
        one = len(unmet) == 1
        lacks = "is not decided" if one else "are not decided"
        if gate.require is Require.COMPARABLE:
            lacks = "has no ratio" if one else "have no ratio"
        yield f"{wording.count(len(unmet), 'pair')} {lacks}: {_named(unmet)}"
    yield from _disturbed(gate.undecided if gate.decides_nothing else gate.unmet, gate.sweeps)


def _disturbed(pairs: Sequence[Pair], sweeps: Sequence[str]) -> Iterator[str]:
    """Say in how many pairs the machine was in another state for one side, and how to measure them again."""
    unlike = [pair for pair in pairs if pair.states]
    if unlike:
        names = wording.listed(dict.fromkeys(difference.name for pair in unlike for difference in pair.states))
        remedies = wording.listed(dict.fromkeys(state.what_to_do for pair in unlike for state in pair.states))
        again = wording.listed(f"`featray submit {shlex.quote(sweep)} --rerun`" for sweep in sweeps)
        yield (
            f"the machine was in another state for one side ({names}) in {len(unlike)} of "
            f"{wording.count(len(pairs), 'pair')}: {remedies}, with {again}"
        )


def _measure_again(gate: Gate) -> str:
    """Name the commands that give the candidate its numbers, or leave out what a sweep asks for no more."""
    again, anew = (
        wording.listed(f"`featray submit {shlex.quote(sweep)} {option}`" for sweep in gate.sweeps)
        for option in ("--retry-failed", "--rerun")
    )
    return (
        f"{again} measures what is missing or failed; if the sweep no longer asks for it, {anew} starts a run without "
        "it, or leave it out of both sides by a filter, such as SWEEP,batch=1"
    )


def remarks(gate: Gate, pairs: int) -> list[str]:
    """Say what a gate that passes or fails knows nothing about.

    Args:
        gate: That is not open.
        pairs: Number of all pairs.
    """
    texts = [missing(gate.missing)] if gate.missing else []
    texts += [failed_more(gate.failed_more)] if gate.failed_more else []
    undecided = [pair for pair in gate.undecided if pair.candidate not in gate.missing]
    if undecided:
        count = f"{len(undecided)} of {wording.count(pairs, 'pair')}"
        texts.append(f"the gate leaves {count} undecided: {_named(undecided)}")
    return texts


def missing(units: Sequence[Unit]) -> str:
    """Name the units for which the candidate has no number: its own, or the baseline's where it has none."""
    count = wording.count(len(units), "unit")
    names = wording.phrases([unit_name(unit) for unit in units], NAMED)
    return f"the candidate has no number for {count} that the baseline has: {names}"


def failed_more(units: Sequence[Unit]) -> str:
    """Name the units of the candidate that failed in more invocations than the baseline, with how many."""
    shares = [f"{unit_name(unit)} ({len(unit.failed)} of {len(unit.rows)} {_statuses(unit)})" for unit in units]
    return f"invocations failed that did not fail in the baseline: {wording.phrases(shares, NAMED)}"


def _statuses(unit: Unit) -> str:
    return wording.listed(dict.fromkeys(row.status for row in unit.failed))


def _named(pairs: Sequence[Pair]) -> str:
    return wording.phrases([f"{name(pair)} ({verdict(pair)})" for pair in pairs], NAMED)


def verdict(pair: Pair) -> str:
    """Write a verdict; a dagger marks a difference that may be chance."""
    return str(pair.verdict) + "†" * pair.dagger


def _verdicts(pairs: Sequence[Pair]) -> str:
    counts = collections.Counter(verdict(pair) for pair in pairs)
    return ", ".join(f"{number} {text}" for text, number in counts.items())


def to_record(gate: Gate) -> dict[str, Any]:
    """Write a gate for scripts, with the names of the pairs and units."""
    return {
        "exit_code": gate.exit_code,
        "failing": [name(pair) for pair in gate.failing],
        "undecided": [name(pair) for pair in gate.undecided],
        "missing": [unit_name(unit) for unit in gate.missing],
        "failed_more": [unit_name(unit) for unit in gate.failed_more],
        "unasked": list(gate.unasked),
    }
