"""The shipped reports of py-feat, reported: every figure and finding, byte for byte.

A change that is meant: FEATRAY_GOLDEN=write pytest tests/unit/rendering/test_golden.py, then read the difference.
"""

import functools
import json
import os
from pathlib import Path

import pytest

from featray.api import report

GOLDEN = Path(__file__).parents[2] / "golden"
RUN, BASELINE = "2026-05-14-c716340", "2026-05-03-864962c"


@functools.cache
def made(form: str, history: Path) -> str:
    return report(RUN, results=str(history), baseline=BASELINE, form=form, output=Path("-")).text


@pytest.mark.parametrize(("form", "suffix"), [("markdown", ".md"), ("json", ".json")])
def test_the_report_of_the_shipped_history_is_as_it_was(form: str, suffix: str, history: Path) -> None:
    path, text = GOLDEN / f"{RUN}{suffix}", made(form, history)
    if os.environ.get("FEATRAY_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_six_speedups_are_those_that_people_worked_out_and_none_is_called_faster(history: Path) -> None:
    pairs = json.loads(made("json", history))["notes"]["comparisons"]
    assert [f"{pair['speedup']:.2f}" for pair in pairs] == ["1.56", "1.42", "1.27", "1.30", "1.26", "1.75"]
    assert {pair["verdict"] for pair in pairs} == {"INCONCLUSIVE"}


def test_the_headline_names_the_best_throughput_and_its_realtime_factor(history: Path) -> None:
    assert "174.4 fps, 7.3x realtime at 23.98 fps" in json.loads(made("json", history))["notes"]["headline"]["text"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("unproven", "Equal labels and versions do not prove equal work"),
        ("confounded", "RTX 3090 of liquidswords2 with torch 2.11.0+cu128 and py-feat commit c716340"),
        ("confounded", "torch 2.5.1+cu124 has no sm_120 kernels"),
        (
            "batch curve",
            "(94.0 against 19.4 ms/image): 1.2 s more per call; not decided (imported from reports). Clues: 1 batch",
        ),
        ("batch curve", "Probably a one-off cost, but these runs cannot prove it. To find out, measure"),
        ("new ground", "long (472 frames)"),
        ("headroom", "96.0 GiB"),
    ],
)
def test_the_notes_say_what_people_found_and_what_they_could_not_see(kind: str, words: str, history: Path) -> None:
    found = json.loads(made("json", history))["notes"]["observations"]
    assert any(words in each["text"] for each in found if each["kind"] == kind)
