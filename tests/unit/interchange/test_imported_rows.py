"""Imported rows: one line of a report is one timed call, known by its labels."""

import datetime
from typing import Any

import pytest

from featray.core.row import Row
from featray.interchange import imported_rows, labels
from featray.interchange.imported_rows import ImportedLine, ParsedReport, ReportContext
from featray.interchange.labels import HostLabel

CONTEXT = ReportContext(
    started_at=datetime.datetime(2026, 7, 1, 9, 30, tzinfo=datetime.UTC),
    version="2.1.5",
    commit="abc1234",
    host=HostLabel("box", "x86_64", 16),
    gpu="CUDA 12.8, NVIDIA RTX 4000",
    python="3.12.3",
    torch="2.11.0+cu128",
    threads="1",
)
PRINTED = {"sec": "2.16", "ms/frame": "30.0", "fps": "33.3"}  # of 72 frames


def make_line(**changes: Any) -> ImportedLine:
    arguments: dict[str, Any] = {
        "section": labels.read_section("video", "short (72 frames)"),
        "config": "img2pose",
        "device": "cuda",
        "batch": "16",
        "workers": "0",
        "printed": PRINTED,
    }
    return imported_rows.check_line("line 7", **(arguments | changes))


def build(*lines: ImportedLine, context: ReportContext = CONTEXT) -> ParsedReport:
    return imported_rows.build("run", "sweep", "run.md", context, lines)


def make_row(**changes: Any) -> Row:
    (row,) = build(make_line(**changes)).rows
    return row


def test_an_imported_row_is_one_timed_call_with_labels_for_identity() -> None:
    row = make_row()
    assert (row.sweep, row.run_id, row.source_file) == ("sweep", "run", "run.md")
    assert row.target_id == "cuda:NVIDIA RTX 4000@box"
    assert (row.work_id, row.host_id, row.gpu_uuid, row.work) == (None, None, None, None)
    assert (row.invocation, row.attempt, row.status, row.protocol) == (1, 1, "ok", "pyfeat")
    # sec 2.16 allows 2.155..2.165, ms/frame 30.0 2.1564..2.1636, fps 33.3 2.15892..2.16541.
    assert row.interval_s == pytest.approx([72 / 33.35, 2.1636])
    assert row.timed_s == pytest.approx([(72 / 33.35 + 2.1636) / 2])
    assert row.printed == {**PRINTED, "config": "img2pose"}


def test_the_id_of_an_imported_cell_never_changes() -> None:
    assert make_row().cell_id == "817a18cf8583"


def test_a_row_has_its_reports_context_and_on_the_cpu_no_gpu() -> None:
    row = make_row()
    assert (row.gpu_name, row.cuda, row.torch) == ("NVIDIA RTX 4000", "12.8", "2.11.0+cu128")
    assert (row.hostname, row.arch, row.cpu_count) == ("box", "x86_64", 16)
    assert (row.pyfeat, row.pyfeat_commit, row.omp_num_threads) == ("2.1.5", "abc1234", "1")
    assert row.started_at == "2026-07-01T09:30:00.000+00:00"
    on_cpu = make_row(device="cpu")
    assert (on_cpu.gpu_name, on_cpu.target_id) == (None, "cpu@box")


def test_equal_labels_are_the_same_cell_and_other_labels_another() -> None:
    assert make_row().cell_id == make_row(printed={"fps": "40.0"}).cell_id
    others = [{"batch": "4"}, {"device": "cpu"}, {"workers": "2"}, {"config": "retinaface"}]
    assert len({make_row().cell_id, *(make_row(**other).cell_id for other in others)}) == 5


def test_a_cell_that_is_printed_twice_is_two_invocations() -> None:
    rows = build(make_line(), make_line(), make_line(batch="4")).rows
    assert [(row.invocation, row.order_index) for row in rows] == [(1, 0), (2, 1), (1, 2)]


def test_a_duration_that_is_there_as_a_number_is_taken_as_it_is() -> None:
    row = make_row(call_s=2.1609)
    assert (row.timed_s, row.interval_s) == ([2.1609], [2.1609, 2.1609])


def test_figures_that_contradict_each_other_are_a_warning_and_the_first_counts() -> None:
    report = build(make_line(printed={"sec": "57.60", "ms/frame": "900.0", "fps": "1.2"}))
    reason = "sec 57.60, ms/frame 900.0, fps 1.2 cannot all be true of one call over 72 frames or images"
    assert report.rows[0].timed_s == pytest.approx([57.60])
    assert report.rows[0].reason == reason
    assert report.warnings == (f"line 7: {reason}; the first figure is used",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"device": "gpu"}, "line 7: device 'gpu' is unknown; expected cpu, cuda, mps"),
        ({"batch": "0"}, "line 7: batch: expected a whole number from 1, got '0'"),
        ({"workers": "-1"}, "line 7: workers: expected a whole number from 0, got '-1'"),
        ({"fex_rows": "many"}, "line 7: rows: expected a whole number from 0, got 'many'"),
        ({"frames": "1.5"}, "line 7: n_units: expected a whole number from 1, got '1.5'"),
        ({"config": ""}, "line 7: the table has no heading; name its detector there"),
        ({"section": labels.read_section("video", "lab")}, "line 7: section 'lab' does not say how many frames"),
        ({"printed": {"sec": "fast"}}, "line 7: sec: expected a number such as 2.21, got 'fast'"),
    ],
)
def test_a_line_that_is_wrong_is_refused_with_its_place(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_row(**changes)
