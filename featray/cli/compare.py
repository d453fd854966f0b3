"""`featray compare`: which differences between measurements are real."""

from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Json, Results

VERDICTS = ("slower", "faster", "equivalent", "inconclusive", "not-comparable")


def compare(
    baseline: Annotated[
        str, typer.Argument(metavar="BASELINE", help="Sweep, run id, or filters such as 'host=a,gpu=\"RTX 3090\"'.")
    ],
    candidate: Annotated[
        str | None, typer.Argument(metavar="[CANDIDATE]", help="The same; left out, BASELINE is compared with itself.")
    ] = None,
    over: Annotated[
        list[str] | None,
        typer.Option("--over", metavar="KEY", help="What is meant to differ, such as gpu, torch, batch_size."),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option("--fail-if", metavar="VERDICT", help=f"Exit 1 if any pair is {', '.join(VERDICTS)}."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", metavar="PERCENT", help="Least difference that counts; 3 unless told."),
    ] = None,
    results: Results = DEFAULT_RESULTS,
    json: Json = False,
) -> int:
    """Print one line per matching pair: ratio of times, its 95% interval, the verdict, and what to do next."""
    from featray import api
    from featray.rendering import comparison_text

    failing = _failing(fail_if or [])
    keys = [key.strip() for each in over or [] for key in each.split(",") if key.strip()]
    found = api.compare(baseline, candidate, over=keys, margin_percent=margin, results=results)
    for problem in found.problems:
        console.warn(problem)
    if json:
        console.result(comparison_text.to_json(found.comparison))
    else:
        console.result("\n".join(comparison_text.lines(found.comparison)))
        console.result("\n" + "\n".join(comparison_text.summary(found.comparison)))
    return int(any(str(pair.verdict) in failing for pair in found.comparison.pairs))


def _failing(names: list[str]) -> set[str]:
    """Read the verdicts that fail."""
    from featray.errors import BadInput, suggest

    for name in names:
        if name.lower() not in VERDICTS:
            raise BadInput(f"--fail-if {name}: no such verdict{suggest(name, VERDICTS)}")
    return {name.upper().replace("-", " ") for name in names}
