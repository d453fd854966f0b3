"""Bring wheels: download the wheels of `wheels.txt` for Python 3.12 on Linux, and pack them smaller.

Flow: `python tests/gpu/bring_wheels.py FOLDER` here -> FOLDER goes to the machine with the GPU -> `acceptance.sh`.
A wheel is a ZIP file. LZMA makes these a fifth smaller than they are published, and pip installs them all the same.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

LIST = Path(__file__).with_name("wheels.txt")

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def download(folder: Path) -> None:
    """Download every wheel of the list."""
    platforms = [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    target = ["--python-version", "3.12", "--implementation", "cp", *platforms]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *target]
    subprocess.run([*command, "--dest", str(folder), "--requirement", str(LIST)], check=True)


def pack(wheel: Path, folder: Path) -> Path:
    """Write a wheel with LZMA; return the new file."""
    packed = folder / wheel.name
    with zipfile.ZipFile(wheel) as published, zipfile.ZipFile(packed, "w") as smaller:
        for entry in published.infolist():
            same = zipfile.ZipInfo(entry.filename, entry.date_time)
            same.external_attr = entry.external_attr
            smaller.writestr(same, published.read(entry), compress_type=zipfile.ZIP_LZMA)
    return packed


def main() -> None:
    """Download and pack into the folder that the command names."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as published:
        download(Path(published))
        sizes = [pack(wheel, folder).stat().st_size for wheel in sorted(Path(published).glob("*.whl"))]
    print(f"{len(sizes)} wheels, {sum(sizes) / 2**20:.1f} MiB, in {folder}")


if __name__ == "__main__":
    main()
