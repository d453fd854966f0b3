"""Options that several commands share, so that they have the same name and help everywhere."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from featray.errors import BadInput

SweepFile = Annotated[
    Path, typer.Argument(metavar="SWEEP", help="Sweep file such as sweeps/mine.yaml, or a name such as quickstart.")
]
RunNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SWEEP]...", help="Sweeps (their latest run) or run ids; default: the latest run."),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline", metavar="SWEEP", help="Sweep or run to compare with; default: the one that the sweep names."
    ),
]
Results = Annotated[str, typer.Option("--results", metavar="DIR", help="Store of rows and reports: a folder or URI.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors, but no progress.")]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT|FILE",
        help="Head of a running Ray cluster, or a cluster file; default: Ray on this machine alone.",
    ),
]
BackendName = Annotated[
    str,
    typer.Option(
        "--backend",
        metavar="ray|inline",
        help="inline: measure on this machine without Ray, one process at a time; for where Ray cannot run.",
    ),
]
InventoryFile = Annotated[
    list[Path] | None,
    typer.Option(
        "--inventory",
        metavar="FILE",
        help="Recorded machines, as `featray hosts --json` writes them; given again, the machines of all files.",
    ),
]
DEFAULT_RESULTS = "results"
Quantity = TypeVar("Quantity", int, float)
JobAddress = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT|FILE|URL",
        help="Head of the cluster, its file, or its dashboard's http:// address; default: the cluster of this machine.",
    ),
]


def read_keys(texts: Sequence[str] | None) -> list[str]:
    """Read an option that names keys: given several times, or with commas between."""
    return [key.strip() for text in texts or () for key in text.split(",") if key.strip()]


def read_quantity(option: str, text: str | None, parse: Callable[[str], Quantity]) -> Quantity | None:
    """Read an option such as `8GB` or `200ms`; None where it was not given.

    Raises:
        BadInput: it is no such quantity.
    """
    try:
        return parse(text) if text is not None else None
    except ValueError as wrong:
        raise BadInput(f"{option}: {wrong}") from wrong
