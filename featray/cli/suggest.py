"""`featray suggest`: the sweeps that would settle what a report leaves open."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Results


def suggest(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SWEEP]...", help="Sweeps (their latest run) or run ids; default: the latest run."),
    ] = None,
    results: Results = DEFAULT_RESULTS,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="SWEEP", help="Compare with this; default: what the sweep names."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Write each sweep to a file there; default: print them."),
    ] = None,
) -> None:
    """Write the sweeps to submit next: separating cells, larger batches, noisy cells, holes, with reasons and times."""
    from featray import api
    from featray.analysis.advice import followups
    from featray.api.report import keep_all

    found = api.suggest(*(names or ()), results=results, baseline=baseline)
    for problem in found.problems:
        console.warn(problem)
    if not found.followups:
        console.say("nothing to suggest: no finding asks for another measurement")
    files = {f"{each.name}.yaml": followups.yaml(each) for each in found.followups}
    if output is None:
        console.result("\n---\n".join(text.removesuffix("\n") for text in files.values()))
        return
    for path in keep_all({output / name: text for name, text in files.items()}):
        console.result(str(path))
