"""Sides for tests of comparisons: rows of a baseline and of a candidate that are compared as one pair."""

import datetime
from typing import Any

from featray.analysis import comparison
from featray.analysis.comparison import Noise, Pair
from featray.core import identity
from featray.core.row import Row
from featray.stats import Basis, SessionSpread
from tests.support.builders import BLACKWELL, RTX3090, make_cell, make_work

STEADY = [1.0, 1.01, 0.99, 1.0, 1.0]
"""Seconds per call of five invocations."""

LATER = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
"""After the rows of `builders` were measured."""

IMPORTED: dict[str, Any] = {"source_file": "report.md", "work": None, "asked": None, "output_summary": None}
"""Columns of an imported row."""


STILL = Noise(
    spreads={
        target_id: SessionSpread(sd=1e-4, freedom=1e6, sessions=1000, basis=Basis.CALIBRATED)
        for target_id in (RTX3090["target_id"], BLACKWELL["target_id"])
    }
)
"""Targets whose sessions are known not to differ, so that runs compare as if they were one."""


def scale(factor: float) -> list[float]:
    """Make five invocations that take so many times as long."""
    return [seconds * factor for seconds in STEADY]


def compare_one(baseline: list[Row], candidate: list[Row], **options: Any) -> Pair:
    """Compare two sides that have one pair, on targets whose sessions do not differ unless told."""
    (pair,) = comparison.compare(baseline, candidate, **{"noise": STILL, **options}).pairs
    return pair


def make_resolved(**changes: str) -> dict[str, str]:
    """Make the work of retinaface with other resolved values."""
    return make_work(make_cell()) | {key: identity.canonical(value) for key, value in changes.items()}
