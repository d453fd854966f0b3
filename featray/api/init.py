"""`featray.init`: a new sweep file with comments, ready to be changed."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from featray.api import given
from featray.api.output_files import write_files
from featray.api.schema import schema
from featray.core import detectors as known_detectors
from featray.core import inputs as known_inputs
from featray.core.argument_names import flag
from featray.core.choices import Device, WeightsKind
from featray.core.files import PathLike, expand_home
from featray.core.row import Row
from featray.errors import BadInput, NothingMatches, suggest
from featray.host import devices as host_devices
from featray.interchange import report_files
from featray.sweep import new_file
from featray.sweep.new_file import NewSweep
from featray.sweep.values import valid_name

SCHEMA_NAME = "sweep.schema.json"
FOLDER = Path("sweeps")


def init(
    name: str = "mine",
    *,
    detectors: str | Sequence[str] = (),
    inputs: str | Sequence[str] = (),
    devices: str | Sequence[str] = (),
    batch_sizes: int | Sequence[int] = (),
    weights: str = "pretrained",
    report: PathLike | None = None,
    folder: PathLike = FOLDER,
    overwrite: bool = False,
) -> Path:
    """Write a commented sweep file, and its JSON schema beside it for editors.

    Args:
        name: Of the sweep and its file.
        detectors: One or several of img2pose, retinaface, mpdetector, detectorv2; retinaface and detectorv2 by default.
        inputs: One or several of short, long, multi-face, or paths of clips, images or folders; short by default.
        devices: One or several of cuda, cpu, mps; by default those of this machine.
        batch_sizes: One or several; 1, 4 and 16 by default.
        weights: pretrained, or synthetic, which need no download.
        report: A report of py-feat whose grid is taken for what is not given.
        folder: Where the file is written.
        overwrite: Replace a file of this name.

    Returns:
        The path of the sweep file.

    Raises:
        BadInput: a name, detector, input or device is unknown, or the file exists.
        ImportFileError: the report cannot be read.
        StoreError: the file cannot be written.
    """
    rows = report_files.read(Path(report)).rows if report is not None else ()
    path = Path(folder) / f"{_valid_name(name)}.yaml"
    if path.exists() and not overwrite:
        raise BadInput(f"{path} exists; give another name, or {flag('overwrite')} to replace it")
    new = NewSweep(
        name=name,
        source=Path(report).name if report is not None else None,
        detectors=_known("detector", given.names("detectors", detectors), known_detectors.CATALOGUE)
        or _of_rows(rows, "detector"),
        inputs=tuple(_input(text, path.parent) for text in given.paths(inputs)) or _of_rows(rows, "input"),
        devices=_known("device", given.names("devices", devices), tuple(Device))
        or _of_rows(rows, "device")
        or host_devices.list_here(),
        batch_sizes=_sizes(batch_sizes) or tuple(sorted({row.batch_size for row in rows})),
        num_workers=tuple(sorted({row.num_workers for row in rows})),
        weights=_known("weights", [weights], tuple(WeightsKind))[0],
    )
    files = {path.name: new_file.to_yaml(new, schema=SCHEMA_NAME), SCHEMA_NAME: schema("sweep")}
    return write_files(path.parent, files)[0]


def _valid_name(name: str) -> str:
    try:
        return valid_name(name)
    except ValueError as wrong:
        raise BadInput(str(wrong)) from wrong


def _sizes(sizes: int | Sequence[int]) -> tuple[int, ...]:
    listed = sizes if isinstance(sizes, Sequence) else [sizes]
    if isinstance(listed, str) or not all(isinstance(size, int) for size in listed):
        raise BadInput(f"batch_sizes: {sizes!r}; expected whole numbers, such as 4 or [1, 4, 16]")
    return tuple(listed)


def _known(kind: str, names: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    for name in names:
        if name not in known:
            raise NothingMatches(f"unknown {kind} {name!r}{suggest(name, known)}")
    return tuple(dict.fromkeys(names))


def _input(text: str, folder: Path) -> str:
    """Give an input as the file writes it: a name of the catalogue, or a path from the file's folder."""
    if text in known_inputs.CATALOGUE:
        return text
    path = expand_home(text)
    if not path.exists():
        raise NothingMatches(f"{text}: no such file or folder{suggest(text, known_inputs.CATALOGUE)}, or a path")
    relative = Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    return relative if "/" in relative else f"./{relative}"


def _of_rows(rows: Sequence[Row], column: str) -> tuple[str, ...]:
    """List the values of a column, each once, that a sweep can name."""
    known = {"detector": known_detectors.CATALOGUE, "input": known_inputs.CATALOGUE, "device": tuple(Device)}[column]
    return tuple(dict.fromkeys(value for row in rows if (value := str(getattr(row, column))) in known))
