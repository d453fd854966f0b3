"""What a GPU's name alone says, and which kernels run on it."""

import pytest

from featray.core import gpus

GIB = 1024**3


@pytest.mark.parametrize(
    ("name", "memory_b"),
    [
        ("NVIDIA GeForce RTX 3090", 24 * GIB),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 96 * GIB),
        ("NVIDIA A100-SXM4-80GB", 80 * GIB),
        ("NVIDIA A100-PCIE", None),
        ("NVIDIA L40S", 48 * GIB),
        ("NVIDIA L4", 24 * GIB),
        ("NVIDIA RTX 6000 Ada Generation", 48 * GIB),
        ("Some Card", None),
        (None, None),
    ],
)
def test_a_gpus_name_tells_its_memory_or_nothing(name: str | None, memory_b: int | None) -> None:
    assert gpus.find_memory_b(name) == memory_b


def test_the_longest_name_wins() -> None:
    assert gpus.find_model("NVIDIA L40S") == gpus.MODELS["L40S"]
    assert gpus.find_model("NVIDIA A1000") is None


@pytest.mark.parametrize(
    ("name", "gib"),
    [
        ("NVIDIA GeForce RTX 4070 Ti", 12),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", 16),
        ("NVIDIA GeForce RTX 5070 Ti", 16),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA H200", 141),
    ],
)
def test_siblings_of_a_model_have_their_own_memory(name: str, gib: int | None) -> None:
    assert gpus.find_memory_b(name) == (gib * gpus.GIB if gib else None)


@pytest.mark.parametrize(
    ("architectures", "capability", "expected"),
    [
        (["sm_86", "sm_90"], "8.6", True),
        (["sm_80"], "8.6", True),  # machine code of an earlier minor version
        (["sm_86"], "8.0", False),
        (["sm_80", "sm_90"], "12.0", False),  # Blackwell with a build that stops at Hopper
        (["sm_80", "compute_90"], "12.0", True),  # compiled by the driver
        (["sm_120"], "12.0", True),
        (["sm_90a"], "9.0", True),
        (["sm_100a"], "10.3", False),
        (["sm_100f"], "10.3", True),
        ([], "12.0", False),
        (["sm_", "sm_5", "compute_9"], "12.0", False),  # no architectures
    ],
)
def test_kernels_fit_a_gpu_by_cudas_rules(architectures: list[str], capability: str, expected: bool) -> None:
    assert gpus.has_kernels(architectures, capability) is expected


@pytest.mark.parametrize(
    ("stem", "gpu", "expected"),
    [
        ("speed-clean-3090", "NVIDIA RTX PRO 6000 Blackwell", "3090"),
        ("speed-clean-blackwell", "NVIDIA GeForce RTX 3090", "blackwell"),
        ("speed-rtx3090", "NVIDIA GeForce RTX 3090", None),
        ("speed-clean-m5max", "Apple M5 Max", None),
        ("2026-05-14-c716340", "NVIDIA GeForce RTX 3090", None),
        ("2026-05-03-864962c-mps", "Apple M5 Max", None),
        ("run-a100", "NVIDIA A100-SXM4-80GB", None),
        ("run-3090", None, None),
    ],
)
def test_a_file_named_after_another_gpu_is_noticed(stem: str, gpu: str | None, expected: str | None) -> None:
    assert gpus.find_other_gpu(stem, gpu) == expected
