"""`featray import`: what it prints where, and its exit codes."""

import pytest

from tests.support import pyfeat_reports
from tests.support.command import Shell


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """A report of py-feat's lies in the folder."""
    (shell.folder / "2026-07-01-abc1234.md").write_text(pyfeat_reports.markdown(), encoding="utf-8")
    return shell


def test_a_report_goes_in_once_and_comes_out_unchanged(shell: Shell) -> None:
    first = shell("import", "2026-07-01-abc1234.md")
    assert (first.code, first.out, first.err) == (0, "", "4 rows imported: 2026-07-01-abc1234\n")
    assert "0 rows imported, 4 were there already" in shell("import", "2026-07-01-abc1234.md").err
    written = shell("export", "--to", "markdown")
    assert (written.code, written.out, written.err) == (0, pyfeat_reports.markdown(), "")


def test_warnings_of_an_import_go_to_stderr(shell: Shell) -> None:
    (shell.folder / "speed-3090.md").write_text(pyfeat_reports.markdown(), encoding="utf-8")
    assert "featray: warning: speed-3090.md: named after 3090" in shell("import", "speed-3090.md").err


def test_a_broken_file_is_exit_code_2_one_message_and_nothing_written(shell: Shell) -> None:
    (shell.folder / "broken.md").write_text("# something else\n", encoding="utf-8")
    ran = shell("import", "2026-07-01-abc1234.md", "broken.md")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("featray: error: broken.md: no '- **Date:** ...' line")
    assert not (shell.folder / "results").exists()
