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


def test_rows_that_cannot_be_read_are_named_once_for_each_file_and_cause() -> None:
    errors = ["column a: expected b, got 1", "column a: expected b, got 2", "column c is missing"]
    rows = [
        problems.bad_row(file, error, {"run_id": "r", "cell_id": f"c{number}"})
        for file in ("x.parquet", "y.parquet")
        for number, error in enumerate(errors)
    ]
    assert list(map(str, problems.report_bad_rows(rows)))[:3] == [
        "x.parquet: holds 2 rows that cannot be read (the first: run 'r', cell 'c0'): column a: expected b, got 1",
        "x.parquet: holds a row that cannot be read (run 'r', cell 'c2'): column c is missing",
        "y.parquet: holds 2 rows that cannot be read (the first: run 'r', cell 'c0'): column a: expected b, got 1",
    ]
