"""py-feat's JSON, version 1: read, written back equal, and refused where it is broken."""

import json
from typing import Any

import pytest

from featray.interchange import pyfeat_json
from featray.interchange.imported_rows import ParsedReport
from tests.support import pyfeat_reports
from tests.support.builders import make_row, make_rows


def parse(payload: object) -> ParsedReport:
    return pyfeat_json.parse(json.dumps(payload), "run", "run.json")


def test_every_record_becomes_a_row_with_the_duration_itself() -> None:
    video, images = parse(pyfeat_reports.payload()).rows
    assert (video.detector, video.input, video.batch_size, video.timed_s) == ("detectorv2", "short", 4, [2.0])
    assert (images.section_kind, images.num_workers, images.timed_s) == ("images", 2, [4.0])
    assert (images.frames, images.fex_rows) == (16, 80)
    assert video.started_at == "2026-06-05T14:00:00.000+00:00"
    assert (video.target_id, images.target_id) == ("cuda:NVIDIA RTX 4000@box", "cpu@box")


def test_a_record_and_a_table_line_of_the_same_labels_are_the_same_cell() -> None:
    from featray.interchange import pyfeat_markdown

    tables = {(pyfeat_reports.SHORT, "Detectorv2 multitask"): [("cuda", "4", "2.00", "27.8", "36.0")]}
    line = pyfeat_markdown.parse(pyfeat_reports.markdown(tables), "run", "run.md").rows[0]
    assert line.cell_id == parse(pyfeat_reports.payload()).rows[0].cell_id


def test_derived_figures_that_do_not_fit_the_duration_are_warned_about() -> None:
    payload: Any = pyfeat_reports.payload()
    payload["records"][0]["fps"] = 72.0
    report = parse(payload)
    assert report.rows[0].timed_s == [2.0]
    assert "records[0]: sec 2.0, ms/frame 27.78, fps 72.0 cannot all be true" in report.warnings[0]


def test_unrounded_figures_of_the_same_duration_never_contradict() -> None:
    payload: Any = pyfeat_reports.payload()
    for seconds in (2.2134567890123, 0.1, 1 / 3, 123.45678901234567):
        payload["records"][0] |= {"sec": seconds, "per_unit_ms": seconds / 72 * 1000, "fps": 72 / seconds}
        assert parse(payload).warnings == ()


def test_a_run_comes_back_equal() -> None:
    payload = pyfeat_reports.payload()
    written = pyfeat_json.write(parse(payload).rows)
    assert list(written) == ["run.json"]
    assert json.loads(written["run.json"]) == payload


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "schema_version: expected 1, got 2; a newer featray may read it"),
        ({"records": []}, "records: expected a list that is not empty"),
        ({"records": {}}, "records: expected a list that is not empty"),
        ({"records": [1]}, r"records\[0\]: expected an object, got 1"),
        ({"metadata": []}, "metadata: expected an object"),
        ({"metadata": {}}, "metadata: date: expected a date"),
        (
            {"metadata": {"date": "later"}},
            "metadata: date: expected a date such as .*, got 'later'",
        ),
    ],
)
def test_a_broken_run_says_what_is_wrong(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(pyfeat_reports.payload() | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sec": None}, "no value for sec"),
        ({"sec": -1.0}, "sec: expected a number of seconds above 0, got '-1.0'"),
        ({"sec": 0}, "sec: expected a number of seconds above 0, got '0'"),
        ({"sec": [2.0]}, "sec: expected a number or a text, got"),
        ({"batch": True}, "batch: expected a number or a text, got True"),
        ({"batch": 1.5}, "batch: expected a whole number from 1, got '1.5'"),
        ({"n_units": 0}, "n_units: expected a whole number from 1, got '0'"),
        ({"device": "tpu"}, "device 'tpu' is unknown; expected cpu, cuda, mps"),
        ({"section_kind": "audio"}, "section_kind: expected one of video, image; got 'audio'"),
    ],
)
def test_a_broken_record_is_named(change: dict[str, object], message: str) -> None:
    payload: Any = pyfeat_reports.payload()
    payload["records"][1] |= change
    with pytest.raises(ValueError, match=message) as caught:
        parse(payload)
    assert str(caught.value).startswith("records[1]: ")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '{"schema_version": NaN}', "[" * 100_000])
def test_a_text_that_is_no_run_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not JSON|expected schema_version, metadata and records"):
        pyfeat_json.parse(text, "run", "run.json")


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


def test_synthetic_weights_are_named_in_the_metadata() -> None:
    (text,) = pyfeat_json.write([make_row(weights="synthetic")]).values()
    assert json.loads(text)["metadata"]["weights"] == "synthetic"


def test_a_second_report_and_a_copy_of_a_record_are_refused() -> None:
    payload: Any = pyfeat_reports.payload()
    with pytest.raises(ValueError, match="a second report begins"):
        pyfeat_json.parse(json.dumps(payload) + "\n" + json.dumps(payload), "run", "run.json")
    payload["records"].append(dict(payload["records"][0]))
    with pytest.raises(ValueError, match=r"records\[2\]: the same as records\[0\], with its figures"):
        pyfeat_json.parse(json.dumps(payload), "run", "run.json")


def test_whole_numbers_with_a_point_are_whole_numbers() -> None:
    payload: Any = pyfeat_reports.payload()
    payload["metadata"] |= {"cpu_count": 32.0, "omp_num_threads": 1.0}
    row = pyfeat_json.parse(json.dumps(payload), "run", "run.json").rows[0]
    assert (row.cpu_count, row.omp_num_threads) == (32, "1")
