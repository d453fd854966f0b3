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


def test_open_shows_the_page_in_a_browser(shell: Shell, history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_page(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", open_page)
    page = shell.folder / "page.html"
    ran = shell("report", "--results", history, "--format", "html", "-o", page, "--open")
    assert (ran.code, opened) == (0, [page.as_uri()])


def test_open_needs_a_page_in_a_file(shell: Shell) -> None:
    assert "--open shows a page: add --format html" in shell.complain("report", "--open")
    assert "write it to a file" in shell.complain("report", "--open", "--format", "html", "-o", "-")
