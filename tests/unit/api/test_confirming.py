"""`featray history --confirm`: which sweeps are measured, and what is said where none can be."""

from pathlib import Path

import pytest

from featray import store
from featray.api import history
from featray.errors import BadInput
from tests.support.command import Shell
from tests.support.histories import make_history, make_side_by_side


def test_a_step_of_a_machine_that_is_not_here_stays_suspected_and_the_exit_code_says_so(shell: Shell) -> None:
    store.append(shell.folder / "results", make_history(10, 10))
    done = shell("history", "--confirm", "--backend", "inline", "--quiet")
    assert done.code == 1
    assert "was not measured: hosts: no host matches 'box'" in done.err
    assert "SUSPECTED" in done.out


def test_only_steps_that_are_shown_are_confirmed(tmp_path: Path) -> None:
    store.append(tmp_path, [*make_history(10, 10), *make_history(10, 10, ratio=1.0, detector="img2pose")])
    found = history(results=str(tmp_path), detector="img2pose", confirm=True, backend="inline")
    assert (found.confirmed, found.unconfirmed, found.exit_code) == ((), (), 0)


def test_what_is_confirmed_needs_no_sweep_and_shows_its_ratio_everywhere(shell: Shell) -> None:
    store.append(shell.folder / "results", [*make_history(10, 10), *make_side_by_side(25, (0.76, 0.84))])
    done = shell("history", "--confirm", "--backend", "inline", "--html", "history.html")
    assert done.code == 0
    assert done.err.startswith("nothing to confirm: ")
    found = history(results=str(shell.folder / "results"))
    (change,) = found.changes
    assert "Side by side in run confirm-25: SLOWER, ratio 1.11 (1.1 to 1.12)." in done.out
    assert f"! {change.state}" in done.out
    assert '"state": "CONFIRMED"' in found.to_json()
    assert ">CONFIRMED<" in (shell.folder / "history.html").read_text(encoding="utf-8")


def test_an_address_without_confirm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="address= goes with confirm=True"):
        history(results=str(tmp_path), address="192.0.2.10:6379")
    with pytest.raises(BadInput, match="retry_failed=True goes with confirm=True"):
        history(results=str(tmp_path), retry_failed=True)
    with pytest.raises(BadInput, match="no such backend"):
        history(results=str(tmp_path), confirm=True, backend="slurm")
