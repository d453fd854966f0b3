"""Colours, marks and dashes."""

from featray.rendering.page import palette
from featray.stats import Verdict


def test_both_themes_have_as_many_colours_and_repeat_them_after_the_last() -> None:
    assert len(palette.LIGHT) == len(palette.DARK)
    assert palette.colour(len(palette.LIGHT)) == 0
    assert palette.cycled(("a", "b"), 2) == "a"


def test_every_verdict_has_a_colour_and_a_mark_of_its_own() -> None:
    assert set(palette.VERDICT_COLOURS) == set(palette.VERDICT_MARKS) == {str(verdict) for verdict in Verdict}
    assert len(set(palette.VERDICT_MARKS.values())) == len(Verdict)


def test_every_mark_and_dash_has_its_outline_for_the_legend() -> None:
    assert set(palette.MARK_PATHS) == set(palette.MARKS)
    assert set(palette.DASH_ARRAYS) == set(palette.DASHES)
