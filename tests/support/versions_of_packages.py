"""Versions of small packages for tests: wheels that are written by hand, with a detector that takes a known time."""

import zipfile
from pathlib import Path

TICK = '''
"""A detector that takes a known time per call."""

import os
import random
import time

SECONDS = {seconds}


class Tick:
    def __init__(self):
        self._seconds = SECONDS * random.gauss(1.0, {sd})

    def detect(self, inputs, **_):
        until = time.perf_counter() + self._seconds
        time.sleep(max(0.0, self._seconds - 0.002))
        while time.perf_counter() < until:
            pass
        return [{{"frame": float(frame), "FaceScore": 1.0}} for frame in range(72)]
'''

BROKEN = "raise ImportError('this version is broken')\n"


def write_wheel(
    folder: Path,
    version: str,
    seconds: float,
    *,
    package: str = "tick",
    module: str = "tick",
    sd: float = 0.0,
    code: str | None = None,
) -> Path:
    """Write a wheel of a package with one module, whose `Tick.detect` takes so many seconds.

    Args:
        folder: Where to write it.
        version: Of the package.
        seconds: Per call.
        package: Its name.
        module: Name of its module.
        sd: Between processes, as a share of the time.
        code: Of the module, instead.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{package.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    files = {
        f"{module}.py": code or TICK.format(seconds=seconds, sd=sd),
        f"{stem}.dist-info/METADATA": metadata,
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{stem}.dist-info/RECORD"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr(record, "".join(f"{name},,\n" for name in [*files, record]))
    return path


def write_project(folder: Path, version: str, seconds: float) -> None:
    """Write a package as a folder with sources, which needs no build tool but Python's own.

    Its build backend is a module beside it, so that nothing is downloaded to build it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    project = f'[project]\nname = "tick"\nversion = "{version}"\n'
    backend = '[build-system]\nrequires = []\nbuild-backend = "build_here"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(project + backend, encoding="utf-8")
    (folder / "tick.py").write_text(TICK.format(seconds=seconds, sd=0.0), encoding="utf-8")
    (folder / "build_here.py").write_text(BACKEND, encoding="utf-8")


BACKEND = """
import pathlib
import re
import zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    version = re.search('version = "(.*)"', pathlib.Path("pyproject.toml").read_text())[1]
    stem = f"tick-{version}"
    files = {
        "tick.py": pathlib.Path("tick.py").read_text(),
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\\nName: tick\\nVersion: {version}\\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    name = f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
        wheel.writestr(f"{stem}.dist-info/RECORD", "".join(f"{file},,\\n" for file in files))
    return name
"""

SWEEP = """
detectors:
  - name: tick
    class: "tick:Tick"
    keywords: {}
inputs: [short]
axes: {device: cpu, batch_size: 1}
measure: {warmup: 1, repeats: 3, min_time_s: 0, stages: false}
"""


def write_sweep(folder: Path) -> Path:
    """Write a sweep with the one cell that measures `Tick`."""
    path = folder / "ticks.yaml"
    path.write_text(SWEEP, encoding="utf-8")
    return path
