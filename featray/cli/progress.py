"""Progress of a submit: a live view on a terminal, plain lines elsewhere, JSON lines for scripts.

Everything here goes to stderr, except JSON lines, which are the command's result. A detached submit writes JSON lines;
`featray status` and `featray logs` show its events as if it had run here.
"""

import contextlib
import dataclasses
import datetime
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from featray.cli import console
from featray.core import wording
from featray.core.events import EventKind, PlainEvent
from featray.rendering.event_text import event_line, row_line, split_row_line, time_left

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table

    from featray.running.progress import Progress, Watch

REFRESH_HZ = 4
LINES_MAX = 40  # targets that are drawn at most: a draw of 1000 lines takes a third of a second
OTHER_LINES = 3  # of the terminal: heading, bar, and the line below them where the cursor stands
FIGURES_WIDTH = 24  # columns of the terminal that the figures take
TARGET_WIDTH = 22  # of 80 columns it leaves 30 for the cells; longer names are cut
NOW_WIDTH = 8  # that long names leave at least to what a target does: `waits f…`, `idle`
CELL_WIDTH = 12  # of a column of cells that says anything; where it is narrower, `measured last` is left out
GAP = 2  # behind each column of the table
WAITS, IDLE = "waits for ", "idle"


@contextlib.contextmanager
def shown(*, quiet: bool, json: bool) -> "Iterator[Watch]":
    """Give a watcher that shows a run's progress: as JSON lines, not at all, or for people."""
    if json:
        yield _print_json
    elif quiet:
        yield lambda _: None
    else:
        with display() as show:
            yield lambda progress: show(progress.to_mapping())


def _print_json(progress: "Progress") -> None:
    from featray.running.progress import TEXT_VARIABLE, write_line

    clock = f"{datetime.datetime.now(datetime.UTC):%H:%M:%S}" if os.environ.get(TEXT_VARIABLE) else None
    print(write_line(progress, clock), flush=True)


@contextlib.contextmanager
def display() -> Iterator[Callable[[PlainEvent], None]]:
    """Show events: live on a terminal, else line by line."""
    if sys.stderr.isatty():
        with _live() as show:
            yield show
    else:
        yield EventLines().show


class EventLines:
    """Prints one line per finished cell and per message."""

    def __init__(self) -> None:
        """Start with nothing printed."""
        self._last = ""

    def show(self, event: PlainEvent) -> None:
        """Print an event, unless the last one gave the same line."""
        line = event_line(event)
        if line and line != self._last:
            console.say(line)
            self._last = line


@contextlib.contextmanager
def _live() -> Iterator[Callable[[PlainEvent], None]]:
    from rich.live import Live

    view = LiveView()
    with Live(console.Printable(view), console=console.stderr(), refresh_per_second=REFRESH_HZ, transient=True) as live:
        view.say = live.console.print
        yield view.show


@dataclasses.dataclass
class _TargetLine:
    """What the view shows of one target."""

    name: str
    short_name: str
    now: str = ""
    last: str = ""
    speed: str = ""
    done: int = 0
    failed: int = 0

    @property
    def is_busy(self) -> bool:
        """Return True while it loads, measures or waits."""
        return self.now not in ("", IDLE)

    @property
    def rank(self) -> tuple[int, bool, bool]:
        """Order targets where not all are drawn: failures first, then those that measure, that wait, that are idle."""
        return -self.failed, not self.is_busy, self.now.startswith(WAITS)


class LiveView:
    """Draws one line per target and a bar below; failures and messages go above, through `say`.

    On a terminal it has at most so many lines as fit: Rich would cut the bar.
    """

    def __init__(self) -> None:
        """Start empty and silent."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.spinner import Spinner
        from rich.text import Text

        self.say: Callable[..., None] = lambda *_, **__: None
        self._lines: dict[str, _TargetLine] = {}  # by target id
        self._has_counts = False
        self._targets = 0  # that have work of their own
        self._starting = Spinner("dots", Text("starting", style="dim"))
        self._bar = Progress(BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
        self._task = self._bar.add_task("", total=None, left="")

    def show(self, event: PlainEvent) -> None:
        """Take in an event."""
        if event["total"]:
            self._has_counts = True
            self._bar.update(self._task, completed=event["done"], total=event["total"], left=time_left(event))
        self._targets = max(self._targets, event.get("targets", 0))  # a later part of the submit may have fewer
        if "target" not in event:
            if message := event_line(event):
                self.say(message, markup=False)
            return
        name = event["target_label"]
        line = self._lines.setdefault(event["target"], _TargetLine(name, name))
        line.name, line.short_name = name, event.get("target_short_name", name)  # longer once another host joins
        line.now = _activity(event, line.now)
        if "row" in event:
            self._count(line, event)

    def end(self) -> None:
        """Show that nothing runs any more: what had begun when a submit was stopped has no end of its own."""
        for line in self._lines.values():
            line.now = ""
        self._bar.update(self._task, left="")

    def _count(self, line: _TargetLine, event: PlainEvent) -> None:
        row = event["row"]
        line.speed, line.last = split_row_line(row)
        line.done += 1
        if row["status"] != "ok":
            line.failed += 1
            self.say(row_line(row, event.get("place")), style="yellow", markup=False)
        if warning := event.get("text"):
            self.say(warning, style="yellow", markup=False)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw: numbers first and never cut; the names in the last columns share what is left of the width."""
        from rich.text import Text

        if not self._lines:
            yield self._bar if self._has_counts else self._starting
            return
        lines = list(self._lines.values())
        not_begun = max(0, self._targets - len(lines))
        shown, hidden = _choose(lines, _count_fitting(len(lines) + not_begun, options))
        parts: list[RenderableType] = [_table(shown, options.max_width)] if shown else []
        if hidden or not_begun:
            parts.append(Text(_summarize(hidden, not_begun), style="dim", no_wrap=True, overflow="ellipsis"))
        parts.append(self._bar)
        yield from parts if options.size.height >= OTHER_LINES else parts[-1:]


