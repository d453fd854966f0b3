"""Values: the kinds of value in a sweep file: names, counts, sizes, durations, and lists of distinct values. Pure."""

import json
import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from featray.core import quantities
from featray.core.cell_fields import BATCH_SIZE_MAX
from featray.yamlfile.editor_schema import OneOrSeveral, WrittenAs
from featray.yamlfile.messages import show

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""A name for files, folders and Ray tasks; 80 characters leave room for a run's time stamp."""

LIMIT_MAX_S = 7 * 24 * 3600.0  # a week for one cell is a mistake; the child's timer fails beyond 292 years

SIZE = WrittenAs(json.dumps({"type": ["string", "null"], "pattern": r"^\s*[0-9.]+\s*[KMGTkmgt]?i?[Bb]?\s*$"}))
"""The form of a size in the file, for its JSON schema."""

T = TypeVar("T")


def valid_name(text: str) -> str:
    """Return a name that files, folders and tasks can carry.

    Raises:
        ValueError: it is something else, such as a path.
    """
    if not NAME.fullmatch(text):
        raise ValueError(
            f"'{text[:80]}' cannot be a name; expected up to 80 letters, digits, '.', '_' or '-', and no path"
        )
    return text


def _label(text: str) -> str:
    if not text or len(text) > 80 or "/" in text or not text.isprintable():
        raise ValueError(f"{show(text)} cannot be a name; expected up to 80 printable characters without '/'")
    return text


def size_in_bytes(value: Any) -> int:
    """Read a size such as `24 GB`.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, str):
        raise ValueError(f"{show(value)} is not a size; expected {quantities.SIZE_EXPECTED}")
    return quantities.parse_bytes(value)


def _listed(value: Any) -> Any:
    return value if isinstance(value, tuple) else (value,)


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{show(value)} is listed twice; expected distinct values")
    return values


Name = Annotated[str, AfterValidator(valid_name), WrittenAs(f'{{"type": "string", "pattern": "^{NAME.pattern}$"}}')]
Label = Annotated[str, AfterValidator(_label)]
Text = Annotated[str, Field(min_length=1)]
Positive = Annotated[int, Field(ge=1, le=BATCH_SIZE_MAX)]
Seconds = Annotated[float, Field(ge=0)]
Duration = Annotated[float, Field(gt=0)]
Limit = Annotated[float, Field(gt=0, le=LIMIT_MAX_S)]
Share = Annotated[float, Field(gt=0, lt=1)]
Several = Annotated[
    tuple[T, ...],
    BeforeValidator(_listed),
    Field(min_length=1),
    AfterValidator(_distinct),
    OneOrSeveral(distinct=True),
]
"""One value or a list of distinct values; never empty."""

Entries = Annotated[tuple[T, ...], BeforeValidator(_listed), Field(min_length=1), OneOrSeveral()]
"""One entry or a list of them; never empty."""
