"""What unit tests of several rooms share."""

from pathlib import Path

import pytest

from featray.errors import SweepFileError
from featray.sweep import Sweep
from tests.support.sweep_files import Complain, Load, write_and_load


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a function that writes a sweep file of the smallest grid, changed by key, and loads it."""

    def load(**changed: str) -> Sweep:
        return write_and_load(tmp_path / "trial.yaml", changed)

    return load


@pytest.fixture
def complain(load: Load, tmp_path: Path) -> Complain:
    """Return a function that loads a wrong sweep and gives the error message, without the folder."""

    def load_and_catch(**changed: str) -> str:
        with pytest.raises(SweepFileError) as caught:
            load(**changed)
        assert caught.value.exit_code == 2
        return str(caught.value).replace(f"{tmp_path}/", "")

    return load_and_catch
