"""Exported reports: one for each host, GPU and software stack, in the order of py-feat's script."""

import pytest

from featray.interchange import exported_reports
from tests.support.builders import BLACKWELL, CPU, SHELF, make_row, make_rows


def test_a_line_has_the_geometric_mean_of_the_invocations() -> None:
    (report,) = exported_reports.split(make_rows([0.72, 0.36, 1.44]))
    (line,) = report.lines
    assert line.call_s == pytest.approx(0.72)
    assert (line.config, line.device, line.batch_size, line.frames) == ("retinaface", "cuda", 16, 72)
    assert line.printed == {}


def test_replaced_attempts_and_outdated_work_are_left_out() -> None:
    replaced, last = make_row(timed_s=[7.2]), make_row(timed_s=[0.72], attempt=2)
    (report,) = exported_reports.split([replaced, last])
    assert [line.call_s for line in report.lines] == [0.72]
    later = make_row(
        invocation=2, timed_s=[1.44], started_at="2027-01-01T00:00:00.000+00:00", work={"class": '"other"'}
    )
    (report,) = exported_reports.split([last, later])
    assert [line.call_s for line in report.lines] == [1.44]


def test_failed_units_are_left_out() -> None:
    (report,) = exported_reports.split([make_row(), make_row(batch_size=64, status="oom")])
    assert [line.batch_size for line in report.lines] == [16]


def test_lines_have_the_order_of_pyfeats_script() -> None:
    rows = [
        make_row(detector="detectorv2"),
        make_row(input="long"),
        make_row(batch_size=16),
        make_row(batch_size=4),
        make_row(detector="img2pose"),
        make_row(**CPU),
    ]
    (report,) = exported_reports.split(rows)
    assert [(line.section_label[:5], line.config, line.device, line.batch_size) for line in report.lines] == [
        ("short", "img2pose", "cuda", 16),
        ("short", "retinaface", "cpu", 16),
        ("short", "retinaface", "cuda", 4),
        ("short", "retinaface", "cuda", 16),
        ("short", "Detectorv2 multitask", "cuda", 16),
        ("long ", "retinaface", "cuda", 16),
    ]


def test_each_host_and_gpu_gets_a_report_of_its_own() -> None:
    rows = [
        make_row(),
        make_row(**BLACKWELL),
        make_row(**{**SHELF, **CPU, "target_id": "cpu@id-shelf"}),
        make_row(**CPU),
    ]
    assert sorted(report.name for report in exported_reports.split(rows)) == [
        "demo-1-box-cpu",
        "demo-1-box-nvidia-geforce-rtx-3090",
        "demo-1-box-nvidia-rtx-pro-6000-blackwell-workstation-edition",
        "demo-1-shelf-cpu",
    ]


def test_the_cpu_of_a_host_goes_with_its_only_gpu() -> None:
    (report,) = exported_reports.split([make_row(**CPU), make_row()])
    assert [line.device for line in report.lines] == ["cpu", "cuda"]
    assert exported_reports.gpu_text(report) == "CUDA 12.8, NVIDIA GeForce RTX 3090"


def test_two_software_stacks_are_two_reports() -> None:
    rows = [make_row(), make_row(environment="old", requirements=["torch==2.5.1"], torch="2.5.1+cu124")]
    assert sorted(report.name for report in exported_reports.split(rows)) == [
        "demo-1-box-nvidia-geforce-rtx-3090",
        "demo-1-box-nvidia-geforce-rtx-3090-old",
    ]


def test_reports_that_would_share_a_name_are_numbered() -> None:
    rows = [make_row(torch="2.11.0"), make_row(batch_size=4, torch="2.12.0")]
    names = [report.name for report in exported_reports.split(rows)]
    assert names == ["demo-1-box-nvidia-geforce-rtx-3090", "demo-1-box-nvidia-geforce-rtx-3090-2"]


def test_a_mac_and_a_host_without_a_gpu_are_named_as_pyfeats_script_names_them() -> None:
    mac = {"device": "mps", "target_id": "mps@id-box", "gpu_uuid": None}
    (named,) = exported_reports.split([make_row(**mac, gpu_name="Apple M5 Max")])
    (nameless,) = exported_reports.split([make_row(**mac, gpu_name=None)])
    (without,) = exported_reports.split([make_row(**CPU)])
    texts = [exported_reports.gpu_text(report) for report in (named, nameless, without)]
    assert texts == ["Apple M5 Max (MPS)", "MPS available", "no GPU"]
    assert exported_reports.host_text(make_row()) == "box (x86_64, 48 CPUs)"
    assert exported_reports.host_text(make_row(arch=None, cpu_count=None, hostname=None)) == "unknown"


@pytest.mark.parametrize("metadata", ["NaN", "3", "[", "[" * 100_000, '{"date": NaN}'])
def test_metadata_and_figures_that_no_import_wrote_are_not_exported(metadata: str) -> None:
    row = make_row(printed={"metadata": metadata, "fps": "soon", "ms/frame": "nan", "sec": "11.52"})
    (report,) = exported_reports.split([row])
    assert report.metadata == {}
    assert report.lines[0].printed == {"sec": "11.52"}
