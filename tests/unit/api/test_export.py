"""`featray.export`: which rows, in which format, and the message where there are none."""

from pathlib import Path

import pytest

from featray import store
from featray.api.export import FORMATS, Exported, choose_rows, export, to_format
from featray.api.import_reports import import_reports
from featray.errors import NothingMatches
from tests.support import pyfeat_reports
from tests.support.builders import make_row


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "2026-07-01-abc1234.md"
    file.write_text(pyfeat_reports.markdown(), encoding="utf-8")
    return file


def test_the_latest_run_is_exported_by_default(tmp_path: Path, report: Path) -> None:
    older = tmp_path / "older.md"
    older.write_text(
        pyfeat_reports.markdown(metadata={**pyfeat_reports.METADATA, "Date": "2026-01-01"}), encoding="utf-8"
    )
    import_reports(report, older, results=str(tmp_path / "results"))
    chosen = choose_rows(tmp_path / "results")
    assert {row.run_id for row in chosen.rows} == {"2026-07-01-abc1234"}
    assert len(choose_rows(tmp_path / "results", everything=True).rows) == 8
    assert {row.run_id for row in choose_rows(tmp_path / "results", sweep="older").rows} == {"older"}


def test_a_run_or_sweep_that_does_not_exist_is_answered_with_those_that_exist(tmp_path: Path, report: Path) -> None:
    import_reports(report, results=str(tmp_path / "results"))
    with pytest.raises(NothingMatches, match="no rows of run 'x'; expected 2026-07-01-abc1234"):
        choose_rows(tmp_path / "results", run="x")
    with pytest.raises(NothingMatches, match="no rows of sweep 'y'; expected 2026-07-01-abc1234"):
        choose_rows(tmp_path / "results", sweep="y")
    with pytest.raises(NothingMatches, match="holds no rows; submit a sweep"):
        choose_rows(tmp_path / "empty")


@pytest.mark.parametrize("to", FORMATS)
def test_every_format_can_be_written(tmp_path: Path, report: Path, to: str) -> None:
    import_reports(report, results=str(tmp_path / "results"))
    written = to_format(choose_rows(tmp_path / "results").rows, to, name="name")
    (text,) = written.values()
    exported = export(to, results=str(tmp_path / "results"), output=tmp_path / "out")
    (path,) = exported.written
    assert path.read_text(encoding="utf-8") == exported.text == text


def test_an_unknown_format_is_answered_with_those_that_exist() -> None:
    with pytest.raises(NothingMatches, match=r"no format 'markdwn'; expected markdown, .* Did you mean 'markdown'\?"):
        to_format([], "markdwn", name="name")


def test_several_reports_need_a_folder() -> None:
    with pytest.raises(NothingMatches, match=r"2 files \(a, b\).*output="):
        Exported(files={"a": "", "b": ""}, problems=(), without_verdict=()).text  # noqa: B018 - the access is the test


def test_rows_without_a_timing_make_no_report_of_pyfeat() -> None:
    with pytest.raises(NothingMatches, match="none of 0 rows has a timing"):
        to_format([], "json", name="name")


@pytest.mark.parametrize("run_id", ["../../x", "/tmp/featray-escaped", "CON", "", "a\x1b[31m"])
@pytest.mark.parametrize("to", ["markdown", "json"])
def test_no_file_is_written_outside_the_folder_whatever_a_run_is_called(tmp_path: Path, run_id: str, to: str) -> None:
    store.append(str(tmp_path / "results"), [make_row(run_id=run_id)])
    exported = export(to, results=str(tmp_path / "results"), everything=True, output=tmp_path / "deep" / "er" / "out")
    (path,) = exported.written
    assert path.resolve().parent == tmp_path / "deep" / "er" / "out"
    assert path.name.isprintable()
    assert path.stem.upper() != "CON"


def test_rows_of_several_processes_are_left_out_of_py_feats_formats_and_that_is_said(tmp_path: Path) -> None:
    rows = [make_row(), make_row(processes=2, process_timed_s={"1": [1.52] * 5, "2": [1.52] * 5})]
    store.append(str(tmp_path / "results"), rows)
    for to in ("markdown", "json", "throughput"):
        exported = export(to, results=str(tmp_path / "results"))
        assert exported.problems == (
            "1 row of several processes side by side left out, because py-feat's formats cannot say so; csv and jsonl "
            "have them",
        )
    assert export("csv", results=str(tmp_path / "results")).problems == ()
    store.append(str(tmp_path / "pair"), rows[1:])
    with pytest.raises(NothingMatches, match="1 row of several processes side by side and no other"):
        export("json", results=str(tmp_path / "pair"))
