"""Detaching: what is refused before a cluster is asked."""

from pathlib import Path

import pytest

from featray.api.detach import detach
from featray.errors import BackendError, SweepFileError
from tests.support.replays import load_sweep


def test_a_wrong_sweep_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(SweepFileError, match="no such file"):
        detach(tmp_path / "missing.yaml", address="192.0.2.1:6379")


def test_a_head_elsewhere_needs_the_name_of_its_interpreter(tmp_path: Path) -> None:
    load_sweep(tmp_path)
    with pytest.raises(BackendError, match="python='PATH'"):
        detach(tmp_path / "demo.yaml", address="192.0.2.1:6379")
