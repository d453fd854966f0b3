"""A report for programs."""

import json
from typing import Any

from featray.rendering import json_report, notes
from tests.support.report_rows import make_failed_row, make_report, make_row


def rendered(*rows: Any, **options: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json_report.render(make_report(rows), **options))
    return value


def test_the_keys_of_a_report_are_a_stored_format() -> None:
    value = rendered(make_row())
    assert list(value) == [
        *("format", "name", "date", "synthetic", "descriptions", "metadata", "blocks", "units"),
        *("settings_to_use", "search_limits", "not_beaten", "not_counted", "lengths"),
        *("what_changes", "what_changes_from_baseline"),
        *("remarks", "notes", "hand_written"),
    ]
    assert value["format"] == 1
    assert list(value["notes"]) == [
        *("headline", "baseline", "comparisons", "remarks", "observations", "next_runs", "next_command")
    ]


def test_units_are_in_the_order_of_the_tables() -> None:
    value = rendered(make_row(), make_row(cell_id="b", batch_size=1))
    assert [unit["batch_size"] for unit in value["units"]] == [1, 16]


def test_a_setting_to_use_names_its_unit_and_the_equally_fast_batches() -> None:
    value = rendered(make_row(), make_row(cell_id="b", batch_size=4))
    assert value["settings_to_use"] == [
        {"run_id": "quickstart-1", "cell_id": "b", "target_id": "GPU-1", "as_good_batch_sizes": [16]}
    ]


def test_a_remark_has_its_kind_its_sentence_and_its_cells() -> None:
    (remark,) = rendered(make_failed_row("oom", "no memory"))["remarks"]
    assert (remark["kind"], remark["cell_ids"]) == ("failed", ["000000000001"])
    assert "no memory" in remark["text"]


def test_notes_and_what_people_wrote_are_part_of_it() -> None:
    found = notes.Notes(observations=(notes.Observation("stack", "Stack: torch 2.11."),))
    value = rendered(make_row(), notes=found, hand_written="Mine.")
    assert value["notes"]["observations"][0]["text"] == "Stack: torch 2.11."
    assert value["hand_written"] == "Mine."
