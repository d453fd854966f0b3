"""Listings: figures and ids stay whole at every width, and what has no room stands below."""

import pytest

from featray.cli.listing import ListedColumn, draw, sentences

COLUMNS = (ListedColumn("rows", is_number=True), *map(ListedColumn, ("run", "machines", "imported from")))
LINES = [("4", "quickstart-20260514-231532-a1b2", "box", ""), ("12", "2026-05-14", "shelf.example.org", "a b.md")]


def test_without_a_terminal_each_line_has_everything() -> None:
    assert draw(COLUMNS, LINES, None, whole=2) == [
        "rows  run                              machines           imported from",
        "   4  quickstart-20260514-231532-a1b2  box",
        "  12  2026-05-14                       shelf.example.org  a b.md",
    ]


def test_what_does_not_fit_stands_below_its_line_and_what_is_not_known_is_left_out() -> None:
    assert draw(COLUMNS, LINES, 60, whole=2) == [
        "rows  run                              machines",
        "   4  quickstart-20260514-231532-a1b2  box",
        "  12  2026-05-14                       shelf.example.org",
        "    imported from: a b.md",
    ]


def test_a_text_that_is_wider_than_its_column_may_be_stands_below_without_a_terminal_too() -> None:
    columns = (ListedColumn("id"), ListedColumn("why", width_max=8))
    assert draw(columns, [("a", "short")], None, whole=1) == ["id  why", "a   short"]
    assert draw(columns, [("a", "it is long"), ("b", "")], None, whole=1) == ["id", "a", "    why: it is long", "b"]


@pytest.mark.parametrize("width", [10, 37, 38, 80])
def test_ids_are_whole_at_every_width(width: int) -> None:
    drawn = draw(COLUMNS, LINES, width, whole=2)
    words = " ".join(drawn).split()
    assert {"quickstart-20260514-231532-a1b2", "shelf.example.org", "12"} <= set(words)


def test_a_name_cannot_move_the_cursor() -> None:
    assert draw((ListedColumn("name"),), [("a\x1b[2Jb\nc",)], None, whole=1) == ["name", "a [2Jb c"]


def test_sentences_wrap_between_words_and_go_on_further_to_the_right() -> None:
    text = "long: batch 16\n  failed: batch 256 on a-host-of-long-name (no room)\n\nshort: batch 4"
    assert sentences(text, 30) == [
        "long: batch 16",
        "  failed: batch 256 on",
        "    a-host-of-long-name (no",
        "    room)",
        "",
        "short: batch 4",
    ]
    assert "\n".join(sentences(text, None)) == text
