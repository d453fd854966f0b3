"""Entries for GitHub's benchmark action: a median, its range, and what the entry was measured on."""

import dataclasses
import json

from featray.interchange import github_action, pyfeat_markdown
from featray.row import Row
from tests import reports


def measured(seconds: float, invocation: int) -> Row:
    row = pyfeat_markdown.parse(reports.markdown(), "run.md", "run").rows[1]
    return dataclasses.replace(row, timed_s=[seconds], interval_s=None, printed=None, invocation=invocation)


def test_an_entry_is_the_median_of_the_invocations_in_ms_per_frame() -> None:
    # 72 frames in 0.72, 1.44 and 0.864 s: 10, 20 and 12 ms/frame.
    found = [measured(0.72, 1), measured(1.44, 2), measured(0.864, 3)]
    (entry,) = json.loads(github_action.write(found, {(found[0].cell_id, found[0].target_id): "FASTER 1.20x"}))
    assert entry == {
        "name": "box NVIDIA RTX 4000 short img2pose cuda b=16",
        "unit": "ms/frame",
        "value": 12.0,
        "range": "\u00b1 5",
        "extra": "FASTER 1.20x\nrun run\ninvocations 3\ntarget cuda:NVIDIA RTX 4000@box",
    }


def test_a_single_printed_figure_ranges_over_what_its_print_leaves_open() -> None:
    rows = pyfeat_markdown.parse(reports.markdown(), "run.md", "run").rows
    entries = {entry["name"]: entry for entry in json.loads(github_action.write(rows))}
    assert len(entries) == 4
    # 16 images: sec 2.40 allows 2.395..2.405, ms/img 150.0 allows 2.3992..2.4008: 0.05 ms to either side.
    assert entries["box NVIDIA RTX 4000 multi-face img2pose cuda b=1"]["range"] == "\u00b1 0.05"


def test_a_unit_without_a_timing_is_left_out() -> None:
    failed = dataclasses.replace(measured(1.0, 1), status="oom", timed_s=None)
    assert json.loads(github_action.write([failed])) == []
