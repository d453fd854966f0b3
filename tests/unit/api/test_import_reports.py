"""`featray.import_reports`: all files or none, each row once."""

import json
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray.api.import_reports import import_reports
from featray.errors import ImportFileError
from tests.support import pyfeat_reports


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "2026-07-01-abc1234.md"
    file.write_text(pyfeat_reports.markdown(), encoding="utf-8")
    return file


def test_importing_twice_adds_nothing(tmp_path: Path, report: Path) -> None:
    first = import_reports(report, results=str(tmp_path / "results"))
    second = import_reports(report, report, results=str(tmp_path / "results"))
    assert (first.added, first.known) == (4, 0)
    assert (second.added, second.known) == (0, 8)
    assert len(store.read(tmp_path / "results").rows) == 4


def test_a_report_that_is_imported_again_after_its_run_was_removed_counts_again(tmp_path: Path, report: Path) -> None:
    results = tmp_path / "results"
    import_reports(report, results=str(results))
    store.remove(results, report.stem)
    assert import_reports(report, results=str(results)).added == len(store.read(results).rows) == 4
    store.compact(results)
    assert len(store.read(results).rows) == 4


def test_a_report_with_other_figures_under_the_same_name_is_refused(tmp_path: Path, report: Path) -> None:
    import_reports(report, results=str(tmp_path / "results"))
    report.write_text(pyfeat_reports.markdown().replace("57.60 | 800.0 | 1.2", "50.40 | 700.0 | 1.4"), encoding="utf-8")
    message = rf"^{report}: img2pose short cpu b=1: .* rename the file .*, or `featray store rm {report.stem}` first$"
    with pytest.raises(ImportFileError, match=message):
        import_reports(report, results=str(tmp_path / "results"))
    assert len(store.read(tmp_path / "results").rows) == 4


def test_the_remedy_for_a_conflict_with_an_archive_works(tmp_path: Path, report: Path) -> None:
    results = tmp_path / "results"
    import_reports(report, results=str(results), archive="july")
    report.write_text(pyfeat_reports.markdown().replace("57.60 | 800.0 | 1.2", "50.40 | 700.0 | 1.4"), encoding="utf-8")
    archive = results / "rows" / "history-july.parquet"
    message = rf"rename the file to keep both, or delete the archive {archive} yourself: `featray store rm` keeps"
    with pytest.raises(ImportFileError, match=message):
        import_reports(report, results=str(results))
    archive.unlink()
    assert import_reports(report, results=str(results)).added == 4


def test_two_files_of_one_import_that_contradict_each_other_are_refused(tmp_path: Path, report: Path) -> None:
    other = tmp_path / "other" / report.name
    other.parent.mkdir()
    other.write_text(pyfeat_reports.markdown().replace("57.60 | 800.0 | 1.2", "50.40 | 700.0 | 1.4"), encoding="utf-8")
    with pytest.raises(ImportFileError, match="rename the file to keep both, or import one of them"):
        import_reports(report, other, results=str(tmp_path / "results"))


def test_one_wrong_file_keeps_all_of_them_out(tmp_path: Path, report: Path) -> None:
    wrong = tmp_path / "wrong.json"
    payload: Any = pyfeat_reports.payload()
    payload["records"][1]["sec"] = "soon"
    wrong.write_text(json.dumps(payload), encoding="utf-8")
    with pytest.raises(ImportFileError, match=r"wrong\.json: records\[1\]"):
        import_reports(report, wrong, results=str(tmp_path / "results"))
    assert not (tmp_path / "results").exists()


def test_an_archive_is_one_file_of_that_name(tmp_path: Path, report: Path) -> None:
    import_reports(report, results=str(tmp_path / "results"), archive="july")
    assert [file.name for file in (tmp_path / "results" / "rows").iterdir()] == ["history-july.parquet"]
    store.compact(tmp_path / "results")
    assert [file.name for file in (tmp_path / "results" / "rows").iterdir()] == ["history-july.parquet"]


def test_all_files_that_are_wrong_are_named_at_once(tmp_path: Path, report: Path) -> None:
    for name in ("a.md", "b.json"):
        (tmp_path / name).write_text("[]", encoding="utf-8")
    with pytest.raises(ImportFileError) as caught:
        import_reports(tmp_path / "a.md", report, tmp_path / "b.json", results=str(tmp_path / "results"))
    assert [line.partition(": ")[0] for line in str(caught.value).split("\n")] == [
        str(tmp_path / "a.md"),
        str(tmp_path / "b.json"),
    ]
