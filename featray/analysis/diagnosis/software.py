"""Software: driver and software that the figures were measured with, and what changed since the baseline."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from featray.analysis.diagnosis.finding import Finding, FindingKind
from featray.analysis.unit import Unit
from featray.core import wording
from featray.core.choices import Device

PARTS = {
    "driver": "driver",
    "torch": "torch",
    "cuda": "CUDA",
    "torchvision": "torchvision",
    "torchcodec": "torchcodec",
    "pyfeat": "py-feat",
    "pyfeat_commit": "py-feat commit",
    "python": "Python",
    "ffmpeg": "FFmpeg",
    "omp_num_threads": "OMP_NUM_THREADS",
    "os": "system",
}
"""Column -> its name in a sentence."""


def findings(units: Sequence[Unit], baseline: Sequence[Unit]) -> Iterator[Finding]:
    """Say what is installed, with hosts where they differ, what changed, and what is unknown."""
    values = {column: _values(units, column) for column in PARTS}
    installed = [f"{PARTS[column]} {_with_hosts(hosts)}" for column, hosts in values.items() if hosts]
    if not installed:
        return
    text = f"Software: {', '.join(installed)}."
    changes = list(_changes(values, baseline))
    if changes:
        text += f" Changed since the baseline: {', '.join(changes)}."
    elif baseline:
        text += " No known change since the baseline."
    if _lacks_driver(units) or _lacks_driver(baseline):
        text += " It is unknown whether the GPU driver changed." if baseline else " The GPU driver is not recorded."
    yield Finding(kind=FindingKind.STACK, text=text, figures={"changes": len(changes)})


def _lacks_driver(units: Iterable[Unit]) -> bool:
    return any(unit.row.device == Device.CUDA and unit.row.driver is None for unit in units if unit.measured)


def _changes(values: Mapping[str, Mapping[str, str]], baseline: Sequence[Unit]) -> Iterator[str]:
    for column, now in values.items():
        before = _values(baseline, column)
        if before and now and set(before) != set(now):
            yield f"{PARTS[column]} {_short_list(before)} -> {_short_list(now)}"


def _values(units: Iterable[Unit], column: str) -> dict[str, str]:
    """List the values of a part, each with the hosts that have it."""
    hosts: dict[str, dict[str, None]] = {}
    for unit in units:
        value = getattr(unit.row, column)
        if unit.measured and value is not None:
            hosts.setdefault(str(value), {})[unit.target.host_name] = None
    return {value: wording.listed(hosts[value]) for value in sorted(hosts)}


def _with_hosts(hosts: Mapping[str, str]) -> str:
    """Write a part's values; several of them with their hosts, unless one host has them all."""
    if len(set(hosts.values())) < 2:
        return _short_list(hosts)
    return wording.listed(f"{wording.short(value)} ({names})" for value, names in hosts.items())


def _short_list(values: Iterable[str]) -> str:
    return wording.listed(map(wording.short, values))
