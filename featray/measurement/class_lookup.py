"""Class lookup: whether a Python can import a detector class of the user's own.

Flow: `host.own_classes` -> `python -m featray.measurement.class_lookup CLASS [--import]` -> a line of JSON on stdout:
why the class cannot be imported, an empty text where it can, null where only an import can tell. It runs in the Python
that would measure.
"""

import importlib
import json
import re
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

from featray.core import detectors


def find_module(name: str) -> bool | None:
    """Look for a module without importing anything, its packages included.

    Returns:
        True if it is there, False if its first part is not; None if only an import can tell: a package may make its
        modules itself, and a folder without `__init__.py` within another one has its path from the imported parent.
    """
    found = _find(name)
    return found if found is None else bool(found)


def _find(name: str) -> ModuleSpec | bool | None:
    """Give what says where a module is; False and None as `find_module`."""
    path: Sequence[str] | None = None
    spec: ModuleSpec | None = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        part = ".".join(parts[:count])
        try:
            spec = _find_spec(part, path)
        except KeyError:  # the parent, in `sys.modules`
            return None
        if spec is None:
            return False if count == 1 else None
        path = spec.submodule_search_locations
        if path is None and count < len(parts):
            return None
    return spec


def _find_spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    if name in sys.modules:
        return sys.modules[name].__spec__
    found = (spec for finder in sys.meta_path if (spec := finder.find_spec(name, path)) is not None)
    return next(found, None)


def why_not_there(class_name: str) -> str | None:
    """Say why a class cannot be imported, without an import; empty where its module names it, None if unknown.

    A module whose text does not have the name may still make or import a class of that name.
    """
    module, _, name = class_name.partition(":")
    found = _find(module)
    if found is False:
        return f"{detectors.NO_MODULE}{module.partition('.')[0]}"
    return "" if isinstance(found, ModuleSpec) and _names(found, name) else None


def _names(spec: ModuleSpec, name: str) -> bool:
    """Return True if the text of a module has a name, or if it has no text."""
    if spec.origin is None or not spec.origin.endswith(".py"):
        return True
    try:
        text = Path(spec.origin).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def why_not_imported(class_name: str) -> str:
    """Import a class, and say why that failed; empty where it did not."""
    module, _, name = class_name.partition(":")
    try:
        imported = importlib.import_module(module)
    except (Exception, SystemExit) as wrong:  # noqa: BLE001 - whatever the user's module raises is the answer
        return f"{type(wrong).__name__}: {wrong}"
    return "" if hasattr(imported, name) else detectors.missing_class(class_name)


if __name__ == "__main__":
    answer = why_not_imported(sys.argv[1]) if "--import" in sys.argv[2:] else why_not_there(sys.argv[1])
    sys.stdout.write(f"\n{json.dumps(answer)}\n")  # a line of its own, whatever the module has printed
