"""Run outcome: the parts of one submit add up."""

from featray.running.run_outcome import RunOutcome
from tests.support.builders import make_cell, make_row


def test_a_later_part_is_added_to_an_earlier_one() -> None:
    small, large = make_cell(batch_size=4), make_cell(batch_size=16)
    outcome = RunOutcome(problems=["a"], not_reached=1, exhausted={"t": [small]})
    later = RunOutcome(problems=["b"], not_reached=2, exhausted={"t": [large]}, duplicates=1)
    outcome.note(make_row())
    later.note(make_row(invocation=2, status="oom"))
    outcome.add(later)
    assert (outcome.stored, outcome.failed, len(set(outcome.key_hashes)), outcome.duplicates) == (2, 1, 2, 1)
    assert (outcome.problems, outcome.not_reached, outcome.exhausted) == (["a", "b"], 3, {"t": [small, large]})
