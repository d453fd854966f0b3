"""Device: refuses to measure on any device but the one that was asked for.

Flow: `invocation_run` calls `check` before it imports anything, and `check_torch` once torch is loaded. Both come
before the first timed call.
"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from featray.core import gpus
from featray.core.choices import Device
from featray.core.status import Status
from featray.measurement import cuda
from featray.measurement.outcome import Refused


def check(kind: Device, asked: str | None, driver: Callable[[], Any] = cuda.open_driver) -> Mapping[str, Any]:
    """Look for the device that was asked for, without torch.

    Args:
        kind: What to measure on.
        asked: UUID of the GPU, for cuda.
        driver: Opens CUDA's driver.

    Returns:
        Columns of a row that describe the device.

    Raises:
        Refused: it is not here (`unsupported`), or this process sees another GPU, or more than one (`wrong_device`).
    """
    if kind == Device.MPS and sys.platform != "darwin":
        raise Refused(Status.UNSUPPORTED, "mps is a device of macOS")
    if kind != Device.CUDA:
        return {}
    name = asked or "a GPU without a UUID"
    try:
        devices = cuda.list_devices(driver())
    except cuda.CudaError as absent:
        raise Refused(Status.UNSUPPORTED, f"asked for {name}, but {absent}") from absent
    if not devices:
        raise Refused(Status.UNSUPPORTED, f"asked for {name}, but no CUDA device is visible")
    if len(devices) > 1 or asked is None or cuda.bare_uuid(devices[0].gpu_uuid) != cuda.bare_uuid(asked):
        seen = ", ".join(f"{gpu.gpu_uuid} ({gpu.gpu_name})" for gpu in devices)
        raise Refused(Status.WRONG_DEVICE, f"asked for {name}, saw {seen}")
    return {
        "gpu_uuid": asked,
        "gpu_name": devices[0].gpu_name,
        "gpu_memory_b": devices[0].gpu_memory_b,
        "compute_capability": devices[0].compute_capability,
    }


def check_torch(kind: Device, facts: Mapping[str, Any], torch: Any | None) -> None:
    """Check that torch can use the device that `check` found, and that its first GPU is that device.

    Args:
        kind: What to measure on.
        facts: What `check` returned.
        torch: The imported package; None when the detector does not use it.

    Raises:
        Refused: torch cannot use the device (`unsupported`), or sees another (`wrong_device`).
    """
    if torch is None or kind == Device.CPU:
        return
    if kind == Device.MPS:
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
"""With this environment variable, torch does not count the GPU memory that it allocates."""


def check_used(kind: Device, torch: Any | None, detector: Any, *, is_pyfeat: bool) -> None:
    """Check, after a call, that a detector which computes with torch used the GPU.

    A custom detector may use the GPU without torch, so it is refused only if it holds a network on the CPU.

    Args:
        kind: What to measure on.
        torch: The imported package, or None.
        detector: The object that was called.
        is_pyfeat: It is one of py-feat's, which compute with torch alone.

    Raises:
        Refused: torch never allocated memory of the GPU.
    """
    if (
        kind != Device.CUDA
        or torch is None
        or UNCOUNTED_VARIABLE in os.environ
        or torch.cuda.max_memory_allocated() > 0
    ):
        return
    networks = [value for value in vars(detector).values() if isinstance(value, torch.nn.Module)]
    if is_pyfeat or any(weight.device.type == "cpu" for network in networks for weight in network.parameters()):
        reason = "the detector computed without the GPU: torch took no memory of it; does its class take a device?"
        raise Refused(Status.WRONG_DEVICE, reason)


def is_faulted(torch: Any | None) -> bool:
    """Return True if CUDA has failed for good in this process: after a fault every later call fails too."""
    if torch is None or not torch.cuda.is_initialized():
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False
