"""Report files: which format a file has, what its run is called, and what is odd about it."""

from pathlib import Path

import pytest

from featray.errors import ImportFileError
from featray.interchange import report_files
from tests.support import pyfeat_reports


def test_the_run_is_named_after_the_file(tmp_path: Path) -> None:
    file = tmp_path / "2026-07-01-abc1234.md"
    file.write_text(pyfeat_reports.markdown(), encoding="utf-8")
    rows = report_files.read(file).rows
    assert {row.run_id for row in rows} == {"2026-07-01-abc1234"}
    assert {row.source_file for row in rows} == {"2026-07-01-abc1234.md"}


def test_a_report_is_known_by_its_title_whatever_its_suffix(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    file.write_text("\ufeff" + pyfeat_reports.markdown(), encoding="utf-8")
    assert len(report_files.read(file).rows) == 4


def test_a_file_named_after_another_gpu_is_warned_about(tmp_path: Path) -> None:
    file = tmp_path / "speed-clean-3090.md"
    file.write_text(pyfeat_reports.markdown(), encoding="utf-8")
    assert report_files.read(file).warnings == (
        f"{file}: named after 3090, but the report says NVIDIA RTX 4000; correct the one that is wrong",
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.md", b"", "no '- .+Date:.+' line above the first section"),
        ("a.md", b"\xff\xfe\x00", "not text: .* at byte 0; save the report as UTF-8"),
        ("a.txt", b"hello", "expected a report of py-feat"),
        ("a.json", b"\x00", "line 1: not JSON: Expecting value at column 1"),
        ("a.json", b"{}", "expected schema_version, metadata and records"),
        ("a.csv", b"a,b\n1,2\n", "line 1: no column feat_version"),
        ("a.csv", b"", "line 1: no column feat_version"),
        ("a.parquet", b"", "parquet is not imported; .* copy the file into RESULTS/rows"),
        ("a.md", b"PAR1\x15\x04PAR1", "parquet is not imported"),
    ],
)
def test_other_files_are_refused_by_their_path(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(ImportFileError, match=message) as caught:
        report_files.read(file)
    assert str(caught.value).startswith(f"{file}: ")


def test_warnings_name_the_path_and_rows_the_name(tmp_path: Path) -> None:
    file = tmp_path / "run.md"
    tables = {(pyfeat_reports.SHORT, "img2pose"): [("cpu", "1", "57.60", "900.0", "1.2")]}
    file.write_text(pyfeat_reports.markdown(tables), encoding="utf-8")
    report = report_files.read(file)
    assert report.warnings[0].startswith(f"{file}: line 25: ")
    assert report.rows[0].source_file == "run.md"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="cannot be read: No such file or directory; check the path"):
        report_files.read(tmp_path / "none.md")
    with pytest.raises(ImportFileError, match="cannot be read: a folder, not a file"):
        report_files.read(tmp_path)


def test_a_report_with_the_line_ends_of_windows_is_read(tmp_path: Path) -> None:
    file = tmp_path / "run.md"
    file.write_bytes(pyfeat_reports.markdown().replace("\n", "\r\n").encode())
    assert len(report_files.read(file).rows) == 4
