"""py-feat's JSON, version 1: read, written back equal, and refused where it is broken."""

import json
from typing import Any

import pytest

from featray.errors import ImportFileError
from featray.interchange import pyfeat_json
from featray.interchange.imported_rows import Import
from tests.support import reports


def parse(payload: object) -> Import:
    return pyfeat_json.parse(json.dumps(payload), "run.json", "run")


def test_every_record_becomes_a_row_with_the_duration_itself() -> None:
    video, images = parse(reports.payload()).rows
    assert (video.detector, video.input, video.batch_size, video.timed_s) == ("detectorv2", "short", 4, [2.0])
    assert (images.section_kind, images.num_workers, images.timed_s) == ("images", 2, [4.0])
    assert (images.frames, images.fex_rows) == (16, 80)
    assert video.started_at == "2026-06-05T14:00:00.000+00:00"
    assert (video.target_id, images.target_id) == ("cuda:NVIDIA RTX 4000@box", "cpu@box")


def test_a_record_and_a_table_line_of_the_same_labels_are_the_same_cell() -> None:
    from featray.interchange import pyfeat_markdown

    tables = {(reports.SHORT, "Detectorv2 multitask"): [("cuda", "4", "2.00", "27.8", "36.0")]}
    line = pyfeat_markdown.parse(reports.markdown(tables), "run.md", "run").rows[0]
    assert line.cell_id == parse(reports.payload()).rows[0].cell_id


def test_derived_figures_that_do_not_fit_the_duration_are_warned_about() -> None:
    payload: Any = reports.payload()
    payload["records"][0]["fps"] = 72.0
    found = parse(payload)
    assert found.rows[0].timed_s == [2.0]
    assert "records[0]: sec 2.0, ms/frame 27.78, fps 72.0 cannot all be true" in found.warnings[0]


def test_unrounded_figures_of_the_same_duration_never_contradict() -> None:
    payload: Any = reports.payload()
    for seconds in (2.2134567890123, 0.1, 1 / 3, 123.45678901234567):
        payload["records"][0] |= {"sec": seconds, "per_unit_ms": seconds / 72 * 1000, "fps": 72 / seconds}
        assert parse(payload).warnings == ()


def test_a_run_comes_back_equal() -> None:
    payload = reports.payload()
    written = pyfeat_json.write(parse(payload).rows)
    assert list(written) == ["run.json"]
    assert json.loads(written["run.json"]) == payload


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "schema_version 2; expected 1"),
        ({"records": []}, "a list that is not empty"),
        ({"records": {}}, "a list that is not empty"),
        ({"records": [1]}, r"records\[0\]: not an object"),
        ({"metadata": []}, "metadata must be an object"),
        ({"metadata": {}}, "metadata: no date"),
        ({"metadata": {"date": "later"}}, "'later' is no date"),
    ],
)
def test_a_broken_run_says_what_is_wrong(change: dict[str, object], message: str) -> None:
    with pytest.raises(ImportFileError, match=message):
        parse(reports.payload() | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sec": None}, "sec missing"),
        ({"sec": -1.0}, "sec '-1.0' is no duration"),
        ({"sec": 0}, "sec '0' is no duration"),
        ({"sec": [2.0]}, "expected a number or a text"),
        ({"batch": True}, "batch is True"),
        ({"batch": 1.5}, "batch '1.5' is not a whole number from 1"),
        ({"n_units": 0}, "n_units '0' is not a whole number from 1"),
        ({"device": "tpu"}, "device 'tpu'; expected cpu, cuda, mps"),
        ({"section_kind": "audio"}, "section_kind 'audio'; expected video, image"),
    ],
)
def test_a_broken_record_is_named(change: dict[str, object], message: str) -> None:
    payload: Any = reports.payload()
    payload["records"][1] |= change
    with pytest.raises(ImportFileError, match=message) as caught:
        parse(payload)
    assert "records[1]" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '{"schema_version": NaN}', "[" * 100_000])
def test_what_is_no_run_at_all_is_refused(text: str) -> None:
    with pytest.raises(ImportFileError, match=r"run\.json: "):
        pyfeat_json.parse(text, "run.json", "run")
