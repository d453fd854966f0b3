"""`featray report`: what goes to stdout and what to a file."""

from pathlib import Path

import pytest

from featray import store
from tests.support.builders import make_row
from tests.support.command import Shell


@pytest.mark.parametrize(
    ("options", "is_printed", "file"),
    [
        ((), True, "results/reports/demo-1.md"),
        (("--format", "json"), True, None),
        (("--format", "html"), False, "results/reports/demo-1.html"),
        (("-o", "mine.md"), False, "mine.md"),
        (("-o", "-"), True, None),
    ],
)
def test_a_report_is_printed_written_or_both(
    options: tuple[str, ...], is_printed: bool, file: str | None, shell: Shell
) -> None:
    store.append(shell.folder / "results", [make_row()])
    ran = shell("report", *options)
    assert (ran.code, bool(ran.out)) == (0, is_printed)
    assert ran.err == (f"report: {file}\n" if file else "")
    assert file is None or (shell.folder / Path(file)).exists()
