"""CUDA's driver as a library of functions, with made-up GPUs."""

import ctypes
import uuid
from typing import Any

NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE


class FakeCudaDriver:
    """Answers the calls of `measurement.cuda` for GPUs with these UUIDs; `code` is what cuInit returns."""

    def __init__(self, *uuids: str, code: int = 0) -> None:
        self._uuids, self._code = uuids, code

    def cuInit(self, _: int) -> int:  # noqa: N802 - the driver's name
        return self._code or (0 if self._uuids else NO_DEVICE)

    def cuDeviceGetCount(self, count: Any) -> int:  # noqa: N802 - as above
        count._obj.value = len(self._uuids)
        return 0

    def cuDeviceGet(self, handle: Any, ordinal: int) -> int:  # noqa: N802 - as above
        handle._obj.value = ordinal
        return 0

    def cuDeviceGetUuid_v2(self, identity: Any, handle: ctypes.c_int) -> int:  # noqa: N802 - as above
        identity._obj[:] = uuid.UUID(self._uuids[handle.value].removeprefix("GPU-")).bytes
        return 0

    def cuDeviceGetName(self, name: Any, _: int, handle: ctypes.c_int) -> int:  # noqa: N802 - as above
        name.value = f"GPU number {handle.value}".encode()
        return 0

    def cuDeviceTotalMem_v2(self, size: Any, _: ctypes.c_int) -> int:  # noqa: N802 - as above
        size._obj.value = 96 * 1024**3
        return 0

    def cuDeviceGetAttribute(self, value: Any, attribute: int, _: ctypes.c_int) -> int:  # noqa: N802 - as above
        value._obj.value = {75: 12, 76: 0}[attribute]
        return 0
