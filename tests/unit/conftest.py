"""What several modules of unit tests share."""

from pathlib import Path

import pytest

from featray.errors import SweepFileError
from featray.sweep import Sweep
from tests.support.sweep_files import Complain, Load, write_and_load


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a sweep file of the smallest grid, changed by key, and load it."""

    def load(**changed: str) -> Sweep:
        return write_and_load(tmp_path / "trial.yaml", changed)

    return load


@pytest.fixture
def complain(load: Load, tmp_path: Path) -> Complain:
    """Load a sweep that is wrong and return what is said, without the folder."""

    def load_and_catch(**changed: str) -> str:
        with pytest.raises(SweepFileError) as caught:
            load(**changed)
        assert caught.value.exit_code == 2
        return str(caught.value).replace(f"{tmp_path}/", "")

    return load_and_catch
