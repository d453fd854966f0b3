"""Torch flags: settings of torch that change how it computes, as columns of a row.

Flow: `bench` reads `columns` after a cell's calls, since a detector may set flags when it is loaded or called.
Torch is an argument and never imported here. A flag that this torch does not have, or refuses to tell, is None.
"""

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

_GPU_FLAGS = ("cudnn", "tf32_matmul", "tf32_cudnn", "cudnn_benchmark", "cudnn_deterministic")


def columns(torch: Any | None) -> dict[str, Any]:
    """Read the flags in effect; empty without torch, and those of a GPU are None where torch can use none."""
    if torch is None:
        return {}
    precision = {"matmul_precision": read_matmul_precision(torch)}
    if not torch.cuda.is_available():
        return dict.fromkeys(_GPU_FLAGS) | precision
    backends = torch.backends
    return {
        "cudnn": _dotted(_try(lambda: backends.cudnn.version())),
        "tf32_matmul": _allows_tf32(lambda: backends.cuda.matmul, lambda: backends.cuda.matmul),
        "tf32_cudnn": _allows_tf32(lambda: backends.cudnn, lambda: backends.cudnn.conv),
        "cudnn_benchmark": _try(lambda: bool(backends.cudnn.benchmark)),
        "cudnn_deterministic": _try(lambda: bool(backends.cudnn.deterministic)),
        **precision,
    }


def read_matmul_precision(torch: Any) -> str | None:
    """Read the precision of float32 matrix products: highest, high or medium."""
    precision = _try(lambda: str(torch.get_float32_matmul_precision()))
    if precision is not None:
        return precision
    newer = _try(lambda: str(torch.backends.cuda.matmul.fp32_precision))
    return {"ieee": "highest", "none": "highest", "tf32": "high", "bf16": "medium"}.get(newer or "")


def _allows_tf32(older: Callable[[], Any], newer: Callable[[], Any]) -> bool | None:
    """Read whether TF32 is allowed. Where a program set the newer flag, torch (since 2.9) refuses the older one."""
    allowed = _try(lambda: bool(older().allow_tf32))
    return allowed if allowed is not None else _try(lambda: bool(newer().fp32_precision == "tf32"))


def _dotted(version: int | None) -> str | None:
    """Write cuDNN's version: 90100 is 9.1.0 and, before version 9, 8902 is 8.9.2."""
    if version is None:
        return None
    major, rest = divmod(version, 10_000 if version >= 90_000 else 1_000)
    return f"{major}.{rest // 100}.{rest % 100}"


def _try(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except (AttributeError, RuntimeError):
        return None
