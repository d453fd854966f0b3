"""All columns: every column of every row for other tools, as JSON lines and CSV. Pure."""

import csv
import dataclasses
import io
import json
from collections.abc import Iterable
from typing import Any

from featray.core.row import Row, columns, to_json

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
"""Characters with which a spreadsheet's formulas begin, or that it skips before one."""


def write_json_lines(rows: Iterable[Row]) -> str:
    """Write one JSON object per line, nulls included; `row.from_mapping` reads each back."""
    return "".join(f"{to_json(row)}\n" for row in rows)


def write_csv(rows: Iterable[Row]) -> str:
    """Write a table with the store's columns; null is an empty field, lists and maps are JSON.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in columns()])
    for row in rows:
        writer.writerow([_field(value) for value in dataclasses.asdict(row).values()])
    return stream.getvalue()


def _field(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        # The writer leaves a lone carriage return unquoted, and a reader would begin a new line there.
        return without_formula(value.replace("\r\n", "\n").replace("\r", "\n"), begin=value)
    return str(value).lower() if isinstance(value, bool) else value


def without_formula(text: str, *, begin: str | None = None) -> str:
    """Put an apostrophe in front of a text that a spreadsheet would run as a formula.

    Args:
        text: Of a field.
        begin: The text as it began before it was changed, where it was.
    """
    return f"'{text}" if (begin or text).startswith(FORMULA_BEGINS) else text
