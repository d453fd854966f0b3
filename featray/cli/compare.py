"""`featray compare`: which differences between measurements are real."""

from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Json, Results

VERDICTS = "slower, faster, equivalent, inconclusive, not-comparable"


def compare(
    baseline: Annotated[
        str, typer.Argument(metavar="BASELINE", help="Sweep, run id, or filters such as 'host=a,gpu=\"RTX 3090\"'.")
    ],
    candidate: Annotated[
        str | None,
        typer.Argument(metavar="[CANDIDATE]", help="The same; default: BASELINE is compared with itself, see --over."),
    ] = None,
    over: Annotated[
        list[str] | None,
        typer.Option("--over", metavar="KEY", help="What is meant to differ, such as gpu, torch, batch_size."),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option("--fail-if", metavar="VERDICT", help=f"Exit 1 if any pair is {VERDICTS}."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", metavar="PERCENT", help="Smallest difference that counts; default: 3."),
    ] = None,
    results: Results = DEFAULT_RESULTS,
    json: Json = False,
) -> int:
    """Print one line per matching pair: ratio of times, its 95% interval, the verdict, and what to do next."""
    import featray
    from featray.rendering import comparison_text

    keys = [key.strip() for text in over or [] for key in text.split(",") if key.strip()]
    compared = featray.compare(
        baseline, candidate, over=keys, margin_percent=margin, results=results, fail_if=fail_if or []
    )
    for problem in compared.problems:
        console.warn(problem)
    if json:
        console.result(comparison_text.to_json(compared.comparison))
    else:
        console.result("\n".join(comparison_text.lines(compared.comparison)))
        console.result("\n" + "\n".join(comparison_text.summary(compared.comparison)))
    return 1 if compared.failing else 0
