"""Appending: the files of one writer, merged while it goes on, so that few are left at its end.

Flow: `running.runner` -> `Appender.append` -> `writing.append`; every `TIER_FILES` files -> `compaction.merge`.
A file of rows is of the lowest tier, and the file that `TIER_FILES` of a tier become is of the next. So each row is
written again once per tier, and 10,000 files leave under 200. What this writer knows of its files is lost with it; a
compaction of the whole store goes by the files alone.
"""

import os
from collections.abc import Sequence

from featray.core.row import Row
from featray.errors import StoreError
from featray.store import compaction, writing
from featray.store.location import locate

TIER_FILES = 64  # merged at once: 0.2 s on a local disk


class Appender:
    """Appends rows and merges its own files as it goes."""

    def __init__(self, results: str | os.PathLike[str]) -> None:
        """Start with a folder or URI; nothing is read or written before the first row."""
        self._results = results
        self._tiers: list[list[str]] = [[]]
        self._is_merging = True
        self.duplicates = 0  # rows that were stored twice, found by merging

    def append(self, rows: Sequence[Row]) -> None:
        """Store rows; when this returns they survive a power cut.

        Raises:
            StoreError: the store cannot be written; nothing stored has changed.
        """
        self._tiers[0].append(writing.append(self._results, rows))

    def tidy(self) -> None:
        """Merge what has become enough.

        A store that does not let files be deleted takes rows all the same: then nothing more is merged here, and the
        compaction at the end of a run says why.
        """
        try:
            self._merge_tiers()
        except StoreError:
            self._is_merging = False

    def _merge_tiers(self) -> None:
        for tier, names in enumerate(self._tiers):
            if len(names) < TIER_FILES or not self._is_merging:
                return
            merged, duplicates = compaction.merge(locate(self._results), names)
            names.clear()
            self.duplicates += duplicates
            if tier + 1 == len(self._tiers):
                self._tiers.append([])
            self._tiers[tier + 1] += merged
