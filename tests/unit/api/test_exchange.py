"""Import and export: whole or not at all, once, and answered with what exists where something does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from featray import store
from featray.api.export import FORMATS, choose, single, write_files, written_as
from featray.api.import_reports import import_reports
from featray.errors import ImportFileError, NothingMatches, StoreError
from tests.support import reports


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "2026-07-01-abc1234.md"
    file.write_text(reports.markdown(), encoding="utf-8")
    return file


def test_importing_twice_adds_nothing(tmp_path: Path, report: Path) -> None:
    first = import_reports(report, results=str(tmp_path / "results"))
    second = import_reports(report, report, results=str(tmp_path / "results"))
    assert (first.added, first.known) == (4, 0)
    assert (second.added, second.known) == (0, 8)
    assert len(store.read(tmp_path / "results").rows) == 4


def test_a_report_that_says_something_else_under_the_same_name_is_refused(tmp_path: Path, report: Path) -> None:
    import_reports(report, results=str(tmp_path / "results"))
    report.write_text(reports.markdown().replace("57.60 | 800.0 | 1.2", "50.40 | 700.0 | 1.4"), encoding="utf-8")
    told = rf"^{report}: img2pose short cpu b=1: .* rename the file .*, or `featray store rm {report.stem}` first$"
    with pytest.raises(ImportFileError, match=told):
        import_reports(report, results=str(tmp_path / "results"))
    assert len(store.read(tmp_path / "results").rows) == 4


def test_what_the_remedy_for_a_conflict_says_helps_also_with_an_archive(tmp_path: Path, report: Path) -> None:
    results = tmp_path / "results"
    import_reports(report, results=str(results), archive="july")
    report.write_text(reports.markdown().replace("57.60 | 800.0 | 1.2", "50.40 | 700.0 | 1.4"), encoding="utf-8")
    archive = results / "rows" / "history-july.parquet"
    told = rf"rename the file to keep both, or delete {archive} by hand: `featray store rm` leaves archives alone"
    with pytest.raises(ImportFileError, match=told):
        import_reports(report, results=str(results))
    archive.unlink()
    assert import_reports(report, results=str(results)).added == 4


def test_two_files_of_one_import_that_contradict_each_other_are_told_so(tmp_path: Path, report: Path) -> None:
    other = tmp_path / "other" / report.name
    other.parent.mkdir()
    other.write_text(reports.markdown().replace("57.60 | 800.0 | 1.2", "50.40 | 700.0 | 1.4"), encoding="utf-8")
    with pytest.raises(ImportFileError, match="rename the file to keep both, or import one of them"):
        import_reports(report, other, results=str(tmp_path / "results"))


def test_one_wrong_file_keeps_all_of_them_out(tmp_path: Path, report: Path) -> None:
    wrong = tmp_path / "wrong.json"
    payload: Any = reports.payload()
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


def test_the_latest_run_is_exported_by_default(tmp_path: Path, report: Path) -> None:
    older = tmp_path / "older.md"
    older.write_text(reports.markdown(metadata={**reports.METADATA, "Date": "2026-01-01"}), encoding="utf-8")
    import_reports(report, older, results=str(tmp_path / "results"))
    chosen = choose(tmp_path / "results")
    assert {row.run_id for row in chosen.rows} == {"2026-07-01-abc1234"}
    assert len(choose(tmp_path / "results", everything=True).rows) == 8
    assert {row.run_id for row in choose(tmp_path / "results", sweep="older").rows} == {"older"}


def test_a_run_or_sweep_that_does_not_exist_is_answered_with_those_that_do(tmp_path: Path, report: Path) -> None:
    import_reports(report, results=str(tmp_path / "results"))
    with pytest.raises(NothingMatches, match="no rows of run 'x'; expected 2026-07-01-abc1234"):
        choose(tmp_path / "results", run="x")
    with pytest.raises(NothingMatches, match="no rows of sweep 'y'; expected 2026-07-01-abc1234"):
        choose(tmp_path / "results", sweep="y")
    with pytest.raises(NothingMatches, match="no rows; none exists"):
        choose(tmp_path / "empty")


@pytest.mark.parametrize("to", FORMATS)
def test_every_format_can_be_written(tmp_path: Path, report: Path, to: str) -> None:
    import_reports(report, results=str(tmp_path / "results"))
    written = written_as(choose(tmp_path / "results").rows, to, name="name")
    (path,) = write_files(tmp_path / "out", written)
    assert path.read_text(encoding="utf-8") == single(written)


def test_an_unknown_format_is_answered_with_those_that_exist() -> None:
    with pytest.raises(NothingMatches, match=r"no format 'markdwn'; expected markdown, .* Did you mean 'markdown'\?"):
        written_as([], "markdwn", name="name")


def test_several_reports_need_a_folder() -> None:
    with pytest.raises(NothingMatches, match=r"2 files \(a, b\).*--output"):
        single({"a": "", "b": ""})


def test_rows_without_a_timing_make_no_report_of_pyfeat() -> None:
    with pytest.raises(NothingMatches, match="none of 0 rows has a timing"):
        written_as([], "json", name="name")


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot write"):
        write_files(tmp_path / "file", {"a": "text"})
