"""JSON text: values as JSON that every reader takes. JSON knows neither NaN nor infinities; both become null.

Flow: a row, a report, a comparison or another result as plain values -> `write` -> a file or stdout. Pure.
"""

import json
from typing import Any


def write(value: Any, *, indent: int | None = 2) -> str:
    """Write plain values, indented for people unless `indent` is None; characters stay as they are."""
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except ValueError:  # some number is not finite; seeking it in every value would take longer than writing them all
        return json.dumps(finite(value), indent=indent, ensure_ascii=False, allow_nan=False)


def finite(value: Any) -> Any:
    """Replace floats that are NaN or infinite by None, within mappings, lists and tuples too."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
