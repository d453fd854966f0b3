"""Options that several commands share, so that they read alike everywhere."""

from pathlib import Path
from typing import Annotated

import typer

SweepFile = Annotated[Path, typer.Argument(metavar="SWEEP", help="Sweep file, such as sweeps/quickstart.yaml.")]
Results = Annotated[str, typer.Option("--results", metavar="DIR", help="Store of rows and reports: a folder or URI.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Address = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="HOST:PORT|FILE", help="Head of a running Ray cluster, or a cluster file; default: none."
    ),
]
InventoryFile = Annotated[
    Path | None,
    typer.Option("--inventory", metavar="FILE", help="Plan against a recorded inventory (`featray hosts --json`)."),
]
DEFAULT_RESULTS = "results"
JobAddress = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT|FILE|URL",
        help="Head of the cluster, its file, or its dashboard's http:// address; default: the cluster of this machine.",
    ),
]
