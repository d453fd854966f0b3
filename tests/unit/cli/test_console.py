"""Console: results on stdout, everything else on stderr."""

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
