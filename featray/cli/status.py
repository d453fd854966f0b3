"""`featray status`: how the detached submits of a cluster stand."""

import json as json_text
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from featray.cli import console
from featray.cli.options import JobAddress, Json

if TYPE_CHECKING:
    from featray.backends.jobs import Job, Jobs
    from featray.detached import Said

RESULTS = "Put rows that this store lacks in it, where the head shares no disk with it; default: the job's own store."


def status(
    job: Annotated[str | None, typer.Argument(metavar="[ID]", help="As `featray submit --detach` printed it.")] = None,
    address: JobAddress = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow it to its end.")] = False,
    results: Annotated[str | None, typer.Option("--results", metavar="DIR", help=RESULTS)] = None,
    json: Json = False,
) -> int:
    """Show every detached submit, or one of them; its rows come here where they are not here yet."""
    from featray import detached
    from featray.backends.jobs import Jobs

    jobs = Jobs(detached.place(address)[0])
    if job is None:
        _list(jobs, json=json)
        return 0
    found = jobs.find(job)
    if watch and not found.has_ended:
        _follow(jobs, job)
        found = jobs.find(job)
    log = jobs.log(job)
    events = list(detached.events(log.splitlines()))
    gathered = detached.collect(results or found.metadata["featray_store"], events)
    if json:
        console.result(json_text.dumps(_facts(found, events), indent=2))
    else:
        _show(found, events, log)
        if gathered:
            console.say(f"{gathered} rows came from the cluster")
    return _code(found, events)


def _list(jobs: "Jobs", *, json: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from featray import detached

    known = [(job, list(detached.events(jobs.log(job.id).splitlines()))) for job in jobs.all()]
    if json:
        console.result(json_text.dumps([_facts(*each) for each in known], indent=2))
        return
    if not known:
        console.say("no detached submit on this cluster; start one: featray submit SWEEP --detach")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("id", "state", "measured", "without a number", "by", "store"):
        table.add_column(heading, overflow="fold")
    for job, events in known:
        facts = _facts(job, events)
        measured = f"{facts['done']}/{facts['total']}"
        by, store = job.metadata.get("featray_user", "-"), job.metadata["featray_store"]
        table.add_row(*map(Text, (job.id, job.state, measured, str(facts["without_number"]), by, store)))
    console.stdout().print(table)


def _follow(jobs: "Jobs", job: str) -> None:
    from featray import detached
    from featray.cli import progress

    with progress.display() as show:
        for said in detached.events(jobs.follow(job)):
            show(said)


def _facts(job: "Job", events: "Sequence[Said]") -> dict[str, Any]:
    last = events[-1] if events else {"done": 0, "total": 0}
    rows = {(row["cell_id"], row["target_id"], row["invocation"]): row for each in events if (row := each.get("row"))}
    return {
        "id": job.id,
        "state": job.state,
        "done": last["done"],
        "total": last["total"],
        "without_number": sum(row["status"] != "ok" for row in rows.values()),
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        **job.metadata,
    }


def _show(job: "Job", events: "Sequence[Said]", log: str) -> None:
    from featray.cli import progress

    view = progress.View()
    for said in events:
        view.show(said)
    console.say(f"{job.id}: {job.state}, into {job.metadata['featray_store']}")
    if events:
        console.stdout().print(view)
    wrong = [line for line in log.splitlines() if line.startswith("featray: error: ")]
    for line in wrong[-1:]:
        console.say(line)


def _code(job: "Job", events: "Sequence[Said]") -> int:
    """0 while nothing is known to be wrong, 1 where units have no number, 4 where the driver itself came to grief."""
    without = _facts(job, events)["without_number"]
    finished = bool(events) and events[-1]["done"] == events[-1]["total"]
    if job.state == "failed" and not (finished and without):
        return 4
    return 1 if without and job.has_ended else 0
