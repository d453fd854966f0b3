"""Chosen runs: which runs a name means, and how their report is named."""

from pathlib import Path

import pytest

from featray import store
from featray.analysis.comparison import CALIBRATION
from featray.api import chosen_runs
from featray.errors import NothingMatches
from tests.support.builders import make_row


def test_the_latest_run_is_the_default(results: str) -> None:
    assert chosen_runs.choose(results, []).run_ids == ("new-1",)


def test_a_calibration_is_not_the_latest_run_where_there_is_another(results: str) -> None:
    calibrated = make_row(run_id="calibrate-1", sweep=CALIBRATION, started_at="2026-05-09T00:00:00.000+00:00")
    store.append(results, [calibrated])
    assert chosen_runs.choose(results, []).run_ids == ("new-1",)
    assert chosen_runs.choose(results, [CALIBRATION]).run_ids == ("calibrate-1",)


def test_a_calibration_is_the_latest_run_of_a_store_that_has_no_other(tmp_path: Path) -> None:
    store.append(tmp_path, [make_row(run_id="calibrate-1", sweep=CALIBRATION)])
    assert chosen_runs.choose(str(tmp_path), []).run_ids == ("calibrate-1",)


def test_a_sweep_means_its_latest_run_by_name_or_by_file(results: str) -> None:
    assert chosen_runs.choose(results, ["old"]).run_ids == ("old-2",)
    assert chosen_runs.choose(results, ["sweeps/old.yaml"]).run_ids == ("old-2",)
    assert chosen_runs.choose(results, ["old-1", "new"]).run_ids == ("old-1", "new-1")


def test_an_unknown_name_is_answered_with_what_exists(results: str) -> None:
    with pytest.raises(NothingMatches, match=r"'nwe'.*Did you mean 'new'\?"):
        chosen_runs.choose(results, ["nwe"])


@pytest.mark.parametrize(
    ("run_ids", "name"),
    [(["a/../b"], "a_.._b"), (["..", "x"], "run+x"), (["q" * 200], "q" * 116 + "-etc"), (["<script>"], "_script_")],
)
def test_names_of_runs_become_names_of_files(run_ids: list[str], name: str) -> None:
    assert chosen_runs.report_name(run_ids) == name
