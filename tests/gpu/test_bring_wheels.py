"""Wheels packed smaller hold the same files. It needs no GPU and no network."""

import zipfile
from pathlib import Path

from tests.gpu import bring_wheels

FILES = {
    "tiny.py": "ANSWER = 42\n" + "# padding\n" * 500,
    "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
    "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "tiny-1.0.dist-info/RECORD": "",
}


def test_a_packed_wheel_holds_the_same_files_as_the_published_one(tmp_path: Path) -> None:
    published = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(published, "w") as wheel:
        for name, text in FILES.items():
            wheel.writestr(name, text)
    (tmp_path / "packed").mkdir()
    packed = bring_wheels.pack(published, tmp_path / "packed")
    with zipfile.ZipFile(packed) as wheel:
        assert {name: wheel.read(name).decode() for name in wheel.namelist()} == FILES
    assert packed.stat().st_size < published.stat().st_size


def test_every_wheel_is_pinned() -> None:
    lines = [line for line in bring_wheels.LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) == len(set(lines))
    assert all(line.count("==") == 1 for line in lines)
