"""File names: imported reports whose file is named after another GPU than the report.

Flow: units of both sides -> `findings`. Pure. Two reports of one host were once filed under each other's GPU.
"""

from collections.abc import Iterable, Iterator

from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.unit import Unit
from featray.core import gpus, wording


def findings(units: Iterable[Unit]) -> Iterator[Finding]:
    """List the files whose name names no GPU of their rows, but another one."""
    by_file: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.row.source_file and unit.row.gpu_name:
            by_file.setdefault(unit.row.source_file, []).append(unit)
    for file, about in by_file.items():
        words = [gpus.find_other_gpu(_stem(file), unit.row.gpu_name) for unit in about]
        if words[0] is not None and None not in words:
            yield _finding(file, words[0], about)


def _stem(file: str) -> str:
    """Drop the folders and the suffix of a file's name."""
    return file.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]


def _finding(file: str, word: str, about: list[Unit]) -> Finding:
    names = wording.listed(unit.target.name for unit in about)
    return Finding(
        kind=FindingKind.MISFILED,
        text=f"{wording.short(file)} is named after {word}, but says that it was measured on {names}. "
        "One of the two is wrong: find out which before you use its figures.",
        figures={"units": len(about)},
        units=tuple(unit.key for unit in about),
    )
