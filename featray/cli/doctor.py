"""`featray doctor`: whether this machine is ready to measure."""

from typing import TYPE_CHECKING

from featray.cli import console
from featray.cli.options import Json
from featray.core import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from featray.planning.checkup import CheckedPart

STYLES = {"ok": "green", "note": "yellow", "fault": "bold red"}


def doctor(json: Json = False) -> int:
    """Check Python, packages, GPU, FFmpeg, weights, disk, memory, files and ports, and say what to do.

    Nothing is changed. Exit code 1 if something must be mended before this machine can measure.
    """
    import featray

    checked = featray.doctor()
    if json:
        console.result(json_text.write(checked.records()))
        return checked.exit_code
    console.stdout().print(_table(checked))
    return checked.exit_code


def _table(checked: "Iterable[CheckedPart]") -> "Table":
    """Draw a line per part: state, name, what was found, and below it what to do."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for part in checked:
        found = Text(part.found)
        if part.remedy is not None:
            found.append(f"\n{part.remedy}", style="dim")
        table.add_row(Text(str(part.state), style=STYLES[part.state]), Text(part.part), found)
    return table
