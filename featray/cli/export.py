"""`featray export`: rows in formats that py-feat and other tools read."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Results, RunNames

FORMATS = (
    "markdown, json or throughput (py-feat's own), github-action, csv, jsonl, bundle (for another store), hf-dataset"
)


def export(
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help=f"{FORMATS}.")],
    names: RunNames = None,
    results: Results = DEFAULT_RESULTS,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Run to export; the same as its name alone.")
    ] = None,
    sweep: Annotated[str | None, typer.Option("--sweep", metavar="NAME", help="Every run of this sweep.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every run of the store.")] = False,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="RUN",
            help="Compare with this run or sweep; github-action holds the verdict, a bundle its rows.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Write the files there; default: print a single one."),
    ] = None,
    outputs: Annotated[
        bool, typer.Option("--outputs", help="bundle: include outputs of your own clips, which describe faces.")
    ] = False,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="bundle, hf-dataset: hide names of machines and users, and paths.")
    ] = False,
    upload: Annotated[
        str | None,
        typer.Option(
            "--upload", metavar="DATASET", help="hf-dataset: also add it to this dataset of the Hugging Face hub."
        ),
    ] = None,
) -> None:
    """Write stored rows in another format: one file for each run, machine and GPU in py-feat's own formats."""
    import featray

    exported = featray.export(
        to,
        *(names or ()),
        results=results,
        run=run,
        sweep=sweep,
        everything=everything,
        baseline=baseline,
        output=output,
        outputs=outputs,
        upload=upload,
        anonymous=anonymous,
    )
    for problem in exported.problems:
        console.warn(problem)
    for text in exported.without_verdict:
        console.say(text)
    if not exported.written:
        console.result(exported.text.removesuffix("\n"))
    for path in exported.written:
        console.result(str(path))
    for remark in exported.remarks:
        console.say(remark)
    for digest in exported.digests:
        console.say(f"sha256: {digest}")
