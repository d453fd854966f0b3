"""Tables: how rows become blocks, sections and lines, and which setting is named."""

import json

import pytest

from featray.analysis.comparison import Calibration
from featray.core.row import Row
from featray.rendering import document, table_text
from featray.rendering.document import Report
from tests.support.report_rows import make_cpu_row, make_failed_row, make_row


def texts(report: Report) -> list[list[str]]:
    found = []
    for block in report.blocks:
        for section in block.sections:
            for table in section.tables:
                found += [table_text.cells(unit, report.columns, section.kind) for unit in table.units]
    return found


def two_gpus_of_three_hosts() -> list[Row]:
    return [
        make_row(hostname=f"box{host}", host_id=f"h{host}", target_id=f"GPU-{host}{gpu}", gpu_name="RTX 4000")
        for host in range(3)
        for gpu in range(2)
    ]


def test_one_gpu_and_the_cpu_of_a_host_share_a_block_as_in_py_feats_reports() -> None:
    report = document.build([make_row(), make_cpu_row(timed_s=[7.2])])
    assert [block.heading for block in report.blocks] == ["box: RTX 4000"]
    assert texts(report) == [["cpu", "16", "7.20", "100.0", "10.0"], ["cuda", "16", "0.72", "10.0", "100.0"]]


def test_two_gpus_and_the_cpu_of_a_host_have_a_block_each() -> None:
    rows = [make_row(), make_row(target_id="GPU-2", gpu_name="NVIDIA RTX 5000"), make_cpu_row()]
    headings = [block.heading for block in document.build(rows).blocks]
    assert headings == ["box: RTX 4000", "box: RTX 5000", "box: CPU"]


def test_equal_gpus_are_told_apart_by_their_ids() -> None:
    headings = [block.heading for block in document.build(two_gpus_of_three_hosts()).blocks]
    assert len(set(headings)) == 6
    assert headings[0] == "box0: RTX 4000 (GPU-00)"


def test_hosts_of_one_name_are_told_apart_by_their_ids() -> None:
    rows = [make_row(), make_row(host_id="host-2", target_id="GPU-2")]
    headings = [block.heading for block in document.build(rows).blocks]
    assert headings == ["box (host-1): RTX 4000", "box (host-2): RTX 4000"]


def test_each_target_has_a_line_in_the_table_across_targets() -> None:
    report = document.build(two_gpus_of_three_hosts())
    headings, best = table_text.best_table(report)
    assert headings == ["input", "detector", "host", "target", "batch", "ms", "fps"]
    assert [line[2] for line in best] == ["box0", "box0", "box1", "box1", "box2", "box2"]
    assert len({(line[2], line[3]) for line in best}) == 6


def test_where_there_was_nothing_to_choose_no_setting_is_named() -> None:
    assert document.build([make_row(), make_row(cell_id="b", detector="img2pose")]).best == ()


def test_the_smallest_batch_within_the_margin_of_the_fastest_is_the_one_to_use() -> None:
    times = {1: 2.0, 4: 1.02, 16: 1.0, 64: 1.01}
    report = document.build([make_row(cell_id=f"c{b}", batch_size=b, timed_s=[time]) for b, time in times.items()])
    headings, lines_ = table_text.best_table(report)
    assert headings == ["input", "detector", "batch", "as good", "ms", "fps"]
    assert lines_ == [["Video: short (72 frames)", "retinaface", "4", "16, 64", "14.2", "70.6"]]
    assert table_text.best_title(report) == "Settings to use"


def test_a_targets_own_noise_floor_widens_what_counts_as_good() -> None:
    noisy = Calibration(
        target_id="GPU-1", sd=0.1, half_width=0.2, invocations=6, cells=1, measured_at="2026-05-01", pairs=()
    )
    rows = [make_row(cell_id=f"c{b}", batch_size=b, timed_s=[time]) for b, time in {1: 1.1, 4: 1.0}.items()]
    assert [each.unit.row.batch_size for each in document.build(rows).best] == [4]
    assert [each.unit.row.batch_size for each in document.build(rows, {"GPU-1": noisy}).best] == [1]


def test_the_workers_of_the_setting_to_use_are_told_where_they_vary() -> None:
    rows = [make_row(cell_id=f"c{n}", num_workers=n, timed_s=[time]) for n, time in {0: 2.0, 2: 1.0}.items()]
    headings, (line,) = table_text.best_table(document.build(rows))
    assert line[headings.index("workers")] == "2"


def test_the_best_batch_of_each_target_stands_in_the_table_across_targets() -> None:
    rows = [
        make_row(cell_id="a", batch_size=1, timed_s=[3.0]),
        make_row(cell_id="b", batch_size=4, timed_s=[1.0]),
        make_cpu_row(timed_s=[9.0]),
        make_failed_row("oom", cell_id="c", batch_size=64),
    ]
    assert [(each.target.device, each.unit.row.batch_size) for each in document.build(rows).best] == [
        ("cpu", 16),
        ("cuda", 4),
    ]


def test_a_lost_host_is_named_by_what_other_rows_of_the_target_know() -> None:
    rows = [make_failed_row("lost", hostname=None, host_id=None, gpu_name=None), make_row(invocation=2)]
    assert [block.heading for block in document.build(rows).blocks] == ["box: RTX 4000"]


def test_cells_without_a_target_come_last_with_their_reason() -> None:
    nowhere = make_failed_row(
        "infeasible", "no GPU anywhere", target_id="none", hostname=None, host_id=None, gpu_name=None, cell_id="b"
    )
    report = document.build([nowhere, make_row()])
    assert [block.heading for block in report.blocks] == ["box: RTX 4000", "no target can run these"]
    assert texts(report)[-1][2:] == ["infeasible: no GPU anywhere", "-", "-"]


