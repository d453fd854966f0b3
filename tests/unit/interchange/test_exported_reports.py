"""Measured rows in py-feat's formats: one report for each host, GPU and software stack, as its script writes them."""

import json
from typing import Any

import pytest

from featray.core.row import Row
from featray.interchange import pyfeat_json, pyfeat_markdown, throughput_csv
from tests.support.builders import BLACKWELL, CPU, SHELF, make_row, make_rows


def report(rows: list[Row]) -> str:
    (text,) = pyfeat_markdown.write(rows).values()
    return text


def test_measured_rows_become_a_report_in_pyfeats_layout() -> None:
    # Medians 0.72, 0.36 and 1.44 s over 72 frames: the median invocation took 10 ms a frame.
    rows = make_rows([0.72, 0.36, 1.44], pyfeat_commit="c716340aaaa")
    assert report(rows) == "\n".join(
        [
            "# py-feat detector benchmark \u2014 2026-05-14 23:15:32 UTC",
            "",
            "## Run metadata",
            "",
            "- **Date:** 2026-05-14 23:15:32 UTC",
            "- **py-feat version:** 2.1.5",
            "- **Git commit:** c716340",
            "- **Host:** box (x86_64, 48 CPUs)",
            "- **Python:** 3.12.3",
            "- **PyTorch:** 2.11.0+cu128",
            "- **GPU:** CUDA 12.8, NVIDIA GeForce RTX 3090",
            "- **OMP_NUM_THREADS:** `1`",
            "- **Devices swept:** ['cuda']",
            "- **Batch sizes:** [16]",
            "- **DataLoader workers:** [0]",
            "",
            "Each timed call is preceded by one untimed warmup; the timed-call wall time is reported.",
            "",
            "## Video: short (72 frames)",
            "",
            "### retinaface",
            "",
            "| device | batch | sec | ms/frame | fps |",
            "|---|---|---|---|---|",
            "| cuda | 16 | 0.72 | 10.0 | 100.0 |",
            "",
            "",
        ]
    )


def test_attempts_that_were_replaced_and_work_that_is_stale_are_left_out() -> None:
    replaced, last = make_row(timed_s=[7.2]), make_row(timed_s=[0.72], attempt=2)
    assert "| cuda | 16 | 0.72 | 10.0 | 100.0 |" in report([replaced, last])
    later = make_row(
        invocation=2, timed_s=[1.44], started_at="2027-01-01T00:00:00.000+00:00", work={"class": '"other"'}
    )
    assert "| cuda | 16 | 1.44 | 20.0 | 50.0 |" in report([last, later])


def test_a_report_written_by_featray_can_be_imported_again() -> None:
    rows = [*make_rows([0.72] * 3), make_row(input="multi-face", timed_s=[1.6]), make_row(**CPU, timed_s=[7.2])]
    found = pyfeat_markdown.parse(report(rows), "again.md", "again").rows
    assert [(row.input, row.device) for row in found] == [("short", "cpu"), ("short", "cuda"), ("multi-face", "cuda")]
    assert [row.timed_s[0] for row in found if row.timed_s] == pytest.approx([7.2, 0.72, 1.6], abs=1e-5)


def test_cells_stand_in_the_order_of_pyfeats_script_whatever_order_they_were_measured_in() -> None:
    rows = [
        make_row(detector="detectorv2"),
        make_row(input="long"),
        make_row(batch_size=4),
        make_row(batch_size=16),
        make_row(detector="img2pose"),
    ]
    lines = [line for line in report(rows).splitlines() if line.startswith(("## V", "###", "| cuda"))]
    assert [line[:16] for line in lines] == [
        "## Video: short ",
        "### img2pose",
        "| cuda | 16 | 0.",
        "### retinaface",
        "| cuda | 4 | 0.7",
        "| cuda | 16 | 0.",
        "### Detectorv2 m",
        "| cuda | 16 | 0.",
        "## Video: long (",
        "### retinaface",
        "| cuda | 16 | 0.",
    ]


def test_each_host_and_gpu_gets_a_report_of_its_own() -> None:
    rows = [
        make_row(),
        make_row(**BLACKWELL),
        make_row(**{**SHELF, **CPU, "target_id": "cpu@id-shelf"}),
        make_row(**CPU),
    ]
    assert sorted(pyfeat_markdown.write(rows)) == [
        "demo-1-box-cpu.md",
        "demo-1-box-nvidia-geforce-rtx-3090.md",
        "demo-1-box-nvidia-rtx-pro-6000-blackwell-workstation-edition.md",
        "demo-1-shelf-cpu.md",
    ]


def test_the_cpu_of_a_host_goes_with_its_only_gpu() -> None:
    text = report([make_row(), make_row(**CPU)])
    assert "- **Devices swept:** ['cpu', 'cuda']" in text
    assert "- **GPU:** CUDA 12.8, NVIDIA GeForce RTX 3090" in text


def test_two_software_stacks_are_two_reports() -> None:
    rows = [make_row(), make_row(environment="old", requirements=["torch==2.5.1"], torch="2.5.1+cu124")]
    assert sorted(pyfeat_markdown.write(rows)) == [
        "demo-1-box-nvidia-geforce-rtx-3090-old.md",
        "demo-1-box-nvidia-geforce-rtx-3090.md",
    ]


def test_failed_units_are_left_out() -> None:
    text = report([make_row(), make_row(batch_size=64, status="oom")])
    assert "| cuda | 16 |" in text
    assert "| cuda | 64 |" not in text


def test_synthetic_weights_are_named_in_every_format() -> None:
    rows = [make_row(weights="synthetic")]
    assert "- **Weights:** synthetic" in report(rows)
    (text,) = pyfeat_json.write(rows).values()
    assert json.loads(text)["metadata"]["weights"] == "synthetic"
    assert "retinaface (synthetic weights)" in throughput_csv.write(rows)


def test_measured_rows_become_pyfeats_json_with_unrounded_figures() -> None:
    (text,) = pyfeat_json.write(make_rows([0.72, 0.36, 1.44])).values()
    payload: Any = json.loads(text)
    assert payload["metadata"]["date"] == "2026-05-14T23:15:32.000+00:00"
    assert payload["records"] == [
        {
            "section_kind": "video",
            "section_label": "short (72 frames)",
            "config": "retinaface",
            "device": "cuda",
            "batch": 16,
            "workers": 0,
            "sec": 0.72,
            "n_rows": 72,
            "n_units": 72,
            "per_unit_ms": 10.0,
            "fps": 100.0,
        }
    ]


def test_the_dashboards_columns_name_the_cpu_as_such() -> None:
    text = throughput_csv.write([make_row(timed_s=[0.72]), make_row(**CPU, input="multi-face", timed_s=[1.6])])
    assert text.splitlines()[1:] == [
        '2.1.5,2026-05-14,box,"CUDA 12.8, NVIDIA GeForce RTX 3090",retinaface,cuda,16,video,short,100.0',
        "2.1.5,2026-05-14,box,CPU,retinaface,cpu,16,images,Images: 16 x multi_face.jpg = 80 faces,10.0",
    ]
