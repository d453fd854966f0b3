"""What the tests of several verbs share."""

from pathlib import Path

import pytest

from featray import store
from tests.support.builders import BLACKWELL, make_row


@pytest.fixture
def results(tmp_path: Path) -> str:
    """A store of two runs of one sweep and one of another, the last of which is the latest."""
    folder = str(tmp_path / "results")
    days = [("old-1", "old", 1), ("old-2", "old", 2), ("new-1", "new", 3)]
    for run_id, sweep, day in days:
        row = make_row(run_id=run_id, sweep=sweep, started_at=f"2026-05-0{day}T00:00:00.000+00:00", **BLACKWELL)
        store.append(folder, [row])
    return folder
