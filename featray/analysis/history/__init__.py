"""History: how the time of each setting on each machine moved over versions and days, and where it stepped.

Flow: all rows of a store -> `gather` -> `Series` -> `find_changes` -> `HistoryChange` -> `rendering`, `advice`. Pure.

    machines   targets -> machines, also those that reports name by host and GPU alone
    series     units -> points: one per software and session
    changes    points -> suspected steps, and what a side-by-side sweep says of them
"""

from featray.analysis.history.changes import ChangeState, HistoryChange, find_changes, find_spreads
from featray.analysis.history.series import ORDERS, Point, Series, Software, gather

__all__ = [
    "ORDERS",
    "ChangeState",
    "HistoryChange",
    "Point",
    "Series",
    "Software",
    "find_changes",
    "find_spreads",
    "gather",
]
