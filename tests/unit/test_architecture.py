"""The structure of the package: rooms, import contracts, the figure of them, names, and what importing costs."""

import ast
import itertools
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

import grimp
import pytest

from tests.support.command import ROOT

PACKAGE = ROOT / "featray"
FIGURE = ROOT / "docs" / "architecture.svg"
HEAVY = ("ray", "torch", "feat", "pandas", "pyarrow", "pydantic", "scipy", "plotly", "yaml", "av")
FILES_OF_THE_KERNEL = {"memory.events", "memory.oom_control"}  # dotted names that are no modules
MODULES: Mapping[str, ast.Module] = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(file.read_bytes())
    for file in sorted(PACKAGE.rglob("*.py"))
}
"""Full name -> syntax tree of every module."""


def layers() -> list[set[str]]:
    """Read the layers contract, highest first; the rooms of one layer do not import each other."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    (contract,) = [contract for contract in tool["importlinter"]["contracts"] if contract["type"] == "layers"]
    return [set(line.split(" | ")) for line in contract["layers"]]


LAYER_OF = {room: number for number, rooms in enumerate(layers()) for room in rooms}


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with these arguments in the root of the checkout."""
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def figure_rooms() -> dict[str, float]:
    """Read the height at which the figure draws each room."""
    rooms = {}
    for group in ElementTree.parse(FIGURE).iterfind(".//{*}g[@data-room]"):
        box = group.find("{*}rect")
        assert box is not None
        rooms[group.attrib["data-room"]] = float(box.attrib["y"])
    return rooms


def figure_arrows() -> list[tuple[str, str]]:
    """Read (caller, called) of every arrow of the figure."""
    arrows = ElementTree.parse(FIGURE).iterfind(".//{*}path[@data-from]")
    return [(arrow.attrib["data-from"], arrow.attrib["data-to"]) for arrow in arrows]


def test_imports_go_one_way() -> None:
    done = run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_holds_rooms_and_nothing_loose_but_the_entry_points_and_errors() -> None:
    names = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    files = {"__init__.py", "__main__.py", "errors.py", "py.typed"}
    assert files <= names
    assert names - files == set(LAYER_OF) - {"errors"}


def test_the_figure_draws_every_room_and_no_other() -> None:
    assert set(figure_rooms()) == set(LAYER_OF)


def test_the_figure_draws_no_room_above_one_of_a_higher_layer() -> None:
    heights = figure_rooms()
    for upper, lower in itertools.permutations(heights, 2):
        if LAYER_OF[upper] < LAYER_OF[lower]:
            assert heights[upper] <= heights[lower], f"{upper} belongs above {lower}"


def test_every_arrow_of_the_figure_is_an_import_that_the_layers_allow() -> None:
    imports = grimp.build_graph("featray", cache_dir=None, exclude_type_checking_imports=True)
    arrows = figure_arrows()
    assert len(arrows) == len(set(arrows))
    for caller, called in arrows:
        assert LAYER_OF[caller] < LAYER_OF[called]
        names = {"importer": f"featray.{caller}", "imported": f"featray.{called}"}
        assert imports.direct_import_exists(**names, as_packages=True), f"{caller} does not import {called}"


def test_the_page_describes_every_room_in_the_order_of_the_layers() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert sorted(described) == sorted(LAYER_OF)
    assert [LAYER_OF[room] for room in described] == sorted(LAYER_OF.values())


def type_names(tree: ast.Module) -> Iterator[str]:
    """List the classes and the capitalised aliases that a module defines."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and re.fullmatch(r"_?[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*", target.id):
                yield target.id


def test_a_type_name_has_one_meaning_in_the_whole_package() -> None:
    names = Counter(name for tree in MODULES.values() for name in type_names(tree))
    assert [name for name, count in names.items() if count > 1] == []


def plural_aliases(tree: ast.Module) -> Iterator[str]:
    """List imports such as `import row as rows`: the plural is the name of a list of rows."""
    for node in ast.walk(tree):
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            name = alias.name.rpartition(".")[2]
            if alias.asname in {f"{name}s", f"{name}es", f"{name.removesuffix('y')}ies"}:
                yield f"{alias.name} as {alias.asname}"


def test_no_module_is_imported_under_a_plural() -> None:
    aliases = {module: list(plural_aliases(tree)) for module, tree in MODULES.items()}
    assert {module: found for module, found in aliases.items() if found} == {}


@pytest.mark.parametrize("module", MODULES)
def test_every_module_begins_with_a_sentence_that_says_what_it_holds(module: str) -> None:
    docstring = ast.get_docstring(MODULES[module]) or ""
    assert docstring.partition("\n\n")[0].endswith((".", ":")), docstring


def names_in(tree: ast.Module) -> set[str]:
    """List every name that a module defines, assigns or imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Name):
            names.add(node.id)
    return names


def exists(dotted: str) -> bool:
    """Return True when a dotted name is a module, or a name in one; rooms before the module may be left out."""
    owner, _, name = dotted.rpartition(".")
    if any(f".{module}".endswith(f".{dotted}") for module in MODULES):
        return True
    return any(f".{module}".endswith(f".{owner}") and name in names_in(tree) for module, tree in MODULES.items())


@pytest.mark.parametrize("module", MODULES)
def test_what_a_modules_docstring_names_exists(module: str) -> None:
    names = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", ast.get_docstring(MODULES[module]) or ""))
    assert [name for name in sorted(names - FILES_OF_THE_KERNEL) if not exists(name)] == []


def modules_of(package: str) -> set[str]:
    """List the public modules and packages that lie in a package."""
    names = {module.removeprefix(f"{package}.") for module in MODULES if module.startswith(f"{package}.")}
    return {name for name in names if "." not in name and not name.startswith("_")}


def listed_modules(docstring: str) -> set[str]:
    """Read the lists of a package's docstring: lines such as `plan, schedule   what starts when` or `page/   ...`."""
    lines = re.findall(r"^ *(\w+/?(?:, \w+/?)*)  +\S", docstring, flags=re.MULTILINE)
    return {name.removesuffix("/") for line in lines for name in line.split(", ")}


PACKAGES = sorted({module.rpartition(".")[0] for module in MODULES} - {"", "featray"})
FOLDERS_WITHOUT_MODULES = {"templates", "vendored"}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_packages_docstring_lists_each_of_its_modules(package: str) -> None:
    listed = listed_modules(ast.get_docstring(MODULES[package]) or "")
    assert listed - FOLDERS_WITHOUT_MODULES == modules_of(package)


@pytest.mark.parametrize("room", sorted(set(LAYER_OF) - {"errors", "cli", "core"}))
def test_every_room_says_where_it_stands_in_the_flow(room: str) -> None:
    assert "\nFlow: " in (ast.get_docstring(MODULES[f"featray.{room}"]) or "")


@pytest.mark.parametrize("module", ["featray", "featray.cli.app", "featray.api"])
def test_nothing_heavy_is_imported_before_it_is_used(module: str) -> None:
    assert heavy_imports(module) == "[]"


def test_the_measuring_child_starts_without_pydantic_or_ray() -> None:
    assert heavy_imports("featray.measurement.invocation_run") == "[]"


def heavy_imports(module: str) -> str:
    """Import a module in a fresh interpreter and list the heavy packages that came with it."""
    done = run("-c", f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
