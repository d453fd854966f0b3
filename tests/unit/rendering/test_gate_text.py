"""What a gate found, as sentences and as JSON."""

import dataclasses
from typing import Any

from featray.analysis import comparison
from featray.analysis.comparison import Comparison, gate
from featray.analysis.comparison.gate import Gate, Require
from featray.core.row import Row
from featray.rendering import gate_text
from featray.stats import Verdict
from tests.support.builders import make_rows
from tests.support.sides import STILL, scale

FAILED: dict[str, Any] = {"status": "oom", "timed_s": None, "work": None}


def side(name: str, factor: float = 1.0, **changes: Any) -> list[Row]:
    return make_rows(scale(factor), sweep=name, run_id=name, **changes)


def compare(baseline: list[Row], candidate: list[Row]) -> Comparison:
    return comparison.compare(baseline, candidate, noise=STILL)


def judge(compared: Comparison, require: Require = Require.COMPARABLE) -> Gate:
    return gate.judge(compared, {Verdict.SLOWER}, require)


def test_a_gate_that_decides_nothing_counts_the_verdicts_and_marks_what_may_be_chance() -> None:
    compared = compare(side("a"), side("b", 1.3))
    marked = dataclasses.replace(compared, pairs=(dataclasses.replace(compared.pairs[0], dagger=True),))
    assert gate_text.why_open(judge(marked)) == (
        "the gate could not decide. No pair is decided (1 SLOWER†). "
        "The line of each pair says what to measure; --require sets what must be known."
    )


def test_a_gate_that_cannot_decide_on_a_busy_machine_says_so_and_what_to_do() -> None:
    why = gate_text.why_open(judge(compare(side("a", cpu_other=0.02), side("b", cpu_other=0.5))))
    assert why == (
        "the gate could not decide. No pair is decided (1 INCONCLUSIVE). The machine was in another state for one side "
        "(other processes) in 1 of 1 pair: measure again while the machine is quiet, with "
        "`featray submit b --rerun`. The line of each pair says what to measure; --require sets what must be known."
    )
    quiet = gate_text.why_open(judge(compare(side("a"), side("b", work={"au_model": '"xgb"'}))))
    assert "state" not in quiet


def test_a_unit_that_failed_is_named_once() -> None:
    failed = side("b", batch_size=4, status="oom", timed_s=None, work=None)
    why = gate_text.why_open(judge(compare([*side("a"), *side("a", batch_size=4)], [*side("b"), *failed])))
    assert why.count("b=4") == 1
    assert "The candidate has no number for 1 unit that the baseline has: retinaface short b=4 RTX 3090." in why


def test_what_is_missing_or_failed_comes_with_the_commands_that_work() -> None:
    commands = (
        "`featray submit b --retry-failed` measures what is missing or failed; if the sweep no longer asks for it, "
        "`featray submit b --rerun` starts a run without it, or leave it out of both sides by a filter, such as "
        "SWEEP,batch=1."
    )
    both = [*side("a"), *side("a", batch_size=4)]
    assert commands in gate_text.why_open(judge(compare(both, side("b"))))
    partly = [*side("b")[:3], *make_rows([1.0], sweep="b", run_id="b", invocation=9, **FAILED)]
    some = [dataclasses.replace(row, invocation=number, block=number) for number, row in enumerate(partly, start=1)]
    assert commands in gate_text.why_open(judge(compare(side("a"), some)))
    assert "--rerun" not in gate_text.why_open(judge(compare(side("a"), side("b", work={"au_model": '"xgb"'}))))


def test_many_names_are_cut() -> None:
    batches = range(1, gate_text.NAMED + 4)
    compared = compare([row for batch in batches for row in side("a", batch_size=batch)], side("b", batch_size=1))
    assert gate_text.missing(judge(compared).missing).endswith("; and 2 more")


def test_a_gate_that_passes_says_what_it_leaves_open() -> None:
    compared = compare([*side("a"), *side("a", batch_size=4)], [*side("b"), *side("b", 1.025, batch_size=4)])
    assert gate_text.remarks(judge(compared), 2) == [
        "the gate leaves 1 of 2 pairs undecided: retinaface short b=4 RTX 3090 (INCONCLUSIVE)"
    ]
