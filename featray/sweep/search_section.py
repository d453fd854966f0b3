"""Search section: the part `search` of a sweep file: the setting whose best value is sought, and its limits.

Flow: `schema.SweepFileContent.search` -> `SearchEntry`, `ladder` -> `grid.Search`. Pure.
"""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from featray.core import quantities
from featray.core.cell_fields import BATCH_SIZE_MAX
from featray.sweep.values import SIZE, size_in_bytes
from featray.yamlfile import StrictModel
from featray.yamlfile.editor_schema import WrittenAs
from featray.yamlfile.messages import show

DURATION = WrittenAs('{"type": ["string", "null"], "pattern": "^\\\\s*[0-9.]+\\\\s*(ms|s|m|h|d)\\\\s*$"}')
"""The form of a duration in the file, for its JSON schema."""

Bound = Annotated[int, Field(ge=0, le=BATCH_SIZE_MAX)]


def _seconds(value: Any) -> float:
    if not isinstance(value, str):
        raise ValueError(f"{show(value)} is not a duration; expected {quantities.DURATION_EXPECTED}")
    return quantities.parse_duration(value)


class SearchEntry(StrictModel):
    """Between which values to search, and what a value may need: memory of the device, and the time of a batch."""

    min: Bound | None = None
    max: Bound
    memory: Annotated[int | None, BeforeValidator(size_in_bytes), SIZE] = None
    latency: Annotated[float | None, BeforeValidator(_seconds), DURATION] = None

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.min is not None and self.max <= self.min:
            raise ValueError(f"max {self.max} is not above min {self.min}; expected a range to search")
        for name in ("memory", "latency"):
            if getattr(self, name) == 0:
                raise ValueError(f"{name}: expected more than 0")
        return self


def ladder(first: int, last: int) -> tuple[int, ...]:
    """List the values that a search may measure: each is twice the one before; the last one counts too.

    Args:
        first: Smallest; after 0 comes 1.
        last: Largest, above the first.
    """
    values = [first]
    while (following := max(1, 2 * values[-1])) < last:
        values.append(following)
    return (*values, last)
