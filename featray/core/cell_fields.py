"""Cell fields: what each field of a cell that comes as JSON may hold.

Flow: the asked cell of a row, a file or an invocation -> `find_fault` -> `cell.from_asked`.
Pure. `sweep` sets the same limits.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from featray.core import detectors, inputs
from featray.core.choices import Device, WeightsKind

BATCH_SIZE_MAX = 1_000_000  # far beyond any memory; keeps a slip of the finger out of the store's integers
PARALLEL_MAX = 1024  # workers, or threads: beyond the processors of any one host
PROCESSES_MAX = 64  # side by side on one target: each takes over 1 GB of its memory
DELAY_MAX_S = 60.0  # per frame: nobody could tell a longer self-test from one that hangs
SHOWN_LENGTH = 60  # characters of a wrong value in a message

_CLASS = re.compile(r"[\w.]+:\w+")

Check = tuple[Callable[[Any], bool], str]
"""A test of a value, and what was expected where the value fails it."""


def is_class(name: object) -> bool:
    """Return True for the name of a class of py-feat, or of another package as `package.module:Class`."""
    return isinstance(name, str) and (name in detectors.PYFEAT_CLASSES or _CLASS.fullmatch(name) is not None)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _is_delay(value: Any) -> bool:
    return _is_finite(value) and 0 <= value <= DELAY_MAX_S


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _is_targets(value: object) -> bool:
    return (_is_whole(value) and value == 1) or value == "all"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | bool) or _is_finite(value)


def _whole(least: int, most: int | None = None) -> Check:
    upper = "" if most is None else f" to {most}"
    return (
        lambda value: _is_whole(value) and least <= value and (most is None or value <= most),
        f"a whole number from {least}{upper}",
    )


def _one_of(*names: str) -> Check:
    return lambda value: value in names, ", ".join(names)


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check[0](value), f"{check[1]} or null"


def _mapping(is_value: Callable[[Any], bool], expected: str) -> Check:
    return lambda value: isinstance(value, Mapping) and all(map(is_value, value.values())), expected


_TEXT: Check = (_is_text, "text")
_TEXTS: Check = (lambda value: isinstance(value, list | tuple) and all(map(_is_text, value)), "a list of texts")

_CHECKS: Mapping[str, Mapping[str, Check]] = {
    "": {
        "device": _one_of(*Device),
        "batch_size": _whole(1, BATCH_SIZE_MAX),
        "num_workers": _whole(0, PARALLEL_MAX),
        "threads": _or_null(_whole(1, PARALLEL_MAX)),
        "weights": _one_of(*WeightsKind),
        "environment": _or_null(_TEXT),
        "requirements": _TEXTS,
        "env": _mapping(_is_text, "names with texts"),
        "processes": _whole(1, PROCESSES_MAX),
        "mps_daemon": (_is_switch, "true or false"),
        "targets": (_is_targets, "1 or all"),
        "delay_s_per_frame": (_is_delay, f"a number from 0 to {DELAY_MAX_S:g}"),
    },
    "detector": {
        "name": _TEXT,
        "class_name": (is_class, ", ".join((*detectors.PYFEAT_CLASSES, "package.module:Class"))),
        "keywords": _mapping(_is_plain, "names with plain values"),
        "call": _mapping(_is_plain, "names with plain values"),
        "heading": _TEXT,
    },
    "input": {
        "name": _TEXT,
        "kind": _one_of(inputs.VIDEO, inputs.IMAGES),
        "packaged": _or_null(_TEXT),
        "paths": _TEXTS,
        "sha256": _TEXTS,
        "copies": _whole(1, BATCH_SIZE_MAX),
        "faces": _or_null(_whole(0)),
        "source_frames": _whole(1),
        "fps": _or_null((lambda value: _is_finite(value) and value > 0, "a number above 0")),
        "skip_frames": _or_null(_whole(1)),
        "frame_limit": _or_null(_whole(1)),
        "looped_frames": _or_null(_whole(1)),
        "labels": _or_null(_TEXT),
        "labels_sha256": _or_null(_TEXT),
        "output_size": _or_null(_whole(1, BATCH_SIZE_MAX)),
    },
}
"""Part of a cell -> its fields. Unknown and missing fields are found when the cell is made."""


def find_fault(name: str, part: Any) -> str | None:
    """Say what is wrong with a part of an asked cell, or with the cell itself where the name is empty."""
    if not isinstance(part, Mapping):
        return f"{name}: expected a mapping, got {shown(part)}"
    for key, (is_right, expected) in _CHECKS[name].items():
        if key in part and not is_right(part[key]):
            return f"{name}.{key}: expected {expected}, got {shown(part[key])}".removeprefix(".")
    if name == "input" and (part.get("packaged") is None) == (not part.get("paths")):
        return "input: expected either 'packaged' or 'paths', and not both"
    return None


def shown(value: object) -> str:
    """Write a value of JSON for a message, cut to a readable length."""
    text = json.dumps(value)
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 3] + "..."
