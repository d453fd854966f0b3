"""`featray.fetch`: the pretrained weights that a sweep needs, before it runs or for a machine without a network.

Flow: sweep file -> cells -> `measurement.weights` -> hub files in featray's cache.
"""

import dataclasses
from collections.abc import Callable, Sequence

from featray.api import arguments
from featray.api.results import Result
from featray.core import wording
from featray.core.choices import WeightsKind
from featray.core.files import PathLike
from featray.errors import NotReady
from featray.measurement import weights
from featray.measurement.weights import HubFile
from featray.rendering.notebook.summary import Summary, make_table
from featray.sweep import expand


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Fetched(Result):
    """The weight files that a sweep needs."""

    folder: str  # of this machine's cache
    downloaded: tuple[str, ...]  # `repository: file`
    cached: tuple[str, ...]  # were there already

    def summarize(self) -> Summary:
        """Show the files; the frame has a row per file."""
        states = [*((name, "downloaded") for name in self.downloaded), *((name, "was there") for name in self.cached)]
        title = f"{wording.count(len(states), 'weight file')} in {self.folder}, {len(self.downloaded)} downloaded now"
        table = make_table("Files", ("file", "state"), states)
        return Summary(title=title, tables=(table,), records=[{"file": name, "state": state} for name, state in states])


def fetch(sweep: PathLike, *, say: Callable[[str], None] = print) -> Fetched:
    """Download the pretrained weights of a sweep's detectors to this machine's cache.

    Args:
        sweep: Sweep file, or the name of one.
        say: Called before each download.

    Returns:
        The files; none for a sweep with synthetic weights or with detectors of your own.

    Raises:
        BadInput: the sweep is wrong.
        NotReady: files cannot be downloaded; the message names each, and what to do.
    """
    cells = expand(arguments.load_sweep(sweep))
    pretrained = [cell for cell in cells if cell.weights is WeightsKind.PRETRAINED and cell.detector.is_pyfeat]
    detectors = {cell.detector.name: cell.detector for cell in pretrained}
    needed = sorted({file for detector in detectors.values() for file in weights.list_required(detector)})
    folder = weights.pretrained_folder(weights.featray_cache())
    absent = [file for file in needed if weights.locate(folder, file) is None]
    for number, file in enumerate(absent, start=1):
        say(f"[{number}/{len(absent)}] {file}")
        _download(file, absent[number - 1 :], needed)
    cached = [file for file in needed if file not in absent]
    return Fetched(folder=str(folder), downloaded=_names(absent), cached=_names(cached))


def _download(file: HubFile, missing: Sequence[HubFile], needed: Sequence[HubFile]) -> None:
    """Download a file.

    Raises:
        NotReady: the hub is out of reach, so that every other file would fail as well.
    """
    folder = weights.pretrained_folder(weights.featray_cache())
    try:
        weights.fetch([file], folder)
    except NotReady as wrong:
        reason = str(wrong).partition("cannot be downloaded (")[2].partition(");")[0]
        count = f"{len(missing)} of {wording.count(len(needed), 'weight file')} cannot be downloaded ({reason})"
        raise NotReady(f"{count}; {weights.how_to_get(missing, folder)}") from wrong


def _names(files: Sequence[HubFile]) -> tuple[str, ...]:
    return tuple(map(str, files))
