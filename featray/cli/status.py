"""`featray status`: how the detached submits of a cluster stand."""

import contextlib
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from featray.cli import console, listing
from featray.cli.listing import ListedColumn
from featray.cli.options import DEFAULT_RESULTS, JobAddress, Json
from featray.core import json_text, wording

if TYPE_CHECKING:
    from featray.core.events import PlainEvent
    from featray.running.submit_status import SubmitStatus

PROBLEMS_MAX = 5  # warnings about single rows

RESULTS = "Store for the submit's rows, where this machine shares no disk with the head; default: the submit's own."


def status(
    job: Annotated[str | None, typer.Argument(metavar="[ID]", help="As `featray submit --detach` printed it.")] = None,
    address: JobAddress = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow it to its end.")] = False,
    results: Annotated[str | None, typer.Option("--results", metavar="DIR", help=RESULTS)] = None,
    json: Json = False,
) -> int:
    """List the detached submits, or show how one stands.

    The rows of one submit are stored here where they are missing. Exit code 0 while nothing is known to be missing, 1
    where it has ended and some units have no number, 4 where the submit itself failed.
    """
    import featray

    is_followed = job is not None and watch
    with _shown(is_followed=is_followed) as show:
        submits = featray.status(job, address=address, results=results, watch=show)
    if job is None:
        _list(submits, results or DEFAULT_RESULTS, json=json)
        return 0
    (submit,) = submits
    for problem in submit.problems[:PROBLEMS_MAX]:
        console.warn(problem)
    if len(submit.problems) > PROBLEMS_MAX:
        console.warn(f"{len(submit.problems) - PROBLEMS_MAX} more rows were set aside; --json lists them")
    if json:
        console.result(json_text.write(_facts(submit)))
    else:
        _show(submit)
    return submit.exit_code


@contextlib.contextmanager
def _shown(*, is_followed: bool) -> "Iterator[Callable[[PlainEvent], None] | None]":
    """Show the events of a submit that is followed; else wait for an answer."""
    from featray.cli import progress

    if is_followed:
        with progress.display() as show:
            yield show
    else:
        with console.waiting("asking the cluster"):
            yield None


def _list(submits: "Iterable[SubmitStatus]", results: str, *, json: bool) -> None:
    from featray.running import kept_logs

    listed = list(submits)
    if json:
        console.result(json_text.write([_facts(submit) for submit in listed]))
    elif listed:
        console.lines(draw(listed, console.terminal_width()))
    else:
        console.say("no detached submit on this cluster; start one: featray submit SWEEP --detach")
        if kept := kept_logs.describe(results):
            console.say(kept)


COLUMNS = (
    ListedColumn("measured", is_number=True),
    ListedColumn("no number", is_number=True),
    *map(ListedColumn, ("state", "id")),
)
SUBMITS = ListedColumn("submits", is_number=True)  # of a run; shown where one has several
WHOSE = (ListedColumn("by"), ListedColumn("store"), ListedColumn("why", width_max=40))


def draw(submits: "Sequence[SubmitStatus]", width: int | None) -> list[str]:
    """Draw a line per run; what does not fit the width, and a long reason, stand below it."""
    has_several = any(submit.submits > 1 for submit in submits)
    columns = [*COLUMNS, *([SUBMITS] if has_several else []), *WHOSE]
    lines = [
        (
            f"{submit.done}/{submit.total}" if submit.total else wording.ABSENT,  # not planned yet
            str(submit.without_number),
            submit.state,
            submit.run_id,
            *([str(submit.submits)] if has_several else []),
            submit.metadata.get("featray_user", wording.ABSENT),
            submit.metadata["featray_store"],
            submit.reason or wording.ABSENT,
        )
        for submit in submits
    ]
    return listing.draw(columns, lines, width, whole=len(COLUMNS))


def _facts(submit: "SubmitStatus") -> dict[str, Any]:
    return {
        "id": submit.id,
        "state": submit.state,
        "done": submit.done,
        "total": submit.total,
        "without_number": submit.without_number,
        "submits": submit.submits,
        "reason": submit.reason,
        "problems": list(submit.problems),
        "started_at": submit.started_at,
        "ended_at": submit.ended_at,
        "absent_outputs": submit.absent_outputs,
        **submit.metadata,
    }


def _show(submit: "SubmitStatus") -> None:
    from featray.cli import progress

    view = progress.LiveView()
    for event in submit.events:
        view.show(event)
    if submit.ended_at is not None:
        view.end()
    console.say(f"{submit.id}: {submit.state}, into {submit.metadata['featray_store']}")
    if submit.events:
        console.stdout().print(view)
    if submit.reason is not None:
        console.say(f"why: {submit.reason}")
    if submit.fetched:
        console.say(f"{wording.count(submit.fetched, 'row')} came from the cluster")
    if submit.absent_outputs:
        console.warn(_about_outputs(submit))


def _about_outputs(submit: "SubmitStatus") -> str:
    """Say that outputs stay behind, and how they come here."""
    units, kept = wording.count(submit.absent_outputs, "unit"), submit.metadata["featray_store"]
    runs = dict.fromkeys(event["row"]["run_id"] for event in submit.events if "row" in event)
    export = ["featray", "export", "--to", "bundle", "--outputs", "--results", kept, "--run", *list(runs)[-1:]]
    return (
        f"the outputs of {units} stayed in {kept} on the head: comparisons in this store show no drift for them. To "
        f"bring them here, run `{shlex.join([*export, '-o', '.'])}` there and `featray import` with its file here"
    )
