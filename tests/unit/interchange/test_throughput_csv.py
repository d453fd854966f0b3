"""py-feat's throughput.csv: read in both of its forms, and written with the dashboard's columns."""

import csv
import io
import json

import pytest

from featray.interchange import pyfeat_json, pyfeat_markdown, throughput_csv
from featray.interchange.imported_rows import ParsedReport
from tests.support import pyfeat_reports
from tests.support.builders import CPU, make_row

HEADER = "feat_version,date,host,gpu,config,device,batch,section_kind,section_label,fps\n"
SHORT = '2.1.5,2026-07-01,box,"CUDA 12.8, NVIDIA RTX 4000",img2pose,cuda,16,video,short,33.3\n'
ON_CPU = "2.1.5,2026-07-01,box,CPU,img2pose,cpu,1,video,short,1.2\n"
IMAGES = SHORT.replace("16,video,short,33.3", "1,images,Images: 16 x multi_face.jpg = 80 faces,6.7")
LATER = '2.2.0,2026-08-01,box,"CUDA 12.8, NVIDIA RTX 4000",img2pose,cuda,16,video,short,36.0\n'


def parse(text: str) -> ParsedReport:
    return throughput_csv.parse(text, "throughput", "throughput.csv")


def test_a_rate_becomes_the_midpoint_of_the_durations_that_print_like_it() -> None:
    row = parse(HEADER + SHORT).rows[0]
    assert row.interval_s == pytest.approx([72 / 33.35, 72 / 33.25])
    assert (row.section_label, row.target_id) == ("short (72 frames)", "cuda:NVIDIA RTX 4000@box")


def test_each_version_date_and_host_is_a_run_of_its_own() -> None:
    rows = parse(HEADER + SHORT + ON_CPU + IMAGES + LATER).rows
    assert [row.run_id for row in rows] == ["throughput-2.1.5-2026-07-01-box"] * 3 + ["throughput-2.2.0-2026-08-01-box"]
    assert {row.sweep for row in rows} == {"throughput"}
    assert len({row.key() for row in rows}) == 4


def test_lines_that_were_appended_twice_count_once_and_others_are_more_invocations() -> None:
    repeated = SHORT.replace("33.3", "34.0")
    rows = parse(HEADER + SHORT + SHORT + repeated).rows
    assert [(row.invocation, (row.printed or {})["fps"]) for row in rows] == [(1, "33.3"), (2, "34.0")]


def test_the_columns_of_the_ingest_script_carry_the_duration_itself() -> None:
    payload = pyfeat_reports.payload()
    assert isinstance(payload["metadata"], dict)
    assert isinstance(payload["records"], list)
    plain = {name: value for name, value in payload["metadata"].items() if not isinstance(value, list)}
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [*plain, *payload["records"][0]])
    writer.writeheader()
    writer.writerows({**plain, **record} for record in payload["records"])
    rows = parse(stream.getvalue()).rows
    same = pyfeat_json.parse(json.dumps(payload), "run", "run.json").rows
    assert [(row.cell_id, row.timed_s, row.torch) for row in rows] == [
        (row.cell_id, row.timed_s, row.torch) for row in same
    ]


def test_rows_are_written_with_the_dashboards_columns() -> None:
    rows = pyfeat_markdown.parse(pyfeat_reports.markdown(), "run", "run.md").rows
    assert throughput_csv.write(rows).splitlines() == [
        HEADER.strip(),
        ON_CPU.strip(),
        SHORT.strip(),
        SHORT.strip().replace("img2pose", "Detectorv2 multitask").replace("33.3", "270.6"),
        IMAGES.strip(),  # 1000 / 150.0 ms
    ]


