"""`featray recommend`: the setting to use, from what was measured."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console, listing
from featray.cli.options import DEFAULT_RESULTS, Json, Results, read_quantity


def recommend(
    detector: Annotated[str | None, typer.Option("--detector", metavar="NAME", help="Only this detector.")] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="NAME", help="Only on the machine of this name.")
    ] = None,
    clip: Annotated[str | None, typer.Option("--input", metavar="NAME", help="Only for this input.")] = None,
    device: Annotated[str | None, typer.Option("--device", metavar="DEVICE", help="cpu, cuda or mps.")] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            "--memory-limit", "--max-memory", metavar="SIZE", help="Most memory on the device, such as 8GB or 6GiB."
        ),
    ] = None,
    max_latency: Annotated[
        str | None, typer.Option("--max-latency", metavar="TIME", help="Longest time of a batch, such as 200ms.")
    ] = None,
    max_energy: Annotated[
        float | None, typer.Option("--max-energy", metavar="J", help="Most joules per frame or image.")
    ] = None,
    max_drift: Annotated[
        float | None,
        typer.Option(
            "--max-drift", metavar="SHARE", help="Most drift of results, as a share of the tolerance: 1 is all."
        ),
    ] = None,
    prefer: Annotated[
        str,
        typer.Option(
            "--prefer", metavar="WHAT", help="throughput, latency (of a batch), energy or cost (both per frame)."
        ),
    ] = "throughput",
    cluster: Annotated[
        Path | None,
        typer.Option(
            "--cluster",
            metavar="FILE",
            help="Cluster file with the prices of the machines, and the GPUs to use of each.",
        ),
    ] = None,
    results: Results = DEFAULT_RESULTS,
    json: Json = False,
    python: Annotated[bool, typer.Option("--python", help="Print Python code that uses the setting.")] = False,
) -> None:
    """Name the setting to use for each input, how fast it is, and what comes near. docs/recommend.md says how."""
    import featray
    from featray.core import quantities
    from featray.errors import BadInput
    from featray.rendering import recommendation_code, recommendation_json, recommendation_text

    if json and python:
        raise BadInput("--json and --python do not go together; leave one out")
    limit_b = read_quantity("--max-memory or --memory-limit", memory_limit, quantities.parse_bytes)
    latency_s = read_quantity("--max-latency", max_latency, quantities.parse_duration)
    recommended = featray.recommend(
        detector=detector,
        host=host,
        input=clip,
        device=device,
        memory_limit_b=limit_b,
        max_latency_s=latency_s,
        max_energy_j=max_energy,
        max_drift=max_drift,
        prefer=prefer,
        cluster=cluster,
        results=results,
    )
    for problem in recommended.problems:
        console.warn(problem)
    if json:
        console.result(recommendation_json.render(recommended))
    elif python:
        console.result(console.printable(recommendation_code.snippet(recommended).removesuffix("\n")))
    else:
        console.lines(listing.sentences(recommendation_text.text(recommended), console.terminal_width()))
