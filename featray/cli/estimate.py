"""`featray estimate`: what footage takes on the measured machines, and who analyses what."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Json, Results, read_quantity


def estimate(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILMS]", help="Folder of films, CSV table of films, or one film.")
    ] = None,
    hours: Annotated[
        float | None, typer.Option("--hours", metavar="H", help="Hours of film, instead of files.")
    ] = None,
    clip_minutes: Annotated[
        float | None,
        typer.Option("--clip-minutes", metavar="M", help="Minutes of each film, with --hours; default 10."),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option("--fps", metavar="HZ", help="Frame rate; default 25 with --hours, else the files' own."),
    ] = None,
    faces_per_frame: Annotated[
        float | None, typer.Option("--faces-per-frame", metavar="N", help="Mean number of faces in a frame.")
    ] = None,
    detector: Annotated[str | None, typer.Option("--detector", metavar="NAME", help="Which detector.")] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="NAME", help="Only on the machine of this name.")
    ] = None,
    device: Annotated[str | None, typer.Option("--device", metavar="DEVICE", help="cpu, cuda or mps.")] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            "--memory-limit", "--max-memory", metavar="SIZE", help="Most memory on each device, such as 8GB or 6GiB."
        ),
    ] = None,
    max_latency: Annotated[
        str | None, typer.Option("--max-latency", metavar="TIME", help="Longest time of a batch, such as 200ms.")
    ] = None,
    cluster: Annotated[
        Path | None,
        typer.Option("--cluster", metavar="FILE", help="Only the hosts of this cluster file, with their prices."),
    ] = None,
    deadline: Annotated[
        str | None, typer.Option("--deadline", metavar="TIME", help="Time within which all must end: 90m, 12h or 3d.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="COST", help="Most that all may cost, in the prices' currency.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Write a list of films and a script per worker.")
    ] = None,
    results: Results = DEFAULT_RESULTS,
    json: Json = False,
) -> None:
    """Say what footage takes on the machines that were measured. docs/estimate.md says how."""
    import featray
    from featray.core import quantities
    from featray.rendering import estimate_json, estimate_text

    limit_b = read_quantity("--max-memory or --memory-limit", memory_limit, quantities.parse_bytes)
    latency_s = read_quantity("--max-latency", max_latency, quantities.parse_duration)
    deadline_s = read_quantity("--deadline", deadline, quantities.parse_duration)
    if path is not None:
        console.say(f"Reading the films of {path} ...")
    estimated = featray.estimate(
        path,
        hours=hours,
        clip_minutes=clip_minutes,
        fps=fps,
        faces_per_frame=faces_per_frame,
        detector=detector,
        host=host,
        device=device,
        memory_limit_b=limit_b,
        max_latency_s=latency_s,
        cluster=cluster,
        deadline_s=deadline_s,
        budget=budget,
        write=write,
        results=results,
    )
    for problem in estimated.problems:
        console.warn(problem)
    if json:
        console.result(estimate_json.render(estimated.estimate))
    elif sys.stdout.isatty():
        console.stdout().print(estimate_text.draw(estimated.estimate), crop=False)
    else:
        console.result(console.printable(estimate_text.text(estimated.estimate)))
    for file in estimated.removed:
        console.say(f"removed, of an earlier plan: {file}")
    for file in estimated.files:
        console.say(f"written: {file}")
