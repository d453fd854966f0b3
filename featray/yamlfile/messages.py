"""Messages: pydantic's errors in the words of the file's author.

Flow: `document.Document.check` -> `explain`. Pure.
"""

import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from featray import errors

SHOWN_LENGTH = 60  # characters of a wrong value in a message

EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "text",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
"""What is expected, by pydantic's error type."""

SYNONYMS = {"gpu": "cuda", "nvidia": "cuda", "metal": "mps", "apple": "mps"}
"""What people write for a value -> the value."""

BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def explain(detail: ErrorDetails, model: type[BaseModel]) -> tuple[tuple[str | int, ...], str]:
    """Say where a value is wrong, and what was expected there.

    Args:
        detail: One of `ValidationError.errors()`.
        model: The model that was read, for the names that it has.

    Returns:
        The place and the message; a missing key is reported at the mapping that lacks it.
    """
    kind, loc, given = detail["type"], detail["loc"], detail["input"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return loc, f"unknown key '{loc[-1]}'{errors.suggest(str(loc[-1]), _keys_at(model, loc[:-1]))}"
    if kind == "missing":
        return loc[:-1], f"the key '{loc[-1]}' is missing"
    if kind == "value_error":
        return loc, str(context["error"])
    if kind == "enum":
        choices = re.findall(r"'([^']*)'", str(context["expected"]))
        meant = SYNONYMS.get(str(given).lower())
        hint = f"; expected {', '.join(choices)}. Did you mean '{meant}'?" if meant in choices else None
        return loc, f"unknown value {show(given)}{hint or errors.suggest(str(given), choices)}"
    if kind == "too_short":
        return loc, "expected at least one value, got none"
    if kind in BOUNDS:
        words, key = BOUNDS[kind]
        return loc, f"expected {words} {context[key]}, got {show(given)}"
    if kind in EXPECTED:
        return loc, f"expected {EXPECTED[kind]}, got {show(given)}{_remedy(kind, given)}"
    return loc, f"{detail['msg']}, got {show(given)}"


def show(value: object) -> str:
    """Write a value as the file would, cut to a readable length."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, tuple):
        return "a list"
    text = str(value)
    text = text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 3] + "..."
    return f"'{text}'" if isinstance(value, str) else text


def _remedy(kind: str, given: object) -> str:
    if kind == "string_type" and isinstance(given, bool | int | float):
        return "; put it in quotes"
    if kind == "bool_type" and str(given).lower() in ("yes", "no", "on", "off"):
        return f"; write {'true' if str(given).lower() in ('yes', 'on') else 'false'}"
    return ""


def _keys_at(model: type[BaseModel], loc: Iterable[str | int]) -> list[str]:
    """List the keys of the model at a place, in its order."""
    hint: Any = model
    for part in loc:
        hint = _step(_plain(hint), part)
    inner = _plain(hint)
    if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
        return []
    return [field.alias or name for name, field in inner.model_fields.items()]


def _plain(hint: Any) -> Any:
    """Strip `Annotated` and `| None`."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _plain(typing.get_args(hint)[0])
    if origin in (types.UnionType, typing.Union):
        return _plain(next(option for option in typing.get_args(hint) if option is not type(None)))
    return hint


def _step(hint: Any, part: str | int) -> Any:
    """Follow one part of a place: a field of a model, or an element of a list or mapping."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        fields = {field.alias or name: field for name, field in hint.model_fields.items()}
        return fields[str(part)].annotation if str(part) in fields else None
    arguments = typing.get_args(hint)
    return arguments[0 if isinstance(part, int) else -1] if arguments else None
