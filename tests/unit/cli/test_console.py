"""Console: results on stdout, everything else on stderr."""

from collections.abc import Callable

import pytest

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
