"""CUDA: the GPUs that this process sees, read from the driver before any package is imported.

Flow: `device.check` calls `list_devices` before a detector is loaded: a wrong GPU is refused in milliseconds, without
torch. Unlike NVML, the driver's own interface obeys CUDA_VISIBLE_DEVICES, so it sees what torch will see.
"""

import ctypes
import dataclasses
import uuid
from typing import Any

_MAJOR, _MINOR = 75, 76  # CUdevice_attribute: compute capability
_NAME_LENGTH = 256
_NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE: also when CUDA_VISIBLE_DEVICES names none that exists


@dataclasses.dataclass(frozen=True, kw_only=True)
class CudaDevice:
    """One visible GPU, as columns of a row: memory in bytes, compute capability such as 12.0."""

    gpu_uuid: str
    gpu_name: str
    gpu_memory_b: int
    compute_capability: str


class CudaError(Exception):
    """There is no driver, or it refuses a call; the message says which."""


def open_driver() -> Any:
    """Open the driver's library.

    Raises:
        CudaError: there is none.
    """
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError as missing:
        raise CudaError("there is no CUDA driver (libcuda.so.1)") from missing


def list_devices(library: Any) -> tuple[CudaDevice, ...]:
    """List the GPUs that this process may use, in CUDA's order.

    Args:
        library: What `open_driver` returned.

    Raises:
        CudaError: the driver refuses a call.

    Source:
        CUDA driver API, chapters Initialization and Device Management.
    """
    count = ctypes.c_int()
    code = library.cuInit(0)
    if code == _NO_DEVICE:
        return ()
    _check("cuInit", code)
    _check("cuDeviceGetCount", library.cuDeviceGetCount(ctypes.byref(count)))
    return tuple(_device(library, ordinal) for ordinal in range(count.value))


def _device(library: Any, ordinal: int) -> CudaDevice:
    handle, memory = ctypes.c_int(), ctypes.c_size_t()
    identity, name = (ctypes.c_ubyte * 16)(), ctypes.create_string_buffer(_NAME_LENGTH)
    _check("cuDeviceGet", library.cuDeviceGet(ctypes.byref(handle), ordinal))
    # The second version, since CUDA 11.4, returns the UUID of a MIG slice; the first returns that of the whole board.
    get_uuid = getattr(library, "cuDeviceGetUuid_v2", None) or library.cuDeviceGetUuid
    _check("cuDeviceGetUuid", get_uuid(ctypes.byref(identity), handle))
    _check("cuDeviceGetName", library.cuDeviceGetName(name, _NAME_LENGTH, handle))
    _check("cuDeviceTotalMem_v2", library.cuDeviceTotalMem_v2(ctypes.byref(memory), handle))
    return CudaDevice(
        gpu_uuid=f"GPU-{uuid.UUID(bytes=bytes(identity))}",
        gpu_name=name.value.decode(errors="replace"),
        gpu_memory_b=memory.value,
        compute_capability=f"{_attribute(library, _MAJOR, handle)}.{_attribute(library, _MINOR, handle)}",
    )


def _attribute(library: Any, attribute: int, handle: ctypes.c_int) -> int:
    value = ctypes.c_int()
    _check("cuDeviceGetAttribute", library.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle))
    return value.value


def _check(call: str, code: int) -> None:
    if code != 0:
        raise CudaError(f"the CUDA driver refuses: {call} gives error {code}")


def bare_uuid(name: str) -> str:
    """Strip prefix and case from a GPU's UUID, since tools write both differently."""
    return name.lower().removeprefix("gpu-").removeprefix("mig-")