def _count_fitting(total: int, options: "ConsoleOptions") -> int:
    """Return how many of the targets to draw: one fewer than fit where a line below them sums up the rest."""
    free = options.size.height - OTHER_LINES if options.is_terminal else LINES_MAX + 1
    return total if total <= min(free, LINES_MAX) else max(0, min(free - 1, LINES_MAX))


def _choose(lines: "Sequence[_TargetLine]", most: int) -> "tuple[list[_TargetLine], list[_TargetLine]]":
    """Split lines into those to draw and the rest: in their order where all are drawn, else by rank."""
    if len(lines) <= most:
        return list(lines), []
    ranked = sorted(lines, key=lambda line: line.rank)
    return ranked[:most], ranked[most:]


def _table(lines: "Sequence[_TargetLine]", width: int) -> "Table":
    """Draw a line per target; what a long name needs is taken from the columns behind it, the last one first."""
    from rich.table import Table
    from rich.text import Text

    names = _fit_names(lines, width)
    target_width = max(map(len, names))
    has_last = width - FIGURES_WIDTH - target_width - GAP >= 2 * (CELL_WIDTH + GAP)
    table = Table(box=None, padding=(0, GAP, 0, 0), header_style="dim", expand=True)
    table.add_column("ms/frame", justify="right", no_wrap=True, min_width=8)
    table.add_column("done", justify="right", no_wrap=True, min_width=4)
    table.add_column("failed", justify="right", no_wrap=True, min_width=6)
    table.add_column("target", no_wrap=True, overflow="ellipsis", width=target_width)
    table.add_column("now", ratio=1, no_wrap=True, overflow="ellipsis")
    if has_last:
        table.add_column("measured last", ratio=1, no_wrap=True, overflow="ellipsis", style="dim")
    for line, name in zip(lines, names, strict=True):
        failed = Text(str(line.failed), style="yellow" if line.failed else "dim")
        figures = (Text(line.speed, style="bold"), str(line.done), failed)
        texts = (name, line.now, line.last) if has_last else (name, line.now)
        table.add_row(*figures, *(Text(wording.plain(text)) for text in texts))
    return table


def _fit_names(lines: "Sequence[_TargetLine]", width: int) -> list[str]:
    """Name targets, all in one form: in full, or by short names where these take over half of the room.

    A short name that does not fit loses its end, the model. It gets more room where that is not enough to know the host
    or to tell two targets apart, and loses its middle where nothing else helps.
    """
    names = [wording.plain(line.name) for line in lines]
    half = max(TARGET_WIDTH, (width - FIGURES_WIDTH) // 2 - GAP)
    if max(map(len, names)) <= half:
        return names
    names = [wording.plain(line.short_name) for line in lines]
    free = width - FIGURES_WIDTH - 2 * GAP
    most = max(half, free - NOW_WIDTH)
    for room in (half, max(half, free - CELL_WIDTH), most):
        cut = [name if len(name) <= room else f"{name[: room - 1].rstrip()}…" for name in names]
        if _is_clear(cut, names):
            return cut
    return [wording.shortened(name, most) for name in names]


def _is_clear(cut: "Sequence[str]", names: "Sequence[str]") -> bool:
    """Return True if names that differ still do, each with its first word, the host, in full."""
    whole = (text.split()[:1] == name.split()[:1] for text, name in zip(cut, names, strict=True))
    return len(set(cut)) == len(set(names)) and all(whole)


def _summarize(lines: "Sequence[_TargetLine]", not_begun: int) -> str:
    """Write one line for targets that are not drawn, the given ones and some that have not begun."""
    busy = sum(line.is_busy for line in lines)
    states = [f"{busy} busy", f"{len(lines) - busy} idle", *([f"{not_begun} not begun"] if not_begun else [])]
    counts = f"{sum(line.done for line in lines)} done, {sum(line.failed for line in lines)} failed"
    return f"and {wording.count(len(lines) + not_begun, 'more target')}: {', '.join(states)}; {counts}"


def _activity(event: PlainEvent, before: str) -> str:
    """Describe what a target does now."""
    kind = event.get("event")
    if kind in (EventKind.QUEUED, EventKind.WAITING):
        return f"{WAITS}{event.get('text')}"
    if kind == EventKind.LOADING:
        return f"loads {event['detector']}"
    if kind == EventKind.STARTED:
        return str(event.get("cell", event["cell_id"]))
    return IDLE if kind == EventKind.ENDED else before
