"""Where the tests of the store keep their rows."""

from pathlib import Path

import pytest


@pytest.fixture
def results(tmp_path: Path) -> str:
    """Name a results folder that does not exist yet. `tests/integration/test_store_s3.py` names a bucket instead."""
    return str(tmp_path / "results")
