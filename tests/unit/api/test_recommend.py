"""`featray.recommend`: from the rows of a store, within what the caller asks for."""

from pathlib import Path

import pytest

import featray
from featray import store
from featray.errors import NothingMatches
from tests.support.builders import CPU, RTX3090, make_row


def test_the_fastest_setting_that_fits_is_recommended(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row(timed_s=[0.5], **RTX3090), make_row(timed_s=[2.0], **CPU)])
    (fastest,) = featray.recommend(results=str(tmp_path))
    (on_cpu,) = featray.recommend(results=str(tmp_path), device="cpu")
    assert (fastest.best.unit.row.device, on_cpu.best.unit.row.device) == ("cuda", "cpu")


def test_nothing_fits_a_detector_that_was_not_measured(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    with pytest.raises(NothingMatches, match="retinaface"):
        featray.recommend(detector="mpdetector", results=str(tmp_path))
