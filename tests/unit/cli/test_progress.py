"""Progress for people: lines, and the live view of a terminal."""

import dataclasses
import re
from typing import Any

import pytest
from rich.console import Console

from featray.cli import progress
from featray.core.events import PlainEvent
from featray.rendering import event_text
from tests.support.builders import make_row


def event(kind: str, *, target: str = "t", label: str = "RTX 3090", **values: Any) -> PlainEvent:
    known = {"done": 0, "total": 2, "event": kind, "invocation": "demo/retinaface/cuda/invocation-1"}
    return {**known, "detector": "retinaface", "target": target, "target_label": label, "cell_id": "c", **values}


def row_event(done: int = 1, **columns: Any) -> PlainEvent:
    return event("row", done=done, left_s=125.0, row=dataclasses.asdict(make_row(**columns)))


def drawn(view: progress.LiveView) -> list[str]:
    console = Console(width=100, record=True, file=None, quiet=False, color_system=None)
    with console.capture() as capture:
        console.print(view)
    return capture.get().splitlines()


def test_a_row_is_a_line_with_its_time_and_the_time_left() -> None:
    assert event_text.event_line(row_event()) == (
        "[1/2] retinaface short cuda b=16 #1: 10.6 ms/frame, 94.7 fps, about 2 min 05 s left"
    )


def test_no_time_is_left_where_the_rest_is_given_up() -> None:
    line = event_text.event_line({**row_event(), "left_s": 0.0})
    assert line == "[1/2] retinaface short cuda b=16 #1: 10.6 ms/frame, 94.7 fps"


def test_a_row_without_a_time_says_why() -> None:
    line = event_text.row_line(dataclasses.asdict(make_row(status="oom", reason="CUDA out of memory", attempt=2)))
    assert line == "retinaface short cuda b=16 #1, try 2: oom (CUDA out of memory)"


def test_a_long_reason_is_cut_in_its_middle() -> None:
    reason = "OutOfMemoryError: CUDA out of memory. " + "See the documentation. " * 30 + "2.38 GiB allowed"
    line = event_text.row_line(dataclasses.asdict(make_row(status="oom", reason=reason)))
    assert line.startswith("retinaface short cuda b=16 #1: oom (OutOfMemoryError: CUDA out of memory. See")
    assert line.endswith("2.38 GiB allowed)")
    assert len(line) < 200


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"omp_num_threads": "1", "num_workers": 0, "processes": None}, ""),
        ({"omp_num_threads": "2", "num_workers": 1}, ", 1 worker, 2 threads"),
        ({"omp_num_threads": "2", "processes": 4, "environment": "before"}, ", 2 threads, 4 processes, before"),
    ],
)
def test_cells_that_differ_in_one_setting_have_unlike_lines(columns: dict[str, Any], named: str) -> None:
    line = event_text.row_line(dataclasses.asdict(make_row(**columns)))
    assert line == f"retinaface short cuda b=16 #1{named}: 10.6 ms/frame, 94.7 fps"


def test_who_waits_for_whom_is_a_line() -> None:
    line = event_text.event_line(event("waiting", text="ann@box, process 7"))
    assert line == "demo/retinaface/cuda/invocation-1 on RTX 3090: waiting for ann@box, process 7"


def test_the_same_line_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = progress.EventLines()
    for _ in range(2):
        lines.show({"done": 0, "total": 0, "text": "Ray dashboard: http://127.0.0.1:8265"})
    assert capsys.readouterr().err == "Ray dashboard: http://127.0.0.1:8265\n"


def test_how_a_submit_ended_is_no_line_of_its_own() -> None:
    assert event_text.event_line({"done": 0, "total": 0, "event": "ended_run", "code": 1, "message": "x"}) == ""


def test_the_live_view_has_a_line_for_each_target() -> None:
    view = progress.LiveView()
    (spinner,) = drawn(view)
    assert spinner.endswith(" starting")
    view.show(event("started", cell="retinaface short cuda b=16"))
    view.show(event("loading", target="u", label="CPU"))
    lines = drawn(view)
    assert lines[1].split()[:4] == ["0", "0", "RTX", "3090"]
    assert "retinaface short cuda b=16" in lines[1]
    assert lines[2].split()[:3] == ["0", "0", "CPU"]
    assert "loads retinaface" in lines[2]


def test_a_target_that_gets_a_longer_name_keeps_its_line() -> None:
    view = progress.LiveView()
    view.show(event("started"))
    view.show(event("ended", label="RTX 3090 of box"))
    (line,) = [line for line in drawn(view) if "RTX" in line]
    assert line.split()[:6] == ["0", "0", "RTX", "3090", "of", "box"]


