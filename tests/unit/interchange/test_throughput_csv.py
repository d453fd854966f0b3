"""Tables: py-feat's throughput.csv in and out, and every column as CSV and JSON lines."""

import csv
import io
import json

import pytest

from featray.core import row as rows
from featray.errors import ImportFileError
from featray.interchange import all_columns, pyfeat_json, pyfeat_markdown, throughput_csv
from featray.interchange.imported_rows import Import
from tests.support import reports

HEADER = "feat_version,date,host,gpu,config,device,batch,section_kind,section_label,fps\n"
SHORT = '2.1.5,2026-07-01,box,"CUDA 12.8, NVIDIA RTX 4000",img2pose,cuda,16,video,short,33.3\n'
ON_CPU = "2.1.5,2026-07-01,box,CPU,img2pose,cpu,1,video,short,1.2\n"
IMAGES = SHORT.replace("16,video,short,33.3", "1,images,Images: 16 x multi_face.jpg = 80 faces,6.7")
LATER = '2.2.0,2026-08-01,box,"CUDA 12.8, NVIDIA RTX 4000",img2pose,cuda,16,video,short,36.0\n'


def parse(text: str) -> Import:
    return throughput_csv.parse(text, "throughput.csv", "throughput")


def test_a_rate_becomes_the_midpoint_of_the_durations_that_print_like_it() -> None:
    row = parse(HEADER + SHORT).rows[0]
    assert row.interval_s == pytest.approx([72 / 33.35, 72 / 33.25])
    assert (row.section_label, row.target_id) == ("short (72 frames)", "cuda:NVIDIA RTX 4000@box")


def test_each_version_date_and_host_is_a_run_of_its_own() -> None:
    found = parse(HEADER + SHORT + ON_CPU + IMAGES + LATER).rows
    assert [row.run_id for row in found] == ["throughput-2.1.5-2026-07-01-box"] * 3 + [
        "throughput-2.2.0-2026-08-01-box"
    ]
    assert {row.sweep for row in found} == {"throughput"}
    assert len({row.key() for row in found}) == 4


def test_lines_that_were_appended_twice_count_once_and_others_are_more_invocations() -> None:
    repeated = SHORT.replace("33.3", "34.0")
    found = parse(HEADER + SHORT + SHORT + repeated).rows
    assert [(row.invocation, (row.printed or {})["fps"]) for row in found] == [(1, "33.3"), (2, "34.0")]


def test_the_columns_of_the_ingest_script_carry_the_duration_itself() -> None:
    payload = reports.payload()
    assert isinstance(payload["metadata"], dict)
    assert isinstance(payload["records"], list)
    plain = {name: value for name, value in payload["metadata"].items() if not isinstance(value, list)}
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [*plain, *payload["records"][0]])
    writer.writeheader()
    writer.writerows({**plain, **record} for record in payload["records"])
    found = parse(stream.getvalue()).rows
    same = pyfeat_json.parse(json.dumps(payload), "run.json", "run").rows
    assert [(row.cell_id, row.timed_s, row.torch) for row in found] == [
        (row.cell_id, row.timed_s, row.torch) for row in same
    ]


def test_rows_are_written_with_the_dashboards_columns() -> None:
    found = pyfeat_markdown.parse(reports.markdown(), "run.md", "run").rows
    assert throughput_csv.write(found).splitlines() == [
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
        ("", "columns feat_version, date"),
        (HEADER, "no line of figures"),
        (HEADER.replace(",fps", ""), "columns fps are missing"),
        (HEADER + SHORT.replace("33.3", "fast"), "line 2: 'fast' is not a number"),
        (HEADER + SHORT.replace("33.3", "0.0"), r"line 2: fps 0\.0 gives no duration"),
        (HEADER + SHORT.replace("33.3", ""), "line 2: fps missing"),
        (HEADER + SHORT.replace("short", "my clip"), "line 2: section 'my clip' does not say"),
        (HEADER + SHORT.replace("video", "audio"), "line 2: section_kind 'audio'"),
        (HEADER + SHORT.strip() + ",7\n", "line 2: another number of fields"),
        (HEADER + "2.1.5,2026-07-01\n", "line 2: another number of fields"),
        (HEADER + SHORT.replace("2026-07-01", "soon"), "'soon' is no date"),
        (HEADER + '"' + SHORT, "throughput.csv: "),
        (HEADER + "\0", "throughput.csv: "),
    ],
)
def test_a_broken_table_says_where(text: str, message: str) -> None:
    with pytest.raises(ImportFileError, match=message):
        parse(text)


def test_json_lines_carry_every_column_and_read_back_equal() -> None:
    found = parse(HEADER + SHORT + ON_CPU).rows
    lines = all_columns.json_lines(found).splitlines()
    assert tuple(rows.from_mapping(json.loads(line)) for line in lines) == found


def test_the_full_table_has_the_stores_columns_and_json_for_lists_and_maps() -> None:
    (record,) = csv.DictReader(io.StringIO(all_columns.comma_separated(parse(HEADER + SHORT).rows)))
    assert list(record) == [column.name for column in rows.columns()]
    assert json.loads(record["interval_s"]) == pytest.approx([72 / 33.35, 72 / 33.25])
    assert record["work_id"] == ""
