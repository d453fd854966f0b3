"""What people see in terminals of 80 and of 120 columns: every number and id whole, colours only where they belong."""

import json
from pathlib import Path

import pytest

from tests.support import screens
from tests.support.command import ROOT, Shell

OLD, NEW = "2026-05-03-864962c", "2026-05-14-c716340"
INVENTORY = ROOT / "clusters" / "liquidswords2.inventory.json"
WIDTHS = pytest.mark.parametrize("columns", [80, 120])


@WIDTHS
def test_a_comparison_begins_each_pair_with_whole_figures(columns: int, history: Path, shell: Shell) -> None:
    shown, _ = screens.show("compare", OLD, NEW, "--results", history, columns=columns)
    pairs = json.loads(shell("compare", OLD, NEW, "--results", history, "--json").out)["pairs"]
    lines = [line for line in shown if "INCONCLUSIVE  " in line]
    assert [line.split()[0] for line in lines] == [f"{pair['ratio']:.3g}" for pair in pairs]
    assert all(line.endswith("Blackwell") for line in lines)
    assert max(map(len, shown)) <= columns


@WIDTHS
def test_a_plan_shows_every_id_whole(columns: int, tmp_path: Path, shell: Shell) -> None:
    arguments = ("plan", ROOT / "sweeps" / "blackwell.yaml", "--inventory", INVENTORY, "--results", tmp_path)
    shown, _ = screens.show(*arguments, columns=columns)
    units = json.loads(shell(*arguments, "--json").out)["units"]
    words = " ".join(shown).split()
    assert {unit["cell_id"] for unit in units} <= set(words)
    assert {unit["target_id"] for unit in units} <= set(words)


@WIDTHS
def test_a_report_on_a_terminal_is_tables_with_whole_numbers(columns: int, history: Path) -> None:
    shown, _ = screens.show("report", NEW, "--results", history, columns=columns)
    text = "\n".join(shown)
    assert "|---|" not in text
    figures = [["16", "2.21", "30.7", "32.6"], ["16", "0.54", "7.5", "134.0"]]
    assert all(any(line.split()[-4:] == figure for line in shown) for figure in figures)


def test_an_error_is_red_on_a_terminal_unless_colours_are_unwanted(tmp_path: Path) -> None:
    _, coloured = screens.show("report", "--results", tmp_path, columns=80)
    assert b"\x1b[1;31mfeatray: error:\x1b[0m " in coloured
    _, without = screens.show("report", "--results", tmp_path, columns=80, NO_COLOR="1")
    _, dumb = screens.show("report", "--results", tmp_path, columns=80, TERM="dumb")
    assert b"\x1b" not in without + dumb


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_character_set_gets_no_traceback(encoding: str, history: Path) -> None:
    shown, _ = screens.show("report", NEW, "--results", history, columns=100, PYTHONIOENCODING=encoding, LC_ALL="C")
    text = "\n".join(shown)
    assert "Traceback" not in text
    assert "30.7" in text
