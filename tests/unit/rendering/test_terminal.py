"""The tables that a person sees at a prompt."""

import dataclasses
import io
import re
from typing import Any

import pytest
from rich.console import Console

from featray.analysis import unit_drifts, units
from featray.analysis.outputs import Outputs
from featray.core import inputs
from featray.core.row import NO_TARGET, Row
from featray.rendering import changes_text, columns, document, terminal
from featray.rendering.document import Report
from tests.support import fake_outputs
from tests.support.builders import make_rows
from tests.support.clip_lengths import make_rows_of_lengths
from tests.support.report_rows import make_cpu_row, make_failed_row, make_report, make_row

WIDTHS = pytest.mark.parametrize("width", [60, 80, 100, 120, 140])


def drawn(rows: list[Row], width: int = 100) -> str:
    return drawn_report(make_report(rows), width)


def drawn_report(report: Report, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(terminal.draw(report), crop=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_terminal_shows_one_table_per_input_with_its_detectors() -> None:
    text = drawn([make_row(), make_row(cell_id="b", detector="img2pose", timed_s=[7.2])])
    assert text.index("img2pose") < text.index("retinaface")
    assert "Video: short (72 frames)" in text


def test_the_terminal_shows_failures_and_every_target() -> None:
    text = drawn([make_failed_row("oom", "CUDA out of memory"), make_row(cell_id="b", batch_size=1), make_cpu_row()])
    assert "oom: CUDA out of memory" in text
    assert "Settings to use, across hosts and devices" in text


def test_among_several_targets_a_failure_says_on_which_device_and_host() -> None:
    failed = make_failed_row("oom", "CUDA out of memory")
    assert "- retinaface, cuda, batch 16: oom: CUDA out of memory" in drawn([failed])
    nowhere: dict[str, Any] = {"target_id": NO_TARGET, "hostname": None, "host_id": None, "gpu_name": None}
    unplaced = make_failed_row("infeasible", "needs 99 GB", cell_id="c", **nowhere)
    lines = drawn([failed, make_cpu_row(host_id="host-2", hostname="shelf"), unplaced]).splitlines()
    assert "- retinaface, cuda, batch 16 on RTX 4000 of box: oom: CUDA out of memory" in lines
    assert "- retinaface, cuda, batch 16: infeasible: needs 99 GB" in lines


@WIDTHS
def test_what_changes_breaks_no_word_and_no_figure(width: int) -> None:
    rows = [row for batch in (1, 8) for row in make_rows([1.0, 1.0, 1.0], batch_size=batch)]
    moved = fake_outputs.make_table(fake_outputs.moved(fake_outputs.make_fex(), fake_outputs.AUS, 0.16))
    tables = {1: fake_outputs.make_table(fake_outputs.make_fex()), 8: moved}
    gathered = units.gather(rows)
    report = document.build(gathered, unit_drifts.find(gathered, [], Outputs(lambda row: tables[row.batch_size])))
    text = drawn_report(report, width)
    words = set(text.split())
    for line in changes_text.lines(report):
        assert {word for part in line.texts for word in part.split()} <= words | {f"{word}," for word in words} | {
            word.rstrip(",") for word in words
        }
    assert {"tolerance", "against", "matched", "median", "action"} <= words
    assert re.search(r"action units +0\.16 +0\.16 +0\.16 +0\.15 +100%|median 0\.16 +99% 0\.16 +max 0\.16", text), text
    assert max(map(len, text.splitlines())) <= width


def test_names_are_not_markup() -> None:
    assert "[red]box[/red]" in drawn([make_row(hostname="[red]box[/red]")])


def test_no_rows_and_narrow_terminals_are_fine() -> None:
    assert "There are no rows to report." in drawn([])
    assert "72" in drawn([make_row()], width=40)


FIGURES: dict[str, Any] = {
    "asked": '{"input": {"faces": null}, "processes": 2}',
    "faces": 66,
    "faces_min": 0,
    "faces_mean": 0.92,
    "faces_max": 2,
    "import_s": 8.11,
    "load_s": 2.25,
    "first_call_s": 1.53,
    "energy_j": 1440.0,
    "idle_power_w": 50.0,
    "accuracy": {"AU F1": 0.712, "AU ICC": 0.633, "emotion accuracy": 0.584, "gaze degrees": 4.21, "pose degrees": 3.9},
}


def make_full_rows(**changes: Any) -> list[Row]:
    """Make rows that have every optional column of a report, some of them without a number."""
    rows = []
    for number, (batch, size) in enumerate([(1, 8.23), (16, 0.443), (64, 0.483)]):
        for invocation in (1, 2, 3):
            both = {name: [size * pace for pace in (1.0, 1.03, 1.11)] for name in "12"}
            columns = {"processes": 2, "process_timed_s": both, "batch_size": batch, "cell_id": f"{number}"}
            timed = [size * (1 + 0.02 * invocation) * pace for pace in (1.0, 1.02, 1.1)]
            rows.append(make_row(invocation=invocation, timed_s=timed, **{**columns, **FIGURES, **changes}))
    failed = {"processes": 2, "batch_size": 256, "cell_id": "f", **changes}
    return [*rows, make_failed_row("oom", "CUDA out of memory: 12.0 GiB are not free", **failed)]


def make_varied_rows() -> list[Row]:
    varied = {"num_workers": 2, "environment": "torch-2.5-cu121", "detector": "img2pose"}
    other: dict[str, Any] = {"processes": 4, "section_label": "other (72 frames)", "input": "other"}
    rows = make_full_rows() + [
        dataclasses.replace(row, cell_id=f"{row.cell_id}v") for row in make_full_rows(**varied, work_id="w")
    ]
    return rows + [dataclasses.replace(row, cell_id=f"{row.cell_id}o", **other) for row in make_full_rows()]


@WIDTHS
@pytest.mark.parametrize("rows", [make_full_rows(), make_varied_rows()], ids=["alike", "varied"])
def test_every_figure_and_heading_is_whole(rows: list[Row], width: int) -> None:
    report, text = make_report(rows), drawn(rows, width)
    columns_shown = report.columns
    assert all((columns_shown.start, columns_shown.energy, columns_shown.idle, columns_shown.faces))
    assert len(columns_shown.accuracy) == 5
    for heading in columns.headings(columns_shown, inputs.VIDEO):
        if heading not in ("device", "processes", "environment", "workers", "threads"):
            assert re.search(rf"(?<!\S){re.escape(heading)}(?!\S)", text), heading
    for unit in report.units:
        for figure in columns.line(unit, columns_shown, inputs.VIDEO) if unit.call_s is not None else ():
            assert figure == "-" or re.search(rf"(?<![\w.]){re.escape(figure)}(?![\w.])", text), figure
    assert max(map(len, text.splitlines())) <= width


@WIDTHS
def test_figures_stand_under_their_headings_or_beside_them(width: int) -> None:
    text = drawn(make_full_rows(), width)
    assert re.search(r"(?m)^retinaface +16 +0\.47 +6\.5 +153\.2|batch 16\n +sec 0\.47 +ms/frame 6\.5", text), text


def test_what_failed_stands_below_with_its_reason() -> None:
    lines = drawn(make_full_rows(), 140).splitlines()
    (failed,) = [line for line in lines if "out of memory" in line and "No number" not in line]
    reason = "oom: CUDA out of memory: 12.0 GiB are not free"
    assert failed.rstrip() == f"- retinaface, cuda, batch 256, 2 processes side by side: {reason}"
    assert not any(line.split()[1:2] == ["256"] for line in lines)


@WIDTHS
def test_a_reason_wraps_between_words(width: int) -> None:
    text = drawn([make_failed_row("crashed", "tolerance " * 12)], width)
    assert set(re.findall(r"toler\w*|\w*ance", text)) == {"tolerance"}
    assert "Video: short (72 frames)" in text


def test_processes_are_said_also_where_their_number_is_the_same_everywhere() -> None:
    assert "\ncuda, 2 processes side by side\n" in drawn(make_full_rows(), 80)


def test_the_device_is_a_column_only_where_it_is_not_the_same() -> None:
    rows = [make_row(), make_cpu_row(cell_id="b")]
    assert "\ncuda\n" in drawn(rows[:1], 80)
    assert re.search(r"device +batch +sec", drawn(rows, 80))


def test_the_last_figures_are_those_of_the_start_and_the_scatter() -> None:
    text = drawn(make_full_rows(), 80)
    heads = [line.split()[2:] for line in text.splitlines() if line.startswith("detector    batch")]
    assert heads[0] == ["sec", "ms/frame", "fps", "95%", "CI", "calls", "faces/frame"]
    figures = " ".join(" ".join(head) for head in heads[: heads.index(["ms", "95%", "CI", "fps"])])
    assert figures.endswith("IQR start s first call s")


def test_lengths_are_sentences_since_their_table_is_too_wide() -> None:
    report = document.build(units.gather(make_rows_of_lengths()))
    text = " ".join(drawn_report(report, 80).split())
    assert "single_face.mp4, RTX 3090, batch 16 (72, 288, 1152 frames): start-up 0." in text
    assert "ms/frame per 1000 frames" in text


def test_a_prompt_gets_some_screens_of_many_units_and_is_told_where_the_rest_is() -> None:
    rows = [
        make_row(cell_id=f"{number}-{size}", detector=f"d{number}", batch_size=size)
        for number in range(terminal.UNITS_MAX + 5)
        for size in (1, 2)
    ]
    text = drawn(rows)
    assert "The figures of 410 units are in the report." in text
    assert "5 more are in the report." in text
    assert len(re.findall(r"^d\d+", text.partition("5 more")[0], re.MULTILINE)) == terminal.UNITS_MAX
