"""Problems: what is wrong with a file, and what to do, in one line."""

from featray.store import problems
from featray.store.problems import StoreProblem


def test_problems_end_a_message_once_each_in_a_line_of_their_own() -> None:
    listed = [StoreProblem("a.parquet", "empty; delete it"), StoreProblem("b.parquet", "damaged")]
    expected = "\n  left out: a.parquet: empty; delete it\n  left out: b.parquet: damaged"
    assert problems.format_problems([*listed, *listed]) == expected
    assert problems.format_problems([]) == ""


def test_a_librarys_long_message_is_cut_to_its_first_line() -> None:
    error = OSError("the first line" + "." * 300 + "\nthe second line")
    reason = problems.report_damage("a.parquet", error).reason
    assert reason.startswith("damaged or not parquet (the first line...")
    assert reason.endswith("...); move it out of the store")
    assert len(reason) < 300
