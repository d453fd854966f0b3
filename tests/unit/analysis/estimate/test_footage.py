"""Films to estimate, from hours."""

import pytest

from featray.analysis.estimate import footage
from featray.errors import BadInput


def test_hours_are_films_of_equal_length() -> None:
    made = footage.of_hours(3000, clip_minutes=10, fps=25)
    assert len(made.films) == 18_000
    assert {film.frames for film in made.films} == {15_000}
    assert made.duration_s == pytest.approx(3000 * 3600)


def test_the_last_film_is_what_remains() -> None:
    made = footage.of_hours(0.25, clip_minutes=10, fps=24)
    assert [film.frames for film in made.films] == [14_400, 7_200]


def test_fewer_hours_than_a_film_are_one_film() -> None:
    (film,) = footage.of_hours(0.1, clip_minutes=10, fps=10).films
    assert film.frames == 3600


@pytest.mark.parametrize("hours", [0, -1, float("nan"), float("inf")])
def test_hours_that_cannot_be_are_refused(hours: float) -> None:
    with pytest.raises(BadInput, match=r"hours: .* cannot be; expected a number above 0"):
        footage.of_hours(hours, clip_minutes=10, fps=25)


def test_more_films_than_can_be_shared_out_are_refused() -> None:
    with pytest.raises(BadInput, match="expected longer clip minutes"):
        footage.of_hours(1e6, clip_minutes=0.01, fps=25)


@pytest.mark.parametrize("hours", [1e308, 1e13, 1e-300])
def test_hours_that_nobody_has_are_refused(hours: float) -> None:
    with pytest.raises(BadInput, match=r"hours: .* cannot be; expected a number from 1e-09 to 1e\+12"):
        footage.of_hours(hours, clip_minutes=10, fps=25)
