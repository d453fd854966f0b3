"""Tables for terminals of any width: every figure and heading whole, names broken only between words."""

import io

import pytest
from rich.console import Console

from featray.rendering import fitted_tables
from featray.rendering.fitted_tables import FittedTable

HEADINGS = ("detector", "batch", "ms/frame", "95% CI", "IQR")
LINES = (("retinaface", "16", "10.0", "9.8 to 11.0", "1.4%"), ("img2pose", "1", "114.3", "112.0 to 116.2", "12%"))


def drawn(table: FittedTable, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(table, crop=False)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def make_table(lines: tuple[tuple[str, ...], ...] = LINES, **changes: object) -> FittedTable:
    columns: dict[str, object] = {"title": "A title", "headings": HEADINGS, "keys": 2, "groups": [lines]}
    return FittedTable(**(columns | changes))  # type: ignore[arg-type]


def test_a_table_that_fits_is_one_table() -> None:
    assert drawn(make_table(), 60) == [
        *("", "A title"),
        "detector    batch  ms/frame          95% CI   IQR",
        "─" * 49,
        "retinaface     16      10.0     9.8 to 11.0  1.4%",
        "img2pose        1     114.3  112.0 to 116.2   12%",
    ]


def test_the_last_figures_have_a_table_of_their_own_that_begins_as_the_first_one() -> None:
    lines = drawn(make_table(), 48)
    assert [line.split()[0] for line in lines if "batch" in line] == ["detector"] * 2
    assert "retinaface     16      10.0     9.8 to 11.0" in lines
    assert "retinaface     16  1.4%" in lines


def test_on_the_narrowest_terminal_each_line_is_a_paragraph() -> None:
    assert drawn(make_table(), 30)[2:] == [
        *("retinaface, batch 16", "    ms/frame 10.0", "    95% CI 9.8 to 11.0", "    IQR 1.4%"),
        *("img2pose, batch 1", "    ms/frame 114.3", "    95% CI 112.0 to 116.2", "    IQR 12%"),
    ]


def test_a_long_name_stands_last_and_wraps_between_words() -> None:
    name = "a model of faces with a name of many words"
    lines = drawn(make_table(((name, *LINES[0][1:]), LINES[1])), 60)
    assert lines[2].split() == ["batch", "ms/frame", "95%", "CI", "IQR", "detector"]
    assert " ".join(line[39:].strip() for line in lines[4:]).startswith(name)


def test_a_long_name_is_repeated_in_the_table_of_the_last_figures() -> None:
    name = "a model of faces with a name of many words"
    lines = drawn(make_table(((name, *LINES[0][1:]), LINES[1])), 50)
    heads = [line.split() for line in lines if "detector" in line]
    assert heads == [["batch", "ms/frame", "95%", "CI", "detector"], ["batch", "IQR", "detector"]]
    assert "   16      10.0     9.8 to 11.0  a model of faces" in lines
    assert "   16  1.4%  a model of faces" in lines


def test_a_long_word_is_not_broken() -> None:
    name = "a" * 70
    lines = drawn(make_table(((name, *LINES[0][1:]), LINES[1])), 60)
    assert any(name in line for line in lines)


def test_a_figure_that_no_line_has_has_no_column() -> None:
    lines = drawn(make_table(tuple((*line[:4], "-") for line in LINES)), 60)
    assert lines[2].split() == ["detector", "batch", "ms/frame", "95%", "CI"]


def test_a_name_that_all_lines_share_is_said_once() -> None:
    headings = ("host", "environment", *HEADINGS[1:])
    lines = [("box", "torch-2.5", *line[1:]) for line in LINES]
    shown = drawn(make_table(headings=headings, keys=3, groups=[lines], said=["cuda"]), 80)
    assert shown[2] == "cuda, box, environment torch-2.5"
    assert "box" not in "".join(shown[3:])


@pytest.mark.parametrize("width", range(8, 40))
def test_columns_are_split_only_where_each_table_fits(width: int) -> None:
    parts = fitted_tables.split([4, 3, 6, 9, 2], 2, [], width)
    if width < 9 + 4 + 3 + 2 * 2 + 1:
        assert parts is None
    else:
        assert parts is not None
        assert [index for part in parts for index in part[2:]] == [2, 3, 4]
        assert all(part[:2] == [0, 1] for part in parts)
