"""Run outcome: the parts of one submit add up."""

from featray.running.run_outcome import RunOutcome
from tests.support.builders import make_cell, make_row


def test_a_later_part_is_added_to_an_earlier_one() -> None:
    small, large = make_cell(batch_size=4), make_cell(batch_size=16)
    outcome = RunOutcome(rows=[make_row()], problems=["a"], not_reached=1, exhausted={"t": [small]})
    outcome.add(RunOutcome(rows=[make_row(invocation=2)], problems=["b"], not_reached=2, exhausted={"t": [large]}))
    assert [row.invocation for row in outcome.rows] == [1, 2]
    assert (outcome.problems, outcome.not_reached, outcome.exhausted) == (["a", "b"], 3, {"t": [small, large]})
