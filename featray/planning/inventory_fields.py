"""Inventory fields: what each field of a recorded host and of its GPUs may hold.

Flow: JSON -> `find_fault` -> `inventory.from_json`. Pure.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from featray.core import wording

LARGEST = 2**63 - 1  # what a row's columns can carry
SHOWN_LENGTH = 60  # characters of a wrong value in a message

FieldRule = tuple[Callable[[Any], bool], str]
"""A test of a value, and what was expected where the value fails it."""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _or_null(check: FieldRule) -> FieldRule:
    return lambda value: value is None or check[0](value), f"{check[1]} or null"


def _mapping_of(is_value: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(is_value, value.values()))


_NAME: FieldRule = (lambda value: _is_text(value) and value != "" and value.isprintable(), "printable text on one line")
_TEXT: FieldRule = _or_null((_is_text, "text"))
_COUNT: FieldRule = _or_null((_is_count, "a whole number from 0"))
_SIZE: FieldRule = _or_null((lambda value: _is_count(value) and value > 0, "a whole number from 1"))
_TEXTS: FieldRule = (_are_texts, "a list of texts")
_CAPABILITY: FieldRule = _or_null(
    (lambda value: _is_text(value) and re.fullmatch(r"\d{1,3}\.\d{1,3}", value, re.ASCII) is not None, "such as 8.9")
)
_PAIRS: FieldRule = (_mapping_of(_is_text), "names with texts")

GPU: Mapping[str, FieldRule] = {
    "uuid": _NAME,
    "name": _NAME,
    "memory_b": _COUNT,
    "driver": _TEXT,
    "compute_capability": _CAPABILITY,
    "foreign_processes": _COUNT,
}
HOST: Mapping[str, FieldRule] = {
    "host_id": _NAME,
    "hostname": _NAME,
    **dict.fromkeys(("address", "os", "arch", "cpu_model", "python", "cuda", "error"), _TEXT),
    **dict.fromkeys(("ffmpeg", "ffmpeg_lack", "ffmpeg_remedy"), _TEXT),
    **dict.fromkeys(("cpu_count", "memory_b"), _SIZE),
    "disk_free_b": _COUNT,
    "mps": (lambda value: isinstance(value, bool), "true or false"),
    "mps_daemon": _or_null((lambda value: isinstance(value, bool), "true or false")),
    "gpus": (lambda value: isinstance(value, list), "a list of GPUs"),
    **dict.fromkeys(("cuda_architectures", "weights_cached", "node_ids"), _TEXTS),
    **dict.fromkeys(("packages", "labels"), _PAIRS),
    **dict.fromkeys(("clips", "classes"), _or_null(_PAIRS)),
    "load_1m": _or_null((_is_number, "a number from 0")),
    "node_gpus": (_mapping_of(_are_texts), "names with lists of texts"),
}


def find_fault(place: str, value: Any, checks: Mapping[str, FieldRule], required: tuple[str, ...]) -> str | None:
    """Say which field of an object is missing, unknown or wrong, if one is.

    Args:
        place: Where the object is, such as `hosts[0]`.
        value: From JSON.
        checks: `HOST` or `GPU`.
        required: Fields that it must have.
    """
    if not isinstance(value, dict):
        return f"{place}: expected an object, got {shown(value)}"
    for name in required:
        if name not in value:
            return f"{place}: {name} is missing"
    for name, item in value.items():
        if name not in checks:
            return f"{place}: unknown field {shown(name)}"
        is_right, expected = checks[name]
        if not is_right(item):
            return f"{place}.{name}: expected {expected}, got {shown(item)}"
    return None


def shown(value: object) -> str:
    """Write a value of JSON for a message: on one line, and cut to a readable length."""
    return wording.shortened(ascii(value), SHOWN_LENGTH)
