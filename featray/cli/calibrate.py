"""`featray calibrate`: how noisy each target is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Address, Json, Results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from featray.analysis.comparison import Calibration


def calibrate(
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP", help="The cells to measure against themselves.")] = Path(
        "sweeps/calibration.yaml"
    ),
    results: Results = DEFAULT_RESULTS,
    address: Address = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress; results and errors only.")] = False,
    json: Json = False,
) -> int:
    """Measure identical cells as A and A on every target; verdicts of this store then use the targets' own noise."""
    import dataclasses
    import json as json_text

    from featray import api
    from featray.cli import progress

    with progress.shown(quiet=quiet or json, json=False) as watch:
        found = api.calibrate(sweep, results=results, address=address, watch=watch)
    if json:
        console.result(json_text.dumps({key: dataclasses.asdict(value) for key, value in found.items()}, indent=2))
    elif found:
        console.stdout().print(_table(found))
    if not found:
        console.warn("no target gave enough numbers to calibrate; the report of the run says why")
    return 0 if found else 1


def _table(found: "Mapping[str, Calibration]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(title="noise of each target", title_justify="left")
    table.add_column("target")
    for heading in ("sd between invocations", "noise floor", "invocations per side", "A against A"):
        table.add_column(heading, justify="right")
    for target, calibration in found.items():
        verdicts = ", ".join(str(pair.verdict) for pair in calibration.pairs)
        figures = (f"{calibration.sd:.1%}", f"+-{calibration.half_width:.1%}", str(calibration.invocations), verdicts)
        table.add_row(Text(target), *figures)
    return table
