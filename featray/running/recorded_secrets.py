"""Recorded secrets: what a user is told about the secrets of a sweep, and cells that hold only a secret's digest.

Flow: `preparation`, `single_cell` -> `check_values`; `preparation` -> `note`. Pure.
"""

from collections.abc import Callable, Iterable, Mapping

from featray.core import secret_values, wording
from featray.core.cell import Cell
from featray.errors import BadInput


def note(cells: Iterable[Cell]) -> str | None:
    """Say which secrets rows hold as digests; None where the cells have none."""
    names = _names(cells, secret_values.name_secrets)
    if not names:
        return None
    return (
        f"rows hold digests (sha256:...) instead of the secrets in {wording.listed(map(wording.plain, names))}; "
        "processes that measure get the real values"
    )


def check_values(cells: Iterable[Cell], where: str) -> None:
    """Check that cells hold their secrets, and not the digests by which a row names them.

    Raises:
        BadInput: a cell comes from a row, which has no secrets; the message names what to fill in.
    """
    if names := _names(cells, secret_values.name_digests):
        raise BadInput(
            f"{where}: {wording.listed(map(wording.plain, names))}: this is the digest by which rows name a secret; "
            "write the secret itself into the sweep"
        )


def _names(cells: Iterable[Cell], name: Callable[[Mapping[str, str], Iterable[str]], list[str]]) -> list[str]:
    return list(dict.fromkeys(text for cell in cells for text in name(cell.env, cell.requirements)))
