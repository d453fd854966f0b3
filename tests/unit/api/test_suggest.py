"""`featray.suggest`: sweeps from what a report finds."""

from pathlib import Path

from featray import store
from featray.api import suggest
from tests.support.builders import make_rows


def test_follow_ups_are_suggested_from_what_a_report_finds(results: str) -> None:
    assert "new-few-invocations" in [followup.name for followup in suggest("new", results=results).followups]


def test_sweeps_are_written_only_where_a_folder_is_named(results: str, tmp_path: Path) -> None:
    assert suggest("new", results=results).written == ()
    suggested = suggest("new", results=results, output=tmp_path / "sweeps")
    assert [path.name for path in suggested.written] == list(suggested.files)
    assert [path.read_text(encoding="utf-8") for path in suggested.written] == list(suggested.files.values())


def test_the_time_of_all_sweeps_is_known(results: str) -> None:
    suggested = suggest("new", results=results)
    assert suggested.expected_s == sum(followup.expected_s for followup in suggested.followups) > 0


def test_what_no_sweep_would_settle_is_told(tmp_path: Path) -> None:
    folder = str(tmp_path / "results")
    store.append(folder, make_rows([0.8, 1.0, 1.3], sweep="shaky"))
    suggested = suggest("shaky", results=folder)
    assert suggested.followups == ()
    (text,) = suggested.unsettled
    assert text.startswith("The only setting is noisier than ±3.0%: ")
    assert text in str(suggested)
