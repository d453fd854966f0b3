"""The tables that a person sees at a prompt."""

import io

from rich.console import Console

from featray.core.row import Row
from featray.rendering import terminal
from tests.support.report_rows import make_cpu_row, make_failed_row, make_report, make_row


def drawn(rows: list[Row], width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(terminal.draw(make_report(rows)))
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


def test_names_are_not_markup() -> None:
    assert "[red]box[/red]" in drawn([make_row(hostname="[red]box[/red]")])


def test_no_rows_and_narrow_terminals_are_fine() -> None:
    assert "There are no rows to report." in drawn([])
    assert "72" in drawn([make_row()], width=40)
