"""Releases: what a py-feat or a torch can run."""

import pytest

from featray.planning import releases


@pytest.mark.parametrize(
    ("class_name", "version", "expected"),
    [
        ("Detectorv2", "2.0", True),
        ("Detectorv2", "2.1.5", True),
        ("Detectorv2", "2.0.0rc1", True),  # a candidate has what its release has
        ("Detectorv2", "1.9", False),
        ("Detectorv2", "1.10", False),
        ("MPDetector", "0.7.0", True),
        ("MPDetector", "0.10", True),  # later than 0.7
        ("MPDetector", "0.6.2", False),
        ("Detectorv2", None, None),
        ("Detectorv2", "from a fork", None),
        ("tests.fakes:Clock", None, True),
    ],
)
def test_a_class_is_in_every_release_since_its_first(
    class_name: str, version: str | None, expected: bool | None
) -> None:
    assert releases.has_class(class_name, version) is expected


@pytest.mark.parametrize(
    ("torch", "capability", "reason"),
    [
        ("2.5.1+cu124", "12.0", "torch 2.5.1+cu124 has no sm_120 kernels"),
        ("2.6.0", "10.3", "torch 2.6.0 has no sm_103 kernels"),
        ("1.13.1", "9.0", "torch 1.13.1 has no sm_90 kernels"),
        ("2.7.0", "12.0", None),
        ("2.11.0+cu128", "12.0", None),
        ("2.5.1", "8.6", None),
        (None, "12.0", None),
        ("2.5.1", None, None),
        ("nightly", "12.0", None),
    ],
)
def test_a_torch_older_than_the_gpu_is_named(torch: str | None, capability: str | None, reason: str | None) -> None:
    assert releases.why_torch_is_too_old(torch, capability) == reason


@pytest.mark.parametrize(
    ("capability", "built", "runs"),
    [
        ("8.6", ("sm_80",), True),  # same major, newer minor
        ("8.0", ("sm_86",), False),  # older minor
        ("12.0", (), True),  # not known: the child will find out
        (None, ("sm_86",), True),
    ],
)
def test_a_build_without_kernels_for_a_gpu_is_named(capability: str | None, built: tuple[str, ...], runs: bool) -> None:
    assert (releases.why_no_kernels(capability, built) is None) is runs
    assert releases.why_no_kernels("8.0", ("sm_86", "sm_90")) == "has no kernels for sm_80 (it has sm_86, sm_90)"


def test_what_is_no_version_of_pep_440_sorts_by_the_numbers_at_its_start() -> None:
    assert sorted(["2.10.0", "2.9.0-14-gabc", "unknown"], key=releases.order) == ["unknown", "2.9.0-14-gabc", "2.10.0"]
    assert releases.order(None) < releases.order("0.0.1.dev1")
