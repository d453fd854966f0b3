"""`featray compare`: which differences between measurements are real."""

import sys
from typing import Annotated

import typer

from featray.cli import console, listing
from featray.cli.options import DEFAULT_RESULTS, Json, Results, read_keys

FORMS = ("text", "json", "markdown", "badge")
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
        typer.Option("--over", metavar="KEY", help="What is meant to differ, such as gpu,torch or amp."),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option("--fail-if", metavar="VERDICT", help=f"Make it a gate: exit 1 if any pair is {VERDICTS}."),
    ] = None,
    require: Annotated[
        str | None,
        typer.Option(
            "--require",
            metavar="WHAT",
            help="What a gate must know, or else exit 6. comparable (default): every pair has a ratio, one is decided, "
            "no unit is lost; decided: every pair; none.",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", metavar="PERCENT", help="Smallest difference that counts; default: 3."),
    ] = None,
    results: Results = DEFAULT_RESULTS,
    json: Json = False,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text, json, markdown (a comment of a pull request) or badge (JSON for shields.io).",
        ),
    ] = "text",
) -> int:
    """Print one line per matching pair: ratio of times, its 95% interval, the verdict, and what to do next.

    A difference that may be chance among so many pairs (†) is undecided: it neither fails a gate nor passes it.
    """
    import featray
    from featray.errors import BadInput, GateUndecided, suggest
    from featray.rendering import comparison_markdown, comparison_text, gate_text

    if form not in FORMS:
        raise BadInput(f"--format {form}: no such format{suggest(form, FORMS)}")
    if json and form not in ("text", "json"):
        raise BadInput(f"--json and --format {form} do not go together: --json is --format json; leave one out")

    keys = read_keys(over)
    compared = featray.compare(
        baseline, candidate, over=keys, margin_percent=margin, results=results, fail_if=fail_if or [], require=require
    )
    for problem in compared.problems:
        console.warn(problem)
    gate = compared.gate if fail_if else None
    if form in ("markdown", "badge"):
        is_badge = form == "badge"
        written = comparison_markdown.badge(compared.comparison) if is_badge else None
        console.result(written or comparison_markdown.render(compared.comparison, gate).removesuffix("\n"))
    elif json or form == "json":
        console.result(comparison_text.to_json(compared.comparison, gate_text.to_record(gate) if gate else None))
    else:
        console.result(
            "\n".join(comparison_text.lines(compared.comparison, console.width(), is_terminal=sys.stdout.isatty()))
        )
        closing = ["", *comparison_text.summary(compared.comparison)]
        closing += [gate_text.missing(compared.missing)] if compared.missing and not gate else []
        console.lines(listing.sentences("\n".join(closing), console.terminal_width()))
    if gate and gate.is_open:
        raise GateUndecided(gate_text.why_open(gate))
    for remark in gate_text.remarks(gate, len(compared.comparison.pairs)) if gate else ():
        console.warn(remark)
    return compared.exit_code