def test_nothing_runs_any_more_once_a_submit_has_ended() -> None:
    view = progress.LiveView()
    view.show(row_event())
    view.show(event("started", cell="retinaface short cuda b=32"))
    assert "b=32" in "".join(drawn(view))
    view.end()
    shown = "".join(drawn(view))
    assert "b=32" not in shown
    assert "left" not in shown
    assert "10.6" in shown


def test_failures_and_warnings_scroll_above_the_view() -> None:
    view, said = progress.LiveView(), list[str]()
    view.say = lambda text, **_: said.append(text)
    view.show(row_event(status="failed", reason="RuntimeError"))
    view.show({**row_event(done=2), "text": "the spool is full"})
    assert said == ["retinaface short cuda b=16 #1: failed (RuntimeError)", "the spool is full"]
    assert drawn(view)[1].split()[:3] == ["10.6", "2", "1"]


@pytest.mark.parametrize("columns", [80, 120])
def test_the_live_view_begins_with_the_number_at_every_width(columns: int) -> None:
    view = progress.LiveView()
    view.show({**row_event(), "target_label": "RTX PRO 6000 Blackwell of a-host-with-a-very-long-name"})
    console = Console(width=columns)
    with console.capture() as captured:
        console.print(view)
    heading, line, *_ = captured.get().split("\n")
    assert heading.split()[:4] == ["ms/frame", "done", "failed", "target"]
    assert line.split()[:3] == ["10.6", "1", "0"]
    assert max(len(heading.rstrip()), len(line.rstrip())) <= columns


def show_many(view: progress.LiveView, total: int) -> None:
    """Let so many targets end a cell; after that one measures, one waits and one fails."""
    for number in range(total):
        place = {"target": f"t{number}", "target_label": f"target {number}"}
        view.show({**row_event(), **place})
        view.show({**event("ended", done=1), **place})
    view.show({**event("waiting", text="ann@box"), "target": f"t{total - 3}", "target_label": f"target {total - 3}"})
    view.show({**event("started"), "target": f"t{total - 2}", "target_label": f"target {total - 2}"})
    view.show({**row_event(status="failed"), "target": f"t{total - 1}", "target_label": f"target {total - 1}"})


def on_a_terminal(view: progress.LiveView, columns: int, lines: int) -> list[str]:
    console = Console(width=columns, height=lines, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(view)
    return captured.get().splitlines()


def targets_of(lines: list[str]) -> list[int]:
    return [int(match[1]) for line in lines if (match := re.search(r" target (\d+) ", line))]


def test_of_many_targets_the_live_view_draws_a_screen_and_sums_up_the_rest() -> None:
    view, total = progress.LiveView(), progress.LINES_MAX + 10
    show_many(view, total)
    lines = drawn(view)
    # First the failure, then what measures, then what waits, then the others in their order.
    assert targets_of(lines) == [total - 1, total - 2, total - 3, *range(progress.LINES_MAX - 3)]
    assert "and 10 more targets: 0 busy, 10 idle; 10 done, 0 failed" in lines


def test_targets_that_have_not_begun_are_counted_too() -> None:
    view = progress.LiveView()
    show_many(view, 5)
    for targets in (4000, 2):  # a later part of the submit has fewer
        view.show({**event("started"), "target": "t3", "target_label": "target 3", "targets": targets})
    lines = on_a_terminal(view, 80, 10)
    assert targets_of(lines) == [0, 1, 2, 3, 4]
    assert lines[-2] == "and 3995 more targets: 0 busy, 0 idle, 3995 not begun; 0 done, 0 failed"
    show_many(view, 50)
    assert on_a_terminal(view, 80, 10)[-2].startswith("and 3994 more targets: 0 busy, 44 idle, 3950 not begun; ")


@pytest.mark.parametrize("columns", [30, 80, 120])
@pytest.mark.parametrize("height", [2, 3, 4, 5, 24, 60])
@pytest.mark.parametrize("total", [21, 22, 25, 1000])
def test_the_bar_is_on_view_and_no_line_beyond_the_terminal(columns: int, height: int, total: int) -> None:
    view = progress.LiveView()
    show_many(view, total)
    lines = on_a_terminal(view, columns, height)
    assert len(lines) < height
    assert "1/2" in lines[-1]
    # The heading, the sum, the bar and the cursor take a line each.
    fitting = total if total <= min(40, height - 3) else max(0, min(40, height - 4))
    assert len(targets_of(lines)) == fitting or columns < 80
    if fitting < total and height > 2:
        assert lines[-2].startswith(f"and {total - fitting} more targets"[:columns])


def test_targets_that_all_fit_keep_their_order() -> None:
    view = progress.LiveView()
    show_many(view, 21)
    assert targets_of(on_a_terminal(view, 80, 24)) == list(range(21))
    assert targets_of(on_a_terminal(view, 80, 23)) == [20, 19, 18, *range(16)]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (80, "node-00099 GPU-1f0c22aa R…"),
        (120, "node-00099 GPU-1f0c22aa RTX PRO 6000 Blackwell"),
        (160, "RTX PRO 6000 Blackwell (GPU-1f0c22aa) of node-00099"),
    ],
)
def test_a_narrow_terminal_shows_short_names_which_begin_with_the_host(columns: int, named: str) -> None:
    view = progress.LiveView()
    names = {
        "target_label": "RTX PRO 6000 Blackwell (GPU-1f0c22aa) of node-00099",
        "target_short_name": "node-00099 GPU-1f0c22aa RTX PRO 6000 Blackwell",
    }
    view.show({**event("started", cell="retinaface short cuda b=16"), **names})
    line = on_a_terminal(view, columns, 24)[1]
    assert line.split(maxsplit=2)[2].startswith(f"{named}  retinafa")


