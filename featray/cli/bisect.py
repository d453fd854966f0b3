"""`featray bisect`: which version changed a time."""

from pathlib import Path
from typing import Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Address, BackendName, Json, Quiet, Results


def bisect(
    good: Annotated[
        str, typer.Argument(metavar="GOOD", help="The older version: a release, a commit, or a wheel or folder.")
    ],
    bad: Annotated[str, typer.Argument(metavar="BAD", help="The newer version.")],
    sweep: Annotated[
        Path, typer.Option("--sweep", metavar="FILE", help="Sweep with the cell to measure, or a shipped one's name.")
    ],
    package: Annotated[
        str | None, typer.Option("--package", metavar="NAME", help="Package to bisect; default: py-feat.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="WHERE",
            help="A clone, a git address, or a folder of wheels or packages; default: the package index.",
        ),
    ] = None,
    cell: Annotated[
        str | None, typer.Option("--cell", metavar="ID", help="Cell to measure, where the sweep has several.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="ID", help="GPU UUID or target id; default: the first that fits.")
    ] = None,
    results: Results = DEFAULT_RESULTS,
    backend: BackendName = "ray",
    address: Address = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Measure everything again; earlier rows are kept.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try again what has no time.")] = False,
    margin: Annotated[
        float | None,
        typer.Option("--margin", metavar="PERCENT", help="Smallest difference that counts; default: 3."),
    ] = None,
    blocks: Annotated[int, typer.Option("--blocks", metavar="N", help="Most processes per version and step.")] = 60,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Find the first version of py-feat, or of another package, that takes another time. docs/bisect.md says how.

    Each step measures both ends and the middle side by side until it is clear to which end the middle belongs. The end
    is wrong with a probability of at most 5%. The same command goes on where it was stopped.
    """
    import featray
    from featray.cli import progress

    with progress.shown(quiet=quiet, json=False) as watch:
        found = featray.bisect(
            good,
            bad,
            sweep=sweep,
            package=package,
            source=source,
            cell=cell,
            target_id=target,
            results=results,
            backend=backend,
            address=address,
            rerun=rerun,
            retry_failed=retry_failed,
            margin_percent=margin,
            blocks=blocks,
            watch=watch,
        )
    console.result(found.to_json() if json else console.printable(found.text()))
    return found.exit_code
