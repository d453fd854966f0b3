"""Progress of a submit: a live view on a terminal, plain lines elsewhere, JSON lines for scripts.

Everything here goes to stderr, except JSON events, which are the command's result. A detached submit writes JSON, so
that `featray status` and `featray logs` can show its events as if it ran here.
"""

import contextlib
import dataclasses
import json as json_text
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from featray.cli import console
from featray.core import wording
from featray.core.events import EventKind, PlainEvent
from featray.core.quantities import frames_per_second

if TYPE_CHECKING:
    from rich.console import RenderableType

    from featray.running.runner import Progress, Watch

REFRESH_HZ = 4
TARGET_WIDTH = 40  # a host's name and a GPU's: of 100 columns this leaves half for what it does


@contextlib.contextmanager
def shown(*, quiet: bool, json: bool) -> "Iterator[Watch]":
    """Give a watcher that shows a run's progress in the way that suits the place."""
    if json:
        yield lambda progress: print(json_text.dumps(to_mapping(progress), ensure_ascii=False), flush=True)
    elif quiet:
        yield lambda _: None
    else:
        with display() as show:
            yield lambda progress: show(to_mapping(progress))


@contextlib.contextmanager
def display() -> Iterator[Callable[[PlainEvent], None]]:
    """Show what happens: live on a terminal, else line by line."""
    if sys.stderr.isatty():
        with _live() as show:
            yield show
    else:
        yield Lines().show


def to_mapping(progress: "Progress") -> dict[str, object]:
    """Write what a watcher is told as plain values; what is not known is left out."""
    event, row = progress.event, progress.event.row if progress.event is not None else progress.row
    value: dict[str, object] = {"done": progress.done, "total": progress.total, "left_s": progress.left_s}
    value |= {"text": progress.text, "row": dataclasses.asdict(row) if row is not None else None}
    value["other"] = dataclasses.asdict(progress.other) if progress.other is not None else None
    if event is not None:
        invocation, target = event.planned.invocation, event.planned.target
        value |= {"event": event.kind, "invocation": invocation.name, "detector": invocation.cells[0].detector.name}
        value |= {"target": target.target_id, "target_label": target.label, "cell_id": event.cell_id}
        value["cell"] = _cell_label(progress) if event.cell_id else None
    return {key: item for key, item in value.items() if item is not None}


def _cell_label(progress: "Progress") -> str | None:
    from featray.core.cell import cell_id

    event = progress.event
    cells = event.planned.invocation.cells if event else ()
    return next((each.label for each in cells if event and cell_id(each) == event.cell_id), None)


class Lines:
    """One line per finished cell and per thing worth knowing."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self._last = ""

    def show(self, said: PlainEvent) -> None:
        """Print what happened, once."""
        line = event_line(said)
        if line and line != self._last:
            console.say(line)
            self._last = line


def event_line(said: PlainEvent) -> str:
    """Say what happened in one line; nothing for what is not worth one, as a row that came without an event."""
    if "row" in said and "invocation" in said:
        ends = [part for part in (_left(said), said.get("text")) if part]  # a row's text warns, as of a full spool
        return ", ".join([f"[{said['done']}/{said['total']}] {result_line(said['row'])}", *ends])
    if said.get("event") in (EventKind.QUEUED, EventKind.WAITING):
        return f"{said['invocation']} on {said['target_label']}: waiting for {said.get('text')}"
    text = str(said.get("text", ""))
    return f"{said['invocation']}: {text}" if text and "invocation" in said else text


def result_line(row: Mapping[str, Any]) -> str:
    """Say what one row found, in one line."""
    name = f"{row['detector']} {row['input']} {row['device']} b={row['batch_size']} #{row['invocation']}"
    if row["attempt"] > 1:
        name += f", try {row['attempt']}"
    if row["timed_s"] and row["frames"]:
        call_s = statistics.median(row["timed_s"])
        fps = frames_per_second(row["frames"], call_s)
        return f"{name}: {1000 * call_s / row['frames']:.1f} ms/frame, {fps:.1f} fps"
    return f"{name}: {row['status']} ({row['reason']})"


def _left(said: PlainEvent) -> str:
    if "left_s" not in said or said["done"] == said["total"]:
        return ""
    return f"about {wording.duration(said['left_s'])} left"


@contextlib.contextmanager
def _live() -> Iterator[Callable[[PlainEvent], None]]:
    from rich.live import Live

    view = View()
    with Live(view, console=console.stderr(), refresh_per_second=REFRESH_HZ, transient=True) as live:
        view.say = live.console.print
        yield view.show


@dataclasses.dataclass
class _TargetLine:
    """What is known of one target."""

    now: str = ""
    last: str = ""
    done: int = 0
    failed: int = 0


class View:
    """One line per target and a bar below; failures and notes scroll above it, where `say` puts them."""

    def __init__(self) -> None:
        """Start empty and silent."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self.say: Callable[..., None] = lambda *_, **__: None
        self._targets: dict[str, _TargetLine] = {}
        self._said = False
        self._bar = Progress(BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
        self._task = self._bar.add_task("", total=None, left="")

    def show(self, said: PlainEvent) -> None:
        """Take in what happened."""
        self._said = self._said or bool(said["total"])
        if said["total"]:
            self._bar.update(self._task, completed=said["done"], total=said["total"], left=_left(said))
        if "target_label" not in said:
            if line := event_line(said):
                self.say(line, markup=False)
            return
        line_ = self._targets.setdefault(said["target_label"], _TargetLine())
        line_.now = _now(said, line_.now)
        if "row" in said:
            self._count(line_, said)

    def _count(self, line: _TargetLine, said: PlainEvent) -> None:
        row = said["row"]
        line.last, line.done = result_line(row), line.done + 1
        if row["status"] != "ok":
            line.failed += 1
            self.say(line.last, style="yellow", markup=False)
        if warning := said.get("text"):
            self.say(warning, style="yellow", markup=False)

    def __rich__(self) -> "RenderableType":
        """Draw: the columns share the terminal's width, the last two give way first."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        if not self._targets:
            return self._bar if self._said else Text("starting", style="dim")
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
        longest = max(map(len, self._targets))
        table.add_column("target", no_wrap=True, overflow="ellipsis", min_width=min(longest, TARGET_WIDTH))
        table.add_column("done", justify="right", no_wrap=True, min_width=4)
        table.add_column("failed", justify="right", no_wrap=True, min_width=6)
        table.add_column("now", ratio=2, no_wrap=True, overflow="ellipsis")
        table.add_column("last", ratio=3, no_wrap=True, overflow="ellipsis", style="dim")
        for target, line in self._targets.items():
            failed = Text(str(line.failed), style="yellow" if line.failed else "dim")
            table.add_row(Text(target), str(line.done), failed, Text(line.now), Text(line.last))
        return Group(table, self._bar)


def _now(said: PlainEvent, before: str) -> str:
    kind = said.get("event")
    if kind in (EventKind.QUEUED, EventKind.WAITING):
        return f"waits for {said.get('text')}"
    if kind == EventKind.LOADING:
        return f"loads {said['detector']}"
    if kind == EventKind.STARTED:
        return str(said.get("cell", said["cell_id"]))
    return "idle" if kind == EventKind.ENDED else before
