"""Left-out films: those that cannot be read. An estimate names them and goes on with the others.

Flow: `films`, `film_table` -> `remark` -> remarks of `analysis.estimate.Footage`. Pure.
"""

from collections.abc import Sequence
from pathlib import Path

from featray.core import wording
from featray.errors import BadInput

SHOWN = 3  # films that a remark names; the rest is a count


def remark(path: Path, reasons: Sequence[str], films: int) -> str:
    """Say which films are left out, and why.

    Args:
        path: Folder or table that has them.
        reasons: Of each film that cannot be read, at least one: where it is and why.
        films: How many there are in all.

    Raises:
        BadInput: none of them can be read.
    """
    if len(reasons) == films:
        raise BadInput(f"{path}: none of its films can be read: {wording.phrases(reasons, SHOWN)}")
    are = "is" if len(reasons) == 1 else "are"
    return (
        f"{path}: {wording.share(len(reasons), films, 'film')} cannot be read and {are} left out: "
        f"{wording.phrases(reasons, SHOWN)}. Repair or remove what is left out, and estimate again"
    )
