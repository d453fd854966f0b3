"""Console: results on stdout, everything else on stderr."""

from collections.abc import Callable

import pytest
from rich.live import Live
from rich.table import Table
from rich.text import Text

from featray.cli import console


def test_only_results_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    console.result("a result")
    console.say("a message")
    console.warn("take care")
    console.error("a mistake")
    out, err = capsys.readouterr()
    assert out == "a result\n"
    assert err == "a message\nfeatray: warning: take care\nfeatray: error: a mistake\n"


def test_a_table_keeps_its_width_where_stdout_is_no_terminal() -> None:
    assert console.stdout().width == console.WIDTH


@pytest.mark.parametrize("write", [console.error, console.warn, console.say])
def test_no_escape_of_a_store_reaches_the_terminal_and_lines_stay(
    write: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    write("run \x1b[2J\x9b31m\u202e\r'x'\n  left out: a")
    written = capsys.readouterr().err
    assert written.endswith("run  [2J 31m  'x'\n  left out: a\n")


HOSTILE = "box\x1b[2J\x9b31m\u202e"


def test_a_result_is_printable_on_a_terminal_and_whole_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    console.result(HOSTILE)
    assert capsys.readouterr().out == f"{HOSTILE}\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    console.result(HOSTILE)
    assert capsys.readouterr().out == "box [2J 31m \n"


def test_a_table_and_a_live_view_draw_no_escape_of_a_store(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("host")
    table.add_row(HOSTILE)
    console.stdout().print(table, Text(HOSTILE), HOSTILE, markup=False)
    with Live(console.Printable(Text(HOSTILE)), console=console.stderr(), transient=True) as live:
        live.console.print(Text(HOSTILE))
    out, err = capsys.readouterr()
    assert out.count("box [2J 31m") == 3
    assert "box [2J 31m" in err
    assert not [text for text in ("\x1b[2J", "\x9b", "\u202e") if text in out + err]
