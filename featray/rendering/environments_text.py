"""Environments text: what each environment of a sweep is installed with, so that `before` and `after` say what it is.

Flow: units -> `list_installed` -> heads of reports, comments of pull requests. Pure. Secrets are digests.
"""

from collections.abc import Iterable

from featray.analysis import unit_cell
from featray.analysis.unit import Unit
from featray.core import secret_values, wording

OWN = "the packages of the machine"


def list_installed(units: Iterable[Unit]) -> list[tuple[str, str]]:
    """List the named environments in the order of their sweep, each with its requirements.

    Returns:
        (name, requirements with commas); a name has an entry for each list that it stood for in the units' runs.
    """
    units = list(units)
    names = {name: None for unit in units for name in unit.row.environments or ()}
    names |= {unit.row.environment: None for unit in units if unit.row.environment}
    installed: dict[str, dict[str, None]] = {name: {} for name in names}
    for unit in units:
        if unit.row.environment is not None and (cell := unit_cell.of_unit(unit)) is not None:
            installed[unit.row.environment][_text(cell.requirements)] = None
    return [(name, text) for name, texts in installed.items() for text in texts]


def _text(requirements: Iterable[str]) -> str:
    return wording.listed(wording.shortened(secret_values.recorded(text)) for text in requirements) or OWN
