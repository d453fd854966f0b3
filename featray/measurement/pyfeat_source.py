"""py-feat's source: constructor defaults and hub files of the installed package, read as text, without importing it.

Flow: `weights` and `synthetic` read which hub files a detector needs, on the driver and on every host.
Importing py-feat takes 7 to 50 s and loads torch. File names change between releases (`face_multitask_v2` became
`face_multitask_v28`), so they are read from the package and never typed. Standard library only.
"""

import ast
import functools
import importlib.util
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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

SWITCH = (True, False)
"""Values of a keyword whose default is true or false."""

_DOWNLOADS = ("hf_hub_download", "hf_hub_download_with_fallback")


def find_folder() -> Path:
    """Find the installed package without importing it.

    Raises:
        NotReady: py-feat is not installed in this interpreter.
    """
    package = importlib.util.find_spec("feat")
    if package is None or package.origin is None:
        raise errors.NotReady("py-feat is not installed here; install it with `pip install py-feat`")
    return Path(package.origin).parent


def read_defaults(class_name: str, package: Path | None = None) -> Mapping[str, object]:
    """Read the keywords of a detector's constructor and their default values, `device` included."""
    constructor = _constructor(class_name, package)
    return {} if constructor is None else dict(_defaults(constructor))


def read_choices(class_name: str, package: Path | None = None) -> Mapping[str, tuple[object, ...]] | None:
    """List the keywords of a detector's constructor, and the values that its source compares each with.

    Returns:
        Keyword -> values in source order, empty where any value is allowed; `device` included. None where the class has
        no constructor of its own or takes any keyword.
    """
    constructor = _constructor(class_name, package)
    if constructor is None or constructor.args.kwarg is not None:
        return None
    arguments = constructor.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    values: dict[str, dict[object, None]] = {name: {} for name in names if name != "self"}
    for node in ast.walk(constructor):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id in values:
            values[node.left.id] |= dict.fromkeys(_compared(node))
    return {keyword: tuple(options) for keyword, options in values.items()}


def list_call_keywords(class_name: str, package: Path | None = None) -> Mapping[str, tuple[object, ...]] | None:
    """List the keywords that the source of a class's `detect()` names, and the values of those that are switches.

    py-feat's `detect()` takes any other keyword too, and ignores it.

    Returns:
        Keyword -> values, empty where any is allowed. None where py-feat or the method cannot be read, or where the
        method uses the other keywords.
    """
    try:
        method = _method(class_name, "detect", package)
    except (errors.NotReady, OSError, SyntaxError, KeyError):
        return None
    if method is None or _uses_other_keywords(method):
        return None
    arguments, defaults = method.args, dict(_defaults(method))
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return {name: SWITCH if isinstance(defaults.get(name), bool) else () for name in names if name != "self"}


def _uses_other_keywords(method: ast.FunctionDef) -> bool:
    rest = method.args.kwarg
    return rest is not None and any(isinstance(node, ast.Name) and node.id == rest.arg for node in ast.walk(method))


def _compared(node: ast.Compare) -> Iterator[str]:
    """List the strings that a name is compared with: `x == "a"`, `x in ("a", "b")`."""
    for operator, value in zip(node.ops, node.comparators, strict=True):
        if not isinstance(operator, ast.Eq | ast.In):
            continue
        options = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
        constants = [option.value for option in options if isinstance(option, ast.Constant)]
        yield from (constant for constant in constants if isinstance(constant, str))


def _constructor(class_name: str, package: Path | None) -> ast.FunctionDef | None:
    return _method(class_name, "__init__", package)


def _method(class_name: str, name: str, package: Path | None) -> ast.FunctionDef | None:
    for node in ast.walk(_tree((package or find_folder()) / CLASS_FILES[class_name])):
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            functions = (item for item in node.body if isinstance(item, ast.FunctionDef))
            return next((function for function in functions if function.name == name), None)
    return None


def list_hub_files(
    repositories: Collection[str] | None = None, package: Path | None = None
) -> Mapping[str, tuple[str, ...]]:
    """List the hub files of some repositories that py-feat's detectors load, in source order; None: of all.

    A module that names none of them is not parsed, which would take 5 ms.
    """
    files: dict[str, dict[str, None]] = {}
    for path in _loaders(package):
        if repositories is None or any(repository in _read(path) for repository in repositories):
            for repository, file in _downloads(path):
                files.setdefault(repository, {})[file] = None
    return {name: tuple(found) for name, found in files.items() if repositories is None or name in repositories}


def _loaders(package: Path | None) -> list[Path]:
    paths = [(package or find_folder()) / name for name in _LOADERS]
    return [path for path in paths if path.is_file()]


@functools.cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(_read(path), str(path))


@functools.cache
def _downloads(path: Path) -> Sequence[tuple[str, str]]:
    """List the downloads in a module, as repository and file."""
    nodes = list(ast.walk(_tree(path)))
    names, found = dict(_constants(nodes)), []
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _DOWNLOADS:
            arguments = {keyword.arg: _text(keyword.value, names) for keyword in node.keywords}
            repository, file = arguments.get("repo_id"), arguments.get("filename")
            if repository is not None and file is not None:
                found.append((repository, file))
    return found


def _constants(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """List the names that hold a string: module constants, and default values of parameters."""
    for node in nodes:
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
