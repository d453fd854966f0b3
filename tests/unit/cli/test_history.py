"""`featray history`: text or JSON on stdout, and the sweep that confirms a step."""

import json

from featray import store
from tests.support.command import Shell
from tests.support.histories import make_history


def test_a_step_is_shown_and_its_sweep_written(shell: Shell) -> None:
    store.append(shell.folder / "results", make_history(10, 10))
    assert "SUSPECTED" in shell("history").out
    assert json.loads(shell("history", "--json").out)["series"][0]["changes"][0]["state"] == "SUSPECTED"
    paged = shell("history", "--html", "history.html")
    assert paged.err == "page: history.html\n"
    assert (shell.folder / "history.html").exists()
    assert shell("suggest", "--history", "-o", "next").out.startswith("next/confirm-")


def test_nothing_is_suggested_without_a_step(shell: Shell) -> None:
    store.append(shell.folder / "results", make_history(10, 10, ratio=1.0))
    assert "no suspected step" in shell("suggest", "--history").err
