"""The tables that a person sees at a prompt."""

import io

from rich.console import Console

from featray.analysis import units
from featray.core.row import Row
from featray.rendering import document, terminal
from tests.support.clip_lengths import make_rows_of_lengths
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


def test_energy_and_start_have_a_table_of_their_own_that_fits_80_columns() -> None:
    row = make_row(import_s=8.0, load_s=2.0, first_call_s=0.72, energy_j=144.0, idle_power_w=50.0, timed_s=[0.72])
    text = drawn([row], width=80)
    head = next(line for line in text.splitlines() if "J/frame" in line)
    assert head.split() == ["detector", "setting", "start", "s", "J/frame", "above", "idle", "kWh/1000", "h"]
    (figures,) = [line for line in text.splitlines() if "batch 16" in line and "retinaface" in line]
    assert figures.split() == ["retinaface", "batch", "16", "10", "2.0", "1.5", "60"]  # 144 J less 36 J, of 72 frames


def test_a_start_alone_stays_beside_the_times() -> None:
    text = drawn([make_row(import_s=8.0, load_s=2.0, first_call_s=0.72, timed_s=[0.72])])
    assert "start, energy, cost" not in text
    assert "start s" in text


def test_lengths_are_sentences_since_their_table_is_too_wide() -> None:
    report = document.build(units.gather(make_rows_of_lengths()))
    console = Console(file=io.StringIO(), width=80, highlight=False)
    console.print(terminal.draw(report))
    assert isinstance(console.file, io.StringIO)
    text = " ".join(console.file.getvalue().split())
    assert "single_face.mp4, RTX 3090, batch 16 (72, 288, 1152 frames): start-up 0." in text
    assert "ms/frame per 1000 frames" in text
