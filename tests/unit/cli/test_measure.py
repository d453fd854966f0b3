"""`featray measure`: a cell that is not named, or not there, is one message."""

import pytest

from tests.support.command import Shell


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a cell: a CELL.json, or --cell ID with --sweep FILE"),
        (("cell.json", "--cell", "1"), "name one cell: a CELL.json or --cell ID, not both"),
        (("missing.json",), "missing.json: cannot be read (No such file or directory)"),
        (("--cell", "1"), "results: no measured row of cell '1'; name its sweep with --sweep"),
    ],
)
def test_what_cannot_be_measured_is_one_message(arguments: tuple[str, ...], message: str, shell: Shell) -> None:
    ran = shell("measure", *arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", f"featray: error: {message}\n")
