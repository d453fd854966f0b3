"""Shipped files: the sweeps and cluster files that come with featray, also where only the wheel is installed.

Flow: a name or path as a caller writes it -> `find_sweep` -> the path of a file -> `arguments.load_sweep`.
In a checkout they are the folders `sweeps` and `clusters`; the wheel has copies of them inside the package.
"""

from pathlib import Path

from featray.core.files import is_yaml
from featray.errors import suggest

SWEEPS, CLUSTERS = "sweeps", "clusters"


def folder(kind: str) -> Path:
    """Give the folder of shipped files: of the package, else of the checkout that holds it."""
    package = Path(__file__).parents[1]
    inside = package / "shipped" / kind
    return inside if inside.is_dir() else package.parent / kind


def list_sweeps() -> list[str]:
    """List the names of the shipped sweeps."""
    return sorted(path.stem for path in folder(SWEEPS).glob("*.yaml"))


def find_sweep(path: Path) -> Path:
    """Find the file of a sweep that is named by its path or, without a suffix, by its name.

    Args:
        path: A path that exists is itself. A name such as `quickstart` is `quickstart.yaml` here or in the folder
            `sweeps` here, else the sweep of this name that ships with featray.

    Returns:
        The file; the path itself where there is none, so that the reader of the file can say so.
    """
    if path.exists() or path.suffix or len(path.parts) != 1:
        return path
    places = (Path(), Path(SWEEPS), folder(SWEEPS))
    files = [place / f"{path.name}{suffix}" for place in places for suffix in (".yaml", ".yml")]
    return next((file for file in files if file.is_file()), path)


def hint(path: Path) -> str:
    """Name the shipped sweep that was meant by a path that does not exist; empty where there is none."""
    name = path.stem if is_yaml(str(path)) else path.name
    if name in list_sweeps():
        return f"; featray brings a sweep of this name: give `{name}` instead of a path"
    return "" if is_yaml(str(path)) else f"{suggest(name, list_sweeps())}, or a sweep file"
