"""Torch's flags that change how it computes, read from stand-ins for torch."""

import types
from typing import Any

import pytest

from featray.measurement import torch_flags


class Mixed:
    """A group of flags that refuses the older name, as torch does where the newer one was set."""

    def __init__(self, precision: str) -> None:
        self.fp32_precision = precision

    @property
    def allow_tf32(self) -> bool:
        raise RuntimeError("you have used mix of the legacy and new APIs")


def make_torch(*, has_gpu: bool = True, matmul: Any = None, cudnn_version: int | None = 92600, **cudnn: Any) -> Any:
    flags = {"allow_tf32": True, "benchmark": False, "deterministic": True, "version": lambda: cudnn_version, **cudnn}
    return types.SimpleNamespace(
        cuda=types.SimpleNamespace(is_available=lambda: has_gpu),
        backends=types.SimpleNamespace(
            cuda=types.SimpleNamespace(matmul=matmul or types.SimpleNamespace(allow_tf32=False)),
            cudnn=types.SimpleNamespace(**flags),
        ),
        get_float32_matmul_precision=lambda: "highest",
    )


def test_flags_are_columns() -> None:
    assert torch_flags.columns(make_torch()) == {
        "cudnn": "9.26.0",
        "tf32_matmul": False,
        "tf32_cudnn": True,
        "cudnn_benchmark": False,
        "cudnn_deterministic": True,
        "matmul_precision": "highest",
    }


def test_without_torch_there_is_no_column() -> None:
    assert torch_flags.columns(None) == {}


def test_without_a_gpu_only_the_matmul_precision_means_something() -> None:
    columns = torch_flags.columns(make_torch(has_gpu=False))
    assert columns.pop("matmul_precision") == "highest"
    assert set(columns.values()) == {None}


@pytest.mark.parametrize(
    ("version", "text"), [(92600, "9.26.0"), (90100, "9.1.0"), (8902, "8.9.2"), (7605, "7.6.5"), (None, None)]
)
def test_cudnns_version_is_written_with_dots(version: int | None, text: str | None) -> None:
    assert torch_flags.columns(make_torch(cudnn_version=version))["cudnn"] == text


@pytest.mark.parametrize(("precision", "allowed"), [("tf32", True), ("ieee", False)])
def test_where_the_older_names_are_refused_the_newer_ones_are_read(precision: str, allowed: bool) -> None:
    torch = make_torch(matmul=Mixed(precision))
    torch.backends.cudnn = Mixed(precision)
    torch.backends.cudnn.conv = Mixed(precision)

    def refuse() -> str:
        raise RuntimeError("you have used mix of the legacy and new APIs")

    torch.get_float32_matmul_precision = refuse
    columns = torch_flags.columns(torch)
    assert (columns["tf32_matmul"], columns["tf32_cudnn"]) == (allowed, allowed)
    assert columns["matmul_precision"] == ("high" if allowed else "highest")
    assert columns["cudnn_benchmark"] is None  # this stand-in has no such flag


def test_an_old_torch_without_a_flag_leaves_it_null() -> None:
    torch = make_torch()
    del torch.backends.cuda
    assert torch_flags.columns(torch)["tf32_matmul"] is None


def test_the_torch_that_is_installed_can_be_read() -> None:
    torch = pytest.importorskip("torch")
    assert torch_flags.columns(torch)["matmul_precision"] in ("highest", "high", "medium")
