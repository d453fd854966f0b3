"""Sweep files for tests: the smallest grid, changed by key, and a stand-in for the video decoder."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from featray import sweep
from featray.errors import BadInput
from featray.sweep import Sweep

GRID = {
    "detectors": "[retinaface]",
    "inputs": "[short]",
    "axes": "{device: cpu, batch_size: 1}",
}

Load = Callable[..., Sweep]
Complain = Callable[..., str]


@dataclasses.dataclass(frozen=True)
class Clip:
    frames: int
    fps: float | None
    sha256: str


def probe(path: Path) -> Clip:
    """Read a clip without decoding: its text is its number of frames."""
    text = path.read_text()
    if not text.isdigit():
        raise BadInput(f"{path}: cannot be read as a video or image (Invalid data)")
    return Clip(frames=int(text), fps=25.0 if int(text) > 1 else None, sha256=f"sha-of-{path.name}")


def write(path: Path, changed: dict[str, str]) -> None:
    """Write the grid with some keys changed; a key with empty text is left out."""
    path.write_text("".join(f"{key}: {value}\n" for key, value in (GRID | changed).items() if value))


def write_and_load(path: Path, changed: dict[str, str]) -> Sweep:
    """Write the grid with some keys changed and load it; a key with empty text is left out."""
    write(path, changed)
    return sweep.load(path, probe_clip=probe)
