"""A report of several runs of one sweep: each figure belongs to one run, and every place gives the same one."""

import dataclasses
import datetime
import json

import pytest

from featray.analysis import diagnosis, units
from featray.analysis.diagnosis import Diagnosis
from featray.core.row import Row
from featray.rendering import document, json_report, markdown, notes, tradeoffs_text, unit_text
from featray.rendering.document import Report
from tests.support.builders import STARTED, make_rows
from tests.support.findings import STEADY

MIB = 2**20
DAY = datetime.timedelta(days=1)


def make_run(run_id: str, day: int, slower: float, failed: int | None = None) -> list[Row]:
    """Measure batches of 1 and 8 frames with equal speed, five times; one invocation may run out of memory."""
    rows = [
        row
        for batch in (1, 8)
        for row in make_rows(
            [0.72 * slower * share for share in STEADY],
            batch_size=batch,
            run_id=run_id,
            started_at=STARTED + day * DAY,
            gpu_memory_reserved_peak_b=(200 - 10 * batch) * MIB,  # so that none beats the other
        )
    ]
    return [_fail(row) if row.batch_size == failed and row.invocation == len(STEADY) else row for row in rows]


def _fail(row: Row) -> Row:
    return dataclasses.replace(row, status="oom", reason="no memory", timed_s=None)


def report(*runs: list[Row]) -> tuple[Report, Diagnosis]:
    gathered, _ = units.gather_sides([row for run in runs for row in run], [])
    return document.build(gathered), diagnosis.diagnose(gathered)


@pytest.mark.parametrize("failed", [None, 1, 8])
def test_every_figure_of_a_report_is_that_of_one_run_and_stands_in_its_tables(failed: int | None) -> None:
    made, found = report(make_run("A", 0, 1.0, failed), make_run("B", 2, 1.3))
    figures = {unit.key: unit_text.throughput_hz(unit) for unit in made.units}
    places = [each.unit for each in made.best]
    assert found.headline is not None
    assert found.headline.units[0] in {unit.key for unit in places if unit.key[0] == "B"}
    assert found.headline.figures["frames_per_s"] == figures[found.headline.units[0]]
    assert "RTX 3090 in run B)" in found.headline.text
    listed = json.loads(json_report.render(made))["not_beaten"]
    assert {entry["unit"]["run_id"] for entry in listed if entry["unit"]} == ({"A", "B"} if not failed else {"B"})
    for entry in listed:
        assert entry["frames_per_s"] == figures[tuple(entry["unit"].values())]


def test_the_setting_to_use_of_a_run_does_not_hang_on_failures_of_another() -> None:
    made, _ = report(make_run("A", 0, 1.0, failed=1), make_run("B", 2, 1.3))
    assert [(each.unit.row.run_id, each.unit.row.batch_size) for each in made.best] == [("A", 8), ("B", 1)]


def test_the_ratio_to_a_baseline_is_that_of_the_run_whose_speed_is_named() -> None:
    both = [*make_run("A", 0, 1.0), *make_run("B", 2, 1.3)]
    found = diagnosis.diagnose(*units.gather_sides(both, make_run("before", -2, 1.0)))
    assert [pair.candidate.row.run_id for pair in found.pairs] == ["B"]
    assert found.headline is not None
    assert "in run B)" in found.headline.text


def test_what_no_later_run_measured_again_may_be_the_setting_to_use() -> None:
    old = [row for row in make_run("A", 0, 1.0) if row.batch_size == 8]
    new = [row for row in make_run("B", 2, 1.3) if row.batch_size == 1]
    _, found = report(old, new)
    assert found.headline is not None
    assert "b=8, RTX 3090 in run A" in found.headline.text


def test_each_run_has_its_own_settings_that_no_other_one_beats() -> None:
    made, found = report(make_run("A", 0, 1.0), make_run("B", 2, 1.3))
    lines = tradeoffs_text.lines(made.tradeoffs)
    assert [line[2:5] for line in lines] == [
        ("RTX 3090 in run A", "batch 1", "100.0"),
        ("RTX 3090 in run A", "batch 8", "100.0"),
        ("RTX 3090 in run B", "batch 1", "76.9"),
        ("RTX 3090 in run B", "batch 8", "76.9"),
    ]
    text = markdown.render(made, notes.of_diagnosis(found, [], made.ordered()))
    assert "87.7" not in text  # over both runs


def test_a_report_of_one_run_names_no_run_beside_the_target() -> None:
    made, found = report(make_run("A", 0, 1.0))
    assert found.headline is not None
    assert "in run" not in found.headline.text
    assert {line[2] for line in tradeoffs_text.lines(made.tradeoffs)} == {"RTX 3090"}
