"""`featray.estimate`: from the rows of a store."""

import dataclasses
from pathlib import Path

import pytest

import featray
from featray import store
from featray.errors import NothingMatches
from tests.support.builders import make_row, make_rows, make_whole_rows


def test_an_estimate_is_shown_as_a_table_and_as_a_frame(tmp_path: Path) -> None:
    store.append(tmp_path, make_rows([1.0] * 3))
    estimated = featray.estimate(hours=1, fps=20, results=str(tmp_path))
    assert estimated.estimate.time_s == pytest.approx(1010.5)
    assert repr(estimated).startswith("6 films, 1.0 h: 16 min 50 s (95%: ")
    frame = estimated.to_frame()
    assert frame["films"].tolist() == [6]
    assert frame["time_s"].tolist() == pytest.approx([1010.5])


def test_an_empty_store_has_nothing_to_estimate_from(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match="holds no rows; submit a sweep"):
        featray.estimate(hours=1, results=str(tmp_path))


def test_a_row_that_contradicts_itself_is_left_out_and_named(tmp_path: Path) -> None:
    (whole,) = make_whole_rows([0.1])
    store.append(tmp_path, [make_row(), dataclasses.replace(whole, process_timed_s={"1": [9.0] * 5, "2": [9.0] * 5})])
    estimated = featray.estimate(hours=1, results=str(tmp_path))
    assert [share.forecast.unit.gpus for share in estimated.estimate.shares] == [1]
    (problem,) = estimated.problems
    assert "column process_timed_s: expected times that add up to those of all together" in problem
    assert problem in str(estimated.summarize().remarks)
