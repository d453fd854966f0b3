"""Releases: which releases of py-feat and torch can run what.

Flow: versions of a host's packages or of a stored row -> `placement`, and the cells that `analysis` proposes. Pure.
"""

import re
from collections.abc import Mapping, Sequence

from packaging.version import InvalidVersion, Version

from featray.core import gpus

FIRST_PYFEAT: Mapping[str, Version] = {
    "Detectorv1": Version("2.0"),
    "MPDetector": Version("0.7"),
    "Detectorv2": Version("2.0"),
}
"""py-feat's classes -> the first release that has one of this name."""

FIRST_TORCH: Mapping[int, Version] = {9: Version("2.0"), 10: Version("2.7"), 12: Version("2.7")}
"""Compute capability's major -> first torch whose wheels have kernels for it; older majors are in every torch that
py-feat runs on. Source: release notes of PyTorch 2.0 (wheels for CUDA 11.8, Hopper) and 2.7 (CUDA 12.8, Blackwell)."""


def parse(text: str | None) -> Version | None:
    """Read a version; None where there is none, or it is not written as PEP 440 has it."""
    try:
        return Version(text) if text else None
    except InvalidVersion:
        return None


def order(text: str | None) -> Version:
    """Give what sorts versions as PEP 440 does: 2.10.0.dev3, 2.10.0rc1, 2.10.0, 2.10.0+cu128.

    What PEP 440 does not allow sorts by the numbers that it begins with, and before all others without any.
    """
    numbers = re.match(r"\d+(\.\d+)*", text or "")
    return parse(text) or parse(numbers[0] if numbers else None) or LEAST


LEAST = Version("0.dev0")


def has_class(class_name: str, pyfeat: str | None) -> bool | None:
    """Return whether a release of py-feat has a class of this name; None where the version is not known."""
    first = FIRST_PYFEAT.get(class_name)
    if first is None:
        return True
    version = parse(pyfeat)
    return None if version is None else _is_from(version, first)


def why_torch_is_too_old(torch: str | None, compute_capability: str | None) -> str | None:
    """Say that a torch release came before a GPU: `torch 2.5.1+cu124 has no sm_120 kernels`; None when it did not."""
    version, capability = parse(torch), parse(compute_capability)
    if version is None or capability is None:
        return None
    first = FIRST_TORCH.get(capability.major)
    if first is None or _is_from(version, first):
        return None
    return f"torch {torch} has no sm_{capability.major}{capability.minor} kernels"


def why_no_kernels(compute_capability: str | None, architectures: Sequence[str]) -> str | None:
    """Say that a torch build has no kernels for a GPU; None when it has, or when that is not known."""
    if compute_capability is None or not architectures or gpus.has_kernels(architectures, compute_capability):
        return None
    return f"has no kernels for sm_{compute_capability.replace('.', '')} (it has {', '.join(architectures)})"


def _is_from(version: Version, first: Version) -> bool:
    """Return whether a version is of a release or a later one; its release candidates have what it has."""
    return (version.major, version.minor) >= (first.major, first.minor)
