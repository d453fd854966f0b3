"""`featray calibrate`: how noisy each target is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featray.cli import console
from featray.cli.options import DEFAULT_RESULTS, Address, BackendName, Json, Quiet, Results
from featray.core import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from featray.analysis.comparison import Calibration


def calibrate(
    sweep: Annotated[
        Path, typer.Argument(metavar="SWEEP", help="Sweep that is measured against itself; default: the shipped one.")
    ] = Path("calibration"),
    session: Annotated[
        bool,
        typer.Option("--session", help="Add a session to the last calibration, such as another day or another boot."),
    ] = False,
    results: Results = DEFAULT_RESULTS,
    backend: BackendName = "ray",
    address: Address = None,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Measure identical cells against themselves on every target, so that verdicts know how each target varies.

    One session shows how much processes vary. Sessions that --session adds, on other days or after a reboot, show how
    much two runs may differ that were not measured side by side.
    """
    import dataclasses

    import featray
    from featray.analysis.sessions import NIGHT_S
    from featray.cli import progress
    from featray.core import wording

    with progress.shown(quiet=quiet or json, json=False) as watch:
        calibrations = featray.calibrate(
            sweep, results=results, backend=backend, address=address, session=session, watch=watch
        )
    if json:
        values = {target_id: dataclasses.asdict(calibration) for target_id, calibration in calibrations.items()}
        console.result(json_text.write(values))
    elif calibrations:
        console.stdout().print(_table(calibrations))
    for calibration in calibrations.values():
        if calibration.runs > calibration.sessions:
            runs, sessions = wording.count(calibration.runs, "run"), wording.count(calibration.sessions, "session")
            hours = wording.count(round(NIGHT_S / 3600), "hour")
            console.say(
                f"{calibration.place}: its {runs} are {sessions}: another one begins after {hours} without a "
                "measurement, or a reboot"
            )
    if not calibrations:
        console.warn("no target gave enough numbers to calibrate; the report of the run says why")
    return 0 if calibrations else 1


def _table(calibrations: "Mapping[str, Calibration]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from featray.core import wording

    table = Table(title="noise of each target", title_justify="left")
    table.add_column("target")
    for heading in ("sd of processes", "sd of sessions", "sessions", "A/A of one session", "A against A"):
        table.add_column(heading, justify="right")
    for calibration in calibrations.values():
        verdicts = ", ".join(str(pair.verdict) for pair in calibration.pairs)
        spread = calibration.session_spread
        figures = (
            wording.percent(calibration.sd),
            wording.percent(spread.sd) if spread else "unknown",
            str(calibration.sessions),
            f"±{wording.percent(calibration.half_width)}",
            verdicts,
        )
        table.add_row(Text(calibration.place), *figures)
    return table
