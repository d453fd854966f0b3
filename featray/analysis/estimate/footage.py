"""Footage: the films that somebody wants to analyse.

Flow: hours, or files that `api.films` has read -> `Footage` -> `forecast`, `archive`. Pure.
"""

import dataclasses
import functools
import math

from featray.errors import BadInput

LEAST, MOST = 1e-9, 1e12  # of any number that is given: products of several of them are still finite
FPS_LEAST, FPS_MOST = 1e-3, 1e5  # Hz: a picture every 17 minutes, and beyond high-speed cameras for faces
FILMS_MAX = 1_000_000  # sharing out as many takes 10 s


@dataclasses.dataclass(frozen=True, kw_only=True)
class Film:
    """One file, or one of many equal ones. `path` is None where only hours are known."""

    path: str | None
    frames: int
    duration_s: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Footage:
    """Films, at least one."""

    films: tuple[Film, ...]
    faces_per_frame: float | None = None  # mean over all frames of the films whose faces are known; None: of no film
    films_without_faces: int = 0  # whose faces are unknown, while those of others are known
    remarks: tuple[str, ...] = ()  # sentences on what is odd about the films

    @functools.cached_property
    def frames(self) -> int:
        """Count the frames of all films."""
        return sum(film.frames for film in self.films)

    @functools.cached_property
    def duration_s(self) -> float:
        """Give the seconds of film."""
        return math.fsum(film.duration_s for film in self.films)

    @functools.cached_property
    def longest(self) -> Film:
        """Give the film with the most frames."""
        return max(self.films, key=lambda film: film.frames)


def check_positive(value: float | None, name: str) -> None:
    """Refuse a number that is not above 0, or that no footage, machine or purse has; None was not given.

    Raises:
        BadInput: the message names the option.
    """
    if value is not None and not (0 < value < math.inf):
        raise BadInput(f"{name}: {value:g} cannot be; expected a number above 0")
    if value is not None and not LEAST <= value <= MOST:
        raise BadInput(f"{name}: {value:g} cannot be; expected a number from {LEAST:g} to {MOST:g}")


def check_rate(value: float | None, name: str) -> None:
    """Refuse a frame rate that no film has; None was not given.

    Raises:
        BadInput: the message names the option.
    """
    check_positive(value, name)
    if value is not None and not FPS_LEAST <= value <= FPS_MOST:
        raise BadInput(f"{name}: {value:g} cannot be; expected a frame rate from {FPS_LEAST:g} to {FPS_MOST:g} Hz")


def of_hours(hours: float, *, clip_minutes: float, fps: float, faces_per_frame: float | None = None) -> Footage:
    """Make films of equal length; the last one is what remains.

    Raises:
        BadInput: a number is not above 0, or there are more than `FILMS_MAX` films.
    """
    given = {"hours": hours, "clip minutes": clip_minutes, "fps": fps}
    for name, value in given.items():
        check_positive(value, name)
    whole_s, clip_s = hours * 3600, min(clip_minutes * 60, hours * 3600)
    check_positive(max(1.0, clip_s * fps), "frames of a film")
    count = math.ceil(whole_s / clip_s - 1e-9)  # 3000 h / 10 min is 18000, whatever the rounding
    if count > FILMS_MAX:
        raise BadInput(f"{count} films are more than {FILMS_MAX}; expected longer clip minutes, or fewer hours")
    lengths_s = [clip_s] * (count - 1) + [whole_s - (count - 1) * clip_s]
    films = (Film(path=None, frames=max(1, round(length * fps)), duration_s=length) for length in lengths_s)
    return Footage(films=tuple(films), faces_per_frame=faces_per_frame)
