"""`featray status`: how the detached submits of a cluster stand."""

import json as json_text
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from featray.cli import console
from featray.cli.options import JobAddress, Json

if TYPE_CHECKING:
    from featray.backends.ray.jobs import Job, Jobs
    from featray.core.events import PlainEvent
    from featray.running.detached import JobStatus

RESULTS = "Put rows that this store lacks in it, where the head shares no disk with it; default: the job's own store."


def status(
    job: Annotated[str | None, typer.Argument(metavar="[ID]", help="As `featray submit --detach` printed it.")] = None,
    address: JobAddress = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow it to its end.")] = False,
    results: Annotated[str | None, typer.Option("--results", metavar="DIR", help=RESULTS)] = None,
    json: Json = False,
) -> int:
    """Show every detached submit, or how one of them stands.

    The rows of one come here where they are not here yet. Exit code 0 while nothing is known to be missing, 1 where it
    has ended with units that have no number, 4 where the submit itself failed.
    """
    from featray.backends.ray.jobs import Jobs
    from featray.running import detached

    jobs = Jobs(detached.head_of(address))
    if job is None:
        _list(jobs, json=json)
        return 0
    found = jobs.find(job)
    if watch and not found.has_ended:
        _follow(jobs, job)
        found = jobs.find(job)
    log = jobs.log(job)
    events = list(detached.events(log.split("\n")))
    gathered = detached.collect(results or found.metadata["featray_store"], events)
    standing = detached.stand(found, events, log)
    if json:
        console.result(json_text.dumps(_facts(found, standing), indent=2))
    else:
        _show(found, events, standing)
        if gathered:
            console.say(f"{gathered} rows came from the cluster")
    return standing.code


def _list(jobs: "Jobs", *, json: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from featray.running import detached

    logs = [(job, jobs.log(job.id)) for job in jobs.all()]
    known = [(job, detached.stand(job, list(detached.events(log.split("\n"))), log)) for job, log in logs]
    if json:
        console.result(json_text.dumps([_facts(*each) for each in known], indent=2))
        return
    if not known:
        console.say("no detached submit on this cluster; start one: featray submit SWEEP --detach")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("id", "state", "measured", "without a number", "by", "store"):
        table.add_column(heading, overflow="fold")
    for job, standing in known:
        measured, without = f"{standing.done}/{standing.total}", str(standing.without_number)
        by, store = job.metadata.get("featray_user", "-"), job.metadata["featray_store"]
        table.add_row(*map(Text, (job.id, job.state, measured, without, by, store)))
    console.stdout().print(table)


def _follow(jobs: "Jobs", job: str) -> None:
    from featray.cli import progress
    from featray.running import detached

    with progress.display() as show:
        for said in detached.events(jobs.follow(job)):
            show(said)


def _facts(job: "Job", standing: "JobStatus") -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state,
        "done": standing.done,
        "total": standing.total,
        "without_number": standing.without_number,
        "reason": standing.reason,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        **job.metadata,
    }


def _show(job: "Job", events: "Sequence[PlainEvent]", standing: "JobStatus") -> None:
    from featray.cli import progress

    view = progress.View()
    for said in events:
        view.show(said)
    console.say(f"{job.id}: {job.state}, into {job.metadata['featray_store']}")
    if events:
        console.stdout().print(view)
    if standing.reason is not None:
        console.say(f"why: {standing.reason}")