def test_a_failure_stands_where_its_number_would() -> None:
    report = document.build([make_failed_row("oom", "CUDA out of memory")])
    assert texts(report) == [["cuda", "16", "oom: CUDA out of memory", "-", "-"]]


def test_a_partly_failed_unit_shows_its_number_and_how_many_invocations_gave_it() -> None:
    report = document.build([make_row(), make_failed_row("crashed", "SIGSEGV", invocation=2)])
    assert texts(report) == [["cuda", "16", "0.72", "10.0", "100.0", "1 of 2 x 1"]]
    assert report.remarks[0].kind == "failed"


def test_columns_appear_only_where_they_differ() -> None:
    rows = [make_row(), make_row(cell_id="b", num_workers=2, asked='{"threads": 2}', environment="torch-2.5")]
    columns = document.build(rows).columns
    assert (columns.workers, columns.threads, columns.environment) == (True, True, True)
    columns = document.build(rows[:1]).columns
    assert (columns.workers, columns.threads, columns.environment, columns.calls) == (False, False, False, False)


def test_lines_go_by_device_and_batch_whatever_the_order_of_measuring() -> None:
    rows = [make_row(cell_id=f"c{batch}", batch_size=batch) for batch in (16, 1, 4)] + [make_cpu_row()]
    assert [line[:2] for line in texts(document.build(rows))] == [
        ["cpu", "16"],
        ["cuda", "1"],
        ["cuda", "4"],
        ["cuda", "16"],
    ]


def test_videos_come_before_images_and_py_feats_inputs_and_detectors_in_its_order() -> None:
    rows = [
        make_row(cell_id="1", input="faces", section_kind="images", section_label="16 x faces.jpg = 80 faces"),
        make_row(cell_id="2", input="mine", section_label="mine (9 frames)", detector="zeta"),
        make_row(cell_id="3", input="long", section_label="long (472 frames)", detector="retinaface"),
        make_row(cell_id="4", input="long", section_label="long (472 frames)", detector="img2pose"),
    ]
    (block,) = document.build(rows).blocks
    assert [section.heading for section in block.sections] == [
        "Video: long (472 frames)",
        "Video: mine (9 frames)",
        "Images: 16 x faces.jpg = 80 faces",
    ]
    assert [table.heading for table in block.sections[0].tables] == ["img2pose", "retinaface"]


def test_images_count_rows_instead_of_frames_per_second() -> None:
    report = document.build([make_row(section_kind="images", frames=16, fex_rows=80, timed_s=[1.6])])
    assert texts(report) == [["cuda", "16", "1.60", "100.0", "80"]]


def test_a_row_without_frames_still_has_its_seconds() -> None:
    assert texts(document.build([make_row(frames=None)])) == [["cuda", "16", "0.72", "-", "-"]]


def test_runs_are_kept_apart_and_named() -> None:
    report = document.build([make_row(), make_row(run_id="quickstart-2")])
    assert [block.heading for block in report.blocks] == [
        "quickstart-1: box: RTX 4000",
        "quickstart-2: box: RTX 4000",
    ]


def test_no_rows_make_an_empty_report() -> None:
    report = document.build([])
    assert (report.blocks, report.units, report.date) == ((), (), None)


def test_unmet_rules_are_told_once_with_the_units_they_concern() -> None:
    rows = [make_row(cell_id=str(n), unmet_rules=["spread"]) for n in range(8)] + [make_row(cell_id="x", batch_size=1)]
    (remark,) = document.build(rows).remarks
    assert remark.text.startswith("Rule not met, repeats spread more than asked (8 of 9 units): retinaface short cuda")
    assert remark.text.endswith("; and 4 more.")


def test_a_rule_that_no_unit_met_names_none_of_them() -> None:
    (remark,) = document.build([make_row(cell_id=str(n), unmet_rules=["spread"]) for n in range(8)]).remarks
    assert remark.text == "Rule not met, repeats spread more than asked: all 8 units."
    assert len(remark.cell_ids) == 8


def test_stale_rows_and_unequal_work_are_told() -> None:
    rows = [
        make_row(invocation=1, work_id="old", started_at="2026-05-01T00:00:00.000+00:00"),
        make_row(invocation=2, work_id="new", work={"au_model": '"xgb"'}),
        make_cpu_row(work_id="other", work={"au_model": '"svm"'}),
    ]
    texts = {remark.kind: remark.text for remark in document.build(rows).remarks}
    assert "au_model differ" in texts["unequal"]
    assert texts["stale"].startswith("Stale: 1 row computed other work")


def test_cells_that_no_label_tells_apart_are_told() -> None:
    asked = [json.dumps({"detector": {"keywords": {"au_model": value}}}) for value in ("xgb", "svm")]
    rows = [make_row(cell_id=each[-9:], asked=each) for each in asked]
    (remark,) = document.build(rows).remarks
    assert remark.text.startswith("2 cells have one label and differ in detector.keywords.au_model")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"foreign_gpu_processes": 1}, "Another process used the GPU meanwhile"),
        ({"profiled_ratio": 1.2}, "The profiled call took over 1.05 times a timed one"),
        ({"stages_s": {"decode": 0.5, "other": 0.2}}, "Over 10% of the profiled call is in no known stage"),
    ],
)
def test_what_disturbed_the_measuring_is_told(columns: dict[str, object], words: str) -> None:
    (remark,) = document.build([make_row(**columns)]).remarks
    assert remark.kind == "disturbed"
    assert remark.text.startswith(words)
    assert remark.text.endswith(": retinaface short cuda b=16 on RTX 4000.")
