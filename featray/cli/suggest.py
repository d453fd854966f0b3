"""`featray suggest`: the sweeps that would settle what a report leaves open."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Baseline, Results, RunNames


def suggest(
    names: RunNames = None,
    results: Results = DEFAULT_RESULTS,
    baseline: Baseline = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Write each sweep to a file there; default: print them."),
    ] = None,
    history: Annotated[
        bool,
        typer.Option("--history", help="Write the sweeps that confirm or refute the steps of `featray history`."),
    ] = False,
) -> None:
    """Write the sweeps to submit next, with reasons and times, each of at most about four hours."""
    import featray
    from featray.core import wording

    suggested = featray.suggest(*(names or ()), results=results, baseline=baseline, output=output, history=history)
    for problem in suggested.problems:
        console.warn(problem)
    for text in suggested.unsettled:
        console.warn(f"no sweep would settle this: {text} Find what disturbs the machine first")
    if not suggested.followups and suggested.unsettled:
        console.say("nothing to suggest: more invocations would not settle what is open")
    elif not suggested.followups:
        asking = "suspected step that a sweep could confirm" if history else "finding asks for another measurement"
        console.say(f"nothing to suggest: no {asking}")
    else:
        count = wording.count(len(suggested.followups), "sweep")
        console.say(f"{count}, about {wording.duration(suggested.expected_s)} in all, the most useful first")
    if output is None:
        console.result("\n---\n".join(text.removesuffix("\n") for text in suggested.files.values()))
    for path in suggested.written:
        console.result(str(path))
