"""Written plan: the lists and scripts of `featray estimate --write`, in place of those of an earlier plan.

Flow: `rendering.estimate_files.write` -> `replace` -> `estimate`. The manifest names what featray wrote into a folder,
with the digest of each file. Only a file that is still as it was written is removed; outputs of films stay.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from featray.api import output_files
from featray.core import files, json_text, wording
from featray.errors import BadInput, StoreError
from featray.rendering import estimate_files

MANIFEST = "featray-plan.json"
ABOUT = "written by `featray estimate --write`; the next one removes these files, if they are unchanged"
_OUTPUT = re.compile(r".*-[0-9a-f]{12}\.csv")  # as a script names the output of a film
REMOVE = "remove the earlier plan"
MOVE = "move or remove what is named"
OTHER_FOLDER = "or name another folder"


@dataclasses.dataclass(frozen=True, kw_only=True)
class WrittenPlan:
    """The files of a plan, and those of an earlier plan that are gone."""

    files: tuple[Path, ...]
    removed: tuple[Path, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Manifest:
    """What an earlier plan wrote: detector, and name -> SHA-256 of each file."""

    detector: str | None = None
    digests: Mapping[str, str] = dataclasses.field(default_factory=dict)


def replace(folder: Path, plan: Mapping[str, str], detector: str) -> WrittenPlan:
    """Write a plan's files, and remove those of an earlier plan.

    Args:
        folder: Where they go; it exists.
        plan: Name -> content of each file.
        detector: Name of the detector that the scripts use.

    Raises:
        BadInput: the folder holds a file that featray must not remove or write over, or outputs of another detector.
        StoreError: a file cannot be read, removed or written. What was removed by then, the next call writes.
    """
    earlier = _read(folder / MANIFEST)
    try:
        _check(folder, plan, earlier, detector)
        there = [folder / name for name in earlier.digests if (folder / name).exists()]
        for path in there:
            path.unlink()
    except OSError as wrong:
        raise StoreError(f"{folder}: an earlier plan cannot be replaced ({wrong.strerror or wrong})") from wrong
    # The manifest comes first: should the rest fail, the next call knows what is there.
    written = output_files.write_files(folder, {MANIFEST: _manifest(plan, detector), **plan})
    return WrittenPlan(files=tuple(written), removed=tuple(path for path in there if path.name not in plan))


def _manifest(plan: Mapping[str, str], detector: str) -> str:
    digests = {name: hashlib.sha256(content.encode()).hexdigest() for name, content in plan.items()}
    return json_text.write({"about": ABOUT, "detector": detector, "files": digests}) + "\n"


def _read(path: Path) -> _Manifest:
    """Read the manifest of an earlier plan; that of a folder without one is empty."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        digests = {str(name): str(digest) for name, digest in content["files"].items()}
        detector = str(content["detector"])
    except FileNotFoundError:
        return _Manifest()
    except OSError as wrong:
        raise StoreError(f"{path}: cannot be read ({wrong.strerror or wrong})") from wrong
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise BadInput(f"{path}: does not list the files of a plan; {REMOVE}, {OTHER_FOLDER}") from wrong
    if any(Path(name).name != name or name in ("", ".", "..") for name in digests):
        raise BadInput(f"{path}: names a file outside its folder; {REMOVE}, {OTHER_FOLDER}")
    return _Manifest(detector=detector, digests=digests)


def _check(folder: Path, plan: Mapping[str, str], earlier: _Manifest, detector: str) -> None:
    """Refuse a folder where something would be lost, or where a film would be analysed twice or not at all."""
    if changed := [name for name, digest in earlier.digests.items() if _differs(folder / name, digest)]:
        named = wording.listed(changed)
        raise BadInput(f"{folder}: changed since featray wrote the plan: {named}; {MOVE}, {OTHER_FOLDER}")
    if unknown := sorted({*_foreign(folder, plan, earlier), *_unlisted_scripts(folder, earlier)}):
        named = wording.listed(unknown)
        raise BadInput(f"{folder}: not of the last plan that featray wrote there: {named}; {MOVE}, {OTHER_FOLDER}")
    if earlier.detector not in (None, detector) and _has_outputs(folder):
        raise BadInput(
            f"{folder}: holds what {wording.short(str(earlier.detector))} found in films, which "
            f"{wording.short(detector)} would skip as done; move these outputs, {OTHER_FOLDER}"
        )


def _differs(path: Path, digest: str) -> bool:
    return path.exists() and files.hash_file(path) != digest


def _foreign(folder: Path, plan: Mapping[str, str], earlier: _Manifest) -> Iterator[str]:
    """Name files that the plan would write over, though featray is not known to have written them."""
    for name in plan:
        path = folder / name
        if name not in earlier.digests and path.exists() and path.read_bytes() != plan[name].encode():
            yield name


def _unlisted_scripts(folder: Path, earlier: _Manifest) -> Iterable[str]:
    """Name scripts of a plan that no manifest lists: they would analyse films beside the new ones."""
    mark = estimate_files.MARK.encode()
    for path in folder.glob("*.py"):
        if path.name not in earlier.digests and path.is_file():
            with path.open("rb") as stream:
                if stream.read(len(mark)) == mark:
                    yield path.name


def _has_outputs(folder: Path) -> bool:
    return any(_OUTPUT.fullmatch(path.name) for path in folder.glob("*/*.csv"))
