"""Sides for tests of comparisons: rows of a baseline and of a candidate that are compared as one pair."""

import datetime
from typing import Any

from featray.analysis import comparison
from featray.analysis.comparison import Pair
from featray.core import identity
from featray.core.row import Row
from tests.support.builders import make_cell, make_work

STEADY = [1.0, 1.01, 0.99, 1.0, 1.0]
"""Seconds per call of five invocations."""

LATER = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
"""After the rows of `builders` were measured."""

IMPORTED: dict[str, Any] = {"source_file": "report.md", "work": None, "asked": None, "output_summary": None}
"""Columns of an imported row."""


def scale(factor: float) -> list[float]:
    """Make five invocations that take so many times as long."""
    return [seconds * factor for seconds in STEADY]


def compare_one(baseline: list[Row], candidate: list[Row], **options: Any) -> Pair:
    """Compare two sides that have one pair."""
    (pair,) = comparison.compare(baseline, candidate, **options).pairs
    return pair


def make_resolved(**changes: str) -> dict[str, str]:
    """Make the work of retinaface with other resolved values."""
    return make_work(make_cell()) | {key: identity.canonical(value) for key, value in changes.items()}
