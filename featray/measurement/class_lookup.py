"""Class lookup: whether a Python can import a detector class of the user's own.

Flow: `host.own_classes` -> `python -m featray.measurement.class_lookup CLASS [--import]` -> a line of JSON on stdout:
why the class cannot be imported, an empty text where it can, null where only an import can tell. It runs in the Python
that would measure.
"""

import importlib
import json
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec


def find_module(name: str) -> bool | None:
    """Look for a module without importing anything, its packages included.

    Returns:
        True if it is there, False if its first part is not; None if only an import can tell: a package may make its
        modules itself, and a folder without `__init__.py` within another one has its path from the imported parent.
    """
    path: Sequence[str] | None = None
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
    return True


def _find_spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    if name in sys.modules:
        return sys.modules[name].__spec__
    found = (spec for finder in sys.meta_path if (spec := finder.find_spec(name, path)) is not None)
    return next(found, None)


def why_not_there(class_name: str) -> str | None:
    """Say why a class cannot be imported, without an import; empty where its module is there, None if unknown."""
    module = class_name.partition(":")[0]
    found = find_module(module)
    return None if found is None else "" if found else f"no module named {module.partition('.')[0]}"


def why_not_imported(class_name: str) -> str:
    """Import a class, and say why that failed; empty where it did not."""
    module, _, name = class_name.partition(":")
    try:
        imported = importlib.import_module(module)
    except (Exception, SystemExit) as wrong:  # noqa: BLE001 - whatever the user's module raises is the answer
        return f"{type(wrong).__name__}: {wrong}"
    return "" if hasattr(imported, name) else f"{module} has no {name}"


if __name__ == "__main__":
    answer = why_not_imported(sys.argv[1]) if "--import" in sys.argv[2:] else why_not_there(sys.argv[1])
    sys.stdout.write(f"\n{json.dumps(answer)}\n")  # a line of its own, whatever the module has printed