def test_a_table_comes_back_unchanged() -> None:
    text = HEADER + SHORT + IMAGES + LATER
    assert throughput_csv.write(parse(text).rows) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column feat_version, date"),
        (HEADER, "no line below the head of the table"),
        (HEADER.replace(",fps", ""), "line 1: no column fps; expected those of py-feat's throughput.csv"),
        (HEADER + SHORT.replace("33.3", "fast"), "line 2: fps: expected a number such as 2.21, got 'fast'"),
        (HEADER + SHORT.replace("33.3", "0.0"), r"line 2: fps 0\.0: no duration follows"),
        (HEADER + SHORT.replace("33.3", ""), "line 2: no value for fps"),
        (HEADER + SHORT.replace("short", "my clip"), "line 2: section 'my clip' does not say"),
        (
            HEADER + SHORT.replace("video", "audio"),
            "line 2: section_kind: expected one of video, images, image; got",
        ),
        (HEADER + SHORT.strip() + ",7\n", "line 2: expected as many fields as columns"),
        (HEADER + "2.1.5,2026-07-01\n", "line 2: expected as many fields as columns"),
        (HEADER + SHORT.replace("2026-07-01", "soon"), "line 2: date: expected a date such as .*, got 'soon'"),
        (HEADER + '"' + SHORT, "not CSV: "),
        (HEADER + "\0", "line 2: "),
    ],
)
def test_a_broken_table_says_where(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_the_dashboards_columns_name_the_cpu_as_such() -> None:
    text = throughput_csv.write([make_row(timed_s=[0.72]), make_row(**CPU, input="multi-face", timed_s=[1.6])])
    assert text.splitlines()[1:] == [
        '2.1.5,2026-05-14,box,"CUDA 12.8, NVIDIA GeForce RTX 3090",retinaface,cuda,16,video,short,100.0',
        "2.1.5,2026-05-14,box,CPU,retinaface,cpu,16,images,Images: 16 x multi_face.jpg = 80 faces,10.0",
    ]


def test_synthetic_weights_are_named_beside_the_detector() -> None:
    assert "retinaface (synthetic weights)" in throughput_csv.write([make_row(weights="synthetic")])


FACES_AS_FPS = (
    HEADER
    + """\
0.7.0,2026-06-05,hostA,"CUDA 12.8, NVIDIA GPU A",img2pose,cuda,1,images,Images: 16 x multi_face.jpg = 80 faces,80.0
0.7.0,2026-06-05,hostA,"CUDA 12.8, NVIDIA GPU A",retinaface,cuda,16,images,Images: 16 x multi_face.jpg = 80 faces,80.0
"""
)
WRITTEN_BY_PANDAS = """\
date,feat_version,git_commit,host,machine,cpu_count,python,pytorch,gpu,omp_num_threads,section_kind,section_label,\
config,device,batch,workers,sec,n_rows,n_units,per_unit_ms,fps
2026-07-05T10:00:00-04:00,2.0.3,abc1234,hostA,x86_64,32.0,3.12.3,2.11.0+cu128,"CUDA 12.8, NVIDIA RTX A6000",1.0,\
video,short (72 frames),Detectorv2 multitask,cuda,1,0,2.0,72.0,72.0,27.78,36.0
2026-07-06T10:00:00-04:00,2.0.3,abc1234,hostA,x86_64,,3.12.3,2.11.0+cu128,"CUDA 12.8, NVIDIA RTX A6000",,\
image,16 x multi_face.jpg = 80 faces,retinaface,cuda,4.0,0.0,1.0,80,16,62.5,16.0
"""


def test_a_table_whose_rates_are_numbers_of_faces_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2 to line 3: fps is the number of faces of the section in every line"):
        parse(FACES_AS_FPS)
    one_line = parse("\n".join(FACES_AS_FPS.split("\n")[:2]) + "\n")
    assert one_line.warnings == ("line 2: fps is the number of faces of the section; check that it is a rate",)
    assert parse(FACES_AS_FPS.replace("80.0", "31.5", 1)).warnings == ()


def test_whole_numbers_as_pandas_writes_them_are_whole_numbers() -> None:
    first, second = parse(WRITTEN_BY_PANDAS).rows
    assert (first.cpu_count, first.omp_num_threads, first.fex_rows, first.frames) == (32, "1", 72, 72)
    assert (second.cpu_count, second.omp_num_threads, second.batch_size, second.num_workers) == (None, None, 4, 0)


def test_two_tables_in_one_file_are_refused_and_lines_that_are_repeated_are_counted() -> None:
    with pytest.raises(ValueError, match="line 3: a second table begins; import each from its own file"):
        parse(HEADER + SHORT + HEADER + SHORT)
    assert parse(HEADER + SHORT + SHORT).warnings == ("1 line repeated; each counts once",)


def test_a_time_zone_that_is_unknown_is_said() -> None:
    (warning,) = parse(HEADER + SHORT.replace("2026-07-01", "2026-07-01 10:00:00 EDT")).warnings
    assert "the time zone 'EDT' of '2026-07-01 10:00:00 EDT' is unknown; UTC is assumed" in warning


def test_a_name_that_a_spreadsheet_would_run_as_a_formula_is_text() -> None:
    (line,) = csv.DictReader(io.StringIO(throughput_csv.write([make_row(detector="=cmd|'x'!A1", hostname="@SUM(1)")])))
    assert (line["config"], line["host"]) == ("'=cmd|'x'!A1", "'@SUM(1)")


def test_lines_of_two_environments_are_told_apart_and_read_again() -> None:
    rows = [make_row(environment=name, requirements=[f"tick=={name}"], torch="2.11.0") for name in ("1.0", "1.1")]
    text = throughput_csv.write([*rows, make_row(batch_size=4)])
    lines = list(csv.DictReader(io.StringIO(text)))
    assert sorted(line["featray_environment"] for line in lines) == ["", "1.0", "1.1"]
    assert len(parse(text).rows) == 3
    assert "featray_environment" not in throughput_csv.write([make_row()])
