"""A model of a file, and files for it."""

from pathlib import Path

import pytest
from pydantic import Field

from featray import yamlfile
from featray.errors import SweepFileError
from featray.yamlfile import StrictModel


class Settings(StrictModel):
    threads: int = Field(default=1, ge=1)
    quiet: bool = False
    ratio: float = 1.0
    note: str = ""
    level: int | None = None


class Example(StrictModel):
    title: str
    settings: Settings = Settings()
    batches: tuple[int, ...] = ()
    named: dict[str, Settings] = Field(default_factory=dict)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "a.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def complaint(path: Path) -> str:
    with pytest.raises(SweepFileError) as caught:
        yamlfile.read(path, Example, SweepFileError)
    return str(caught.value).replace(f"{path.parent}/", "")