def names_on_view(names: list[str], columns: int) -> list[str]:
    """Show idle targets of these short names; return what the view calls them."""
    view = progress.LiveView()
    for number, name in enumerate(names):
        place = {"target": f"t{number}", "target_label": f"{name} in full", "target_short_name": name}
        view.show({**row_event(), **place})
        view.show({**event("ended", done=1), **place})
    lines = on_a_terminal(view, columns, 24)[1 : len(names) + 1]
    return [line.split(maxsplit=3)[3].split("  ")[0] for line in lines]


WORKERS = [f"featray-worker-h10…6c5-x{number:02d}vq CPU" for number in range(6)]


def test_hosts_whose_names_differ_at_the_end_have_unlike_lines() -> None:
    assert names_on_view(WORKERS, 80) == WORKERS
    assert names_on_view(WORKERS, 60) == [f"featray-worker-…{number:02d}vq CPU" for number in range(6)]


def test_a_long_name_of_a_host_is_whole_also_where_its_beginning_is_enough() -> None:
    assert names_on_view(WORKERS[:1], 80) == WORKERS[:1]


def test_gpus_of_a_host_with_a_long_name_have_unlike_lines() -> None:
    names = [f"lab-rack0001-abcde…ijabcdefg GPU-000…000{number} H100 80GB HBM3" for number in (1, 2)]
    assert names_on_view(names, 80) == [f"lab-rack0001-abcde…ijabcdefg GPU-000…000{number} H…" for number in (1, 2)]


def test_a_name_takes_no_more_room_than_tells_it_apart() -> None:
    names = [name.replace("CPU", "H100 80GB HBM3") for name in WORKERS]
    assert names_on_view(names, 80) == [name.replace("CPU", "H100 80GB…") for name in WORKERS]


def test_long_names_take_the_room_of_what_was_measured_last_and_leave_some_to_what_is_measured_now() -> None:
    view = progress.LiveView()
    view.show({**row_event(), "target_label": WORKERS[0], "target_short_name": WORKERS[0]})
    view.show({**event("loading"), "target_label": WORKERS[0], "target_short_name": WORKERS[0]})
    heading, line, *_ = on_a_terminal(view, 80, 24)
    assert heading.split() == ["ms/frame", "done", "failed", "target", "now"]
    assert line.split()[3:] == [*WORKERS[0].split(), "loads", "retinaface"]


def test_among_several_targets_a_line_says_where_it_happened() -> None:
    failed = {**row_event(status="failed", reason="CUDA driver is too old"), "place": "RTX 3090 of box"}
    line = "retinaface short cuda b=16 #1 on RTX 3090 of box: failed (CUDA driver is too old)"
    assert event_text.event_line(failed) == f"[1/2] {line}, about 2 min 05 s left"
    view, said = progress.LiveView(), list[str]()
    view.say = lambda text, **_: said.append(text)
    view.show(failed)
    assert said == [line]
    assert event_text.split_row_line(failed["row"]) == ("failed", "retinaface short cuda b=16 #1")
    ended = {**event("ended", text="its host is gone"), "place": "RTX 3090 of box"}
    assert event_text.event_line(ended) == "demo/retinaface/cuda/invocation-1 on RTX 3090 of box: its host is gone"
    waiting = {**event("waiting", text="ann@box"), "place": "RTX 3090 of box"}
    assert event_text.event_line(waiting).endswith("invocation-1 on RTX 3090 of box: waiting for ann@box")
