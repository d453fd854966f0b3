"""How units become blocks, sections and tables."""

from featray.core.row import Row
from featray.rendering import columns
from featray.rendering.document import Report
from tests.support.report_rows import make_cpu_row, make_failed_row, make_report, make_row


def lines(report: Report) -> list[list[str]]:
    return [
        columns.line(unit, report.columns, section.kind)
        for block in report.blocks
        for section in block.sections
        for table in section.tables
        for unit in table.units
    ]


def headings(rows: list[Row]) -> list[str]:
    return [block.heading for block in make_report(rows).blocks]


def test_one_gpu_and_the_cpu_of_a_host_share_a_block_as_in_py_feats_reports() -> None:
    report = make_report([make_row(), make_cpu_row(timed_s=[7.2])])
    assert [block.heading for block in report.blocks] == ["box: RTX 4000"]
    assert lines(report) == [["cpu", "16", "7.20", "100.0", "10.0"], ["cuda", "16", "0.72", "10.0", "100.0"]]


def test_hosts_of_one_name_have_their_ids_in_the_headings() -> None:
    assert headings([make_row(), make_row(host_id="host-2", target_id="GPU-2")]) == [
        "box (host-1): RTX 4000",
        "box (host-2): RTX 4000",
    ]


def test_a_lost_host_has_the_name_that_other_rows_of_the_target_know() -> None:
    rows = [make_failed_row("lost", hostname=None, host_id=None, gpu_name=None), make_row(invocation=2)]
    assert headings(rows) == ["box: RTX 4000"]


def test_cells_without_a_target_come_last_with_their_reason() -> None:
    nowhere = make_failed_row(
        "infeasible", "no GPU anywhere", target_id="none", hostname=None, host_id=None, gpu_name=None, cell_id="b"
    )
    report = make_report([nowhere, make_row()])
    assert [block.heading for block in report.blocks] == ["box: RTX 4000", "no target can run these"]
    assert lines(report)[-1][2:] == ["infeasible: no GPU anywhere", "-", "-"]


def test_lines_are_in_the_order_of_device_and_batch_whatever_the_order_of_measuring() -> None:
    rows = [make_row(cell_id=f"c{batch}", batch_size=batch) for batch in (16, 1, 4)] + [make_cpu_row()]
    report = make_report(rows)
    assert [line[:2] for line in lines(report)] == [["cpu", "16"], ["cuda", "1"], ["cuda", "4"], ["cuda", "16"]]
    assert [(unit.row.device, unit.row.batch_size) for unit in report.ordered()] == [
        ("cpu", 16),
        ("cuda", 1),
        ("cuda", 4),
        ("cuda", 16),
    ]


def test_videos_come_before_images_and_py_feats_inputs_and_detectors_in_its_order() -> None:
    rows = [
        make_row(cell_id="1", input="faces", section_kind="images", section_label="16 x faces.jpg = 80 faces"),
        make_row(cell_id="2", input="mine", section_label="mine (9 frames)", detector="zeta"),
        make_row(cell_id="3", input="long", section_label="long (472 frames)", detector="retinaface"),
        make_row(cell_id="4", input="long", section_label="long (472 frames)", detector="img2pose"),
    ]
    (block,) = make_report(rows).blocks
    assert [section.heading for section in block.sections] == [
        "Video: long (472 frames)",
        "Video: mine (9 frames)",
        "Images: 16 x faces.jpg = 80 faces",
    ]
    assert [table.heading for table in block.sections[0].tables] == ["img2pose", "retinaface"]


def test_runs_have_blocks_of_their_own_with_their_names() -> None:
    assert headings([make_row(), make_row(run_id="quickstart-2")]) == [
        "quickstart-1: box: RTX 4000",
        "quickstart-2: box: RTX 4000",
    ]


def test_no_rows_make_an_empty_report() -> None:
    report = make_report([])
    assert (report.blocks, report.units, report.date, report.cautions) == ((), (), None, ())


def test_a_report_has_the_cautions_about_its_units() -> None:
    report = make_report([make_row(), make_failed_row("crashed", "SIGSEGV", invocation=2)])
    assert [str(caution.kind) for caution in report.cautions] == ["failed"]
