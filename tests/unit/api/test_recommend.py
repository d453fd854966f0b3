"""`featray.recommend`: from the rows of a store, within what the caller asks for."""

import dataclasses
from pathlib import Path

import pytest

import featray
from featray import store
from featray.errors import NothingMatches
from tests.support.builders import CPU, RTX3090, make_row, make_whole_rows
from tests.support.command import Shell


def test_the_fastest_setting_that_fits_is_recommended(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row(timed_s=[0.5], **RTX3090), make_row(timed_s=[2.0], **CPU)])
    (fastest,) = featray.recommend(results=str(tmp_path))
    (on_cpu,) = featray.recommend(results=str(tmp_path), device="cpu")
    assert (fastest.best.unit.row.device, on_cpu.best.unit.row.device) == ("cuda", "cpu")


def test_nothing_fits_a_detector_that_was_not_measured(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    with pytest.raises(NothingMatches, match="retinaface"):
        featray.recommend(detector="mpdetector", results=str(tmp_path))


def test_a_row_that_contradicts_itself_is_left_out_and_named(tmp_path: Path, shell: Shell) -> None:
    (whole,) = make_whole_rows([0.1])
    store.append(tmp_path, [make_row(), dataclasses.replace(whole, gpus=None)])
    recommended = featray.recommend(results=str(tmp_path))
    assert [found.best.unit.gpus for found in recommended] == [1]
    (problem,) = recommended.problems
    assert "column gpus: expected the GPUs of target 'all-" in problem
    shown = shell("recommend", "--results", str(tmp_path))
    assert "column gpus: expected the GPUs of target" in shown.err
    with pytest.raises(NothingMatches, match=r"left out: .*column gpus: expected the GPUs"):
        featray.recommend(detector="mpdetector", results=str(tmp_path))
