"""Replayed rows are marked everywhere, and are evidence nowhere."""

from dataclasses import replace
from pathlib import Path

import pytest

import featray
from featray import store
from featray.analysis.comparison.selection import select
from featray.errors import NothingMatches
from tests.support.builders import make_row, make_rows
from tests.support.replays import load_sweep, make_rows_of

MEASURED = "demo-20260514-231532-a1b2"
"""A run that began before any replay of today."""


def replay(folder: Path) -> str:
    """Replay a sweep of two cells from a store of theirs; return the store of the replay."""
    tape, results = str(folder / "tape"), str(folder / "results")
    loaded = load_sweep(folder)
    store.append(tape, make_rows_of(loaded))
    featray.submit(loaded.path, results=results, replay=tape)
    return results


def test_a_replay_is_marked_in_rows_report_and_page(tmp_path: Path) -> None:
    results = replay(tmp_path)
    assert set(featray.load(results)["replayed"]) == {str(tmp_path / "tape")}
    report = featray.report(results=results)
    assert "**Replayed from:**" in report.text
    assert "nothing was measured, so there is no interval" in report.text
    assert "95% CI" not in report.text
    assert "Replayed from" in featray.report(results=results, form="html").text


def test_repeated_recordings_make_no_comparison_no_recommendation_and_no_export(tmp_path: Path) -> None:
    results = replay(tmp_path)
    store.append(results, make_rows([1.0, 1.01, 0.99], run_id="other", sweep="other", device="cpu", batch_size=4))
    compared = featray.compare("demo", over=["batch_size"], results=results)
    assert {str(pair.verdict) for pair in compared.comparison.pairs} == {"NOT COMPARABLE"}
    assert featray.recommend(results=results)[0].best.unit.row.run_id == "other"
    with pytest.raises(NothingMatches, match="all rows are replayed"):
        featray.export("markdown", sweep="demo", results=results)
    assert "replayed" in featray.export("csv", sweep="demo", results=results).text.split("\n")[0]


def test_a_store_of_replays_alone_recommends_nothing(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match="all rows are replayed, so nothing was measured"):
        featray.recommend(results=replay(tmp_path))


def test_a_submit_continues_no_replay(tmp_path: Path) -> None:
    results = replay(tmp_path)
    planned = featray.plan(tmp_path / "demo.yaml", results=results)
    assert planned.plan.done == 0
    assert planned.plan.run.run_id not in set(featray.load(results)["run_id"])


def test_a_replay_hides_nothing_that_was_measured(tmp_path: Path) -> None:
    tape, results = replay(tmp_path), str(tmp_path / "measured")
    store.append(results, [replace(row, run_id=MEASURED, replayed=None) for row in store.read(tape).rows])
    replayed = featray.submit(tmp_path / "demo.yaml", results=results, replay=tape)
    assert replayed.run_id != MEASURED
    planned = featray.plan(tmp_path / "demo.yaml", results=results)
    assert (planned.plan.run.run_id, planned.plan.done, planned.plan.remaining) == (MEASURED, 10, 0)
    assert featray.plan_fleet(tmp_path / "demo.yaml", results=results).run_id == MEASURED
    assert featray.submit(tmp_path / "demo.yaml", results=results, replay=tape).run_id == replayed.run_id


@pytest.mark.parametrize("names", [(), ("demo",)])
def test_reports_comparisons_and_exports_take_a_replay_only_where_there_is_no_other_run(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    tape, results = replay(tmp_path), str(tmp_path / "measured")
    store.append(results, [replace(row, run_id=MEASURED, replayed=None) for row in store.read(tape).rows])
    featray.submit(tmp_path / "demo.yaml", results=results, replay=tape)
    assert "Replayed from" not in featray.report(*names, results=results).text
    assert MEASURED in featray.export("csv", *names, results=results).text
    assert {row.run_id for row in select(store.read(results).rows, "demo")} == {MEASURED}
    assert {row.run_id for row in select(store.read(tape).rows, "demo")} != {MEASURED}


def test_a_replay_again_continues_itself(tmp_path: Path) -> None:
    results = replay(tmp_path)
    again = featray.submit(tmp_path / "demo.yaml", results=results, replay=str(tmp_path / "tape"))
    assert again.measured == 0


def test_rows_of_an_older_featray_are_known_by_their_source() -> None:
    old = make_row(source_file="replayed from results")
    assert old.is_replayed
    assert not make_row(source_file="report.md").is_replayed
