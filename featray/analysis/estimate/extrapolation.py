"""Extrapolation: what was not measured. `forecast`, `film_lengths` and `archive` name them."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Extrapolation:
    """What is assumed in place of a measurement, and what to measure."""

    assumption: str
    remedy: str
