"""Device: refuses to measure on anything but the device that was asked for.

Flow: `session` calls `check` before anything is imported, and `check_torch` once torch is there; both come before the first
timed call.
"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from featray.core import gpus
from featray.core.status import Status
from featray.measurement import cuda
from featray.measurement.outcome import Refused


def check(kind: str, asked: str | None, driver: Callable[[], Any] = cuda.open_driver) -> Mapping[str, Any]:
    """Look for the device that was asked for, without torch.

    Args:
        kind: cpu, cuda or mps.
        asked: UUID of the GPU, for cuda.
        driver: Opens CUDA's driver.

    Returns:
        Columns of a row that describe the device.

    Raises:
        Refused: it is not here (`unsupported`), or others are visible too or instead (`wrong_device`).
    """
    if kind == "mps" and sys.platform != "darwin":
        raise Refused(Status.UNSUPPORTED, "mps is a device of macOS")
    if kind != "cuda":
        return {}
    wanted = asked or "a GPU without a UUID"
    try:
        seen = cuda.list_devices(driver())
    except cuda.CudaError as absent:
        raise Refused(Status.UNSUPPORTED, f"asked for {wanted}, but {absent}") from absent
    if not seen:
        raise Refused(Status.UNSUPPORTED, f"asked for {wanted}, but no CUDA device is visible")
    if len(seen) > 1 or asked is None or cuda.bare_uuid(seen[0].gpu_uuid) != cuda.bare_uuid(asked):
        found = ", ".join(f"{each.gpu_uuid} ({each.gpu_name})" for each in seen)
        raise Refused(Status.WRONG_DEVICE, f"asked for {wanted}, saw {found}")
    return {
        "gpu_uuid": asked,
        "gpu_name": seen[0].gpu_name,
        "gpu_memory_b": seen[0].gpu_memory_b,
        "compute_capability": seen[0].compute_capability,
    }


def check_torch(kind: str, facts: Mapping[str, Any], torch: Any | None) -> None:
    """Make sure that torch can use the device that `check` found, and means the same one.

    Args:
        kind: cpu, cuda or mps.
        facts: What `check` returned.
        torch: The imported package, or None when the detector does without.

    Raises:
        Refused: it cannot, or does not.
    """
    if torch is None or kind == "cpu":
        return
    if kind == "mps":
        if not torch.backends.mps.is_available():
            raise Refused(Status.UNSUPPORTED, f"torch {torch.__version__} cannot use mps on this machine")
        return
    asked, capability = facts["gpu_uuid"], facts["compute_capability"]
    if not torch.cuda.is_available():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
        raise Refused(
            Status.UNSUPPORTED, f"asked for {asked}, but torch {torch.__version__} ({built}) cannot use CUDA here"
        )
    architectures = torch.cuda.get_arch_list()
    if not gpus.has_kernels(architectures, capability):
        raise Refused(
            Status.UNSUPPORTED,
            f"torch {torch.__version__} has kernels for {', '.join(architectures)}, "
            f"none for {facts['gpu_name']} (compute capability {capability})",
        )
    uuid = getattr(torch.cuda.get_device_properties(0), "uuid", None)  # since torch 2.3
    if uuid is not None and cuda.bare_uuid(str(uuid)) != cuda.bare_uuid(asked):
        raise Refused(Status.WRONG_DEVICE, f"asked for {asked}, torch sees {uuid}")


UNCOUNTED_VARIABLE = "PYTORCH_NO_CUDA_MEMORY_CACHING"
"""Variable with which torch takes memory of the GPU without counting it."""


def check_used(kind: str, torch: Any | None, detector: Any, *, is_pyfeat: bool) -> None:
    """Make sure, after a call, that a detector which computes with torch did so on the GPU.

    A detector from elsewhere may use the GPU without torch: it is refused only where it holds a network on the CPU.

    Args:
        kind: cpu, cuda or mps.
        torch: The imported package, or None.
        detector: The object that was called.
        is_pyfeat: It is one of py-feat's, which compute with torch alone.

    Raises:
        Refused: torch never took memory of the GPU.
    """
    if kind != "cuda" or torch is None or UNCOUNTED_VARIABLE in os.environ or torch.cuda.max_memory_allocated() > 0:
        return
    networks = [each for each in vars(detector).values() if isinstance(each, torch.nn.Module)]
    if is_pyfeat or any(each.device.type == "cpu" for network in networks for each in network.parameters()):
        reason = "the detector computed without the GPU: torch took no memory of it; does its class take a device?"
        raise Refused(Status.WRONG_DEVICE, reason)


def is_faulted(torch: Any | None) -> bool:
    """Tell whether CUDA has failed for good in this process: after a fault every later call fails, so start afresh."""
    if torch is None or not torch.cuda.is_initialized():
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False
