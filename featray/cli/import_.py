"""`featray import`: py-feat's own reports into the store."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Results
from featray.core import wording


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="py-feat's markdown, JSON version 1 or throughput.csv; or a bundle."),
    ],
    results: Results = DEFAULT_RESULTS,
    archive: Annotated[
        str | None,
        typer.Option(
            "--archive", metavar="NAME", help="Store the rows as an archive, which compact and rm leave alone."
        ),
    ] = None,
    sha256: Annotated[
        str | None,
        typer.Option(
            "--sha256", metavar="DIGEST", help="Refuse the file unless it has this digest, as its sender gave it."
        ),
    ] = None,
) -> None:
    """Import reports that py-feat's own benchmark script made, each as a run named after its file; or a bundle.

    Rows of a bundle, which `featray export --to bundle` wrote, stay measured rows of their own runs.
    """
    import featray

    imported = featray.import_reports(*files, results=results, archive=archive, sha256=sha256)
    for warning in imported.warnings:
        console.warn(warning)
    known = f", {imported.known} were there already" if imported.known else ""
    console.say(f"{wording.count(imported.added, 'row')} imported{known}: {', '.join(imported.runs)}")
