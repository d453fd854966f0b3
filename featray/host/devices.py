"""Devices: the kinds of device that this machine has, found without starting torch."""

import platform

from featray.core.choices import Device
from featray.measurement import nvml


def list_here() -> tuple[Device, ...]:
    """List them, the fastest first; the CPU is always one."""
    accelerators = [Device.CUDA] if nvml.list_boards() else []
    accelerators += [Device.MPS] if platform.system() == "Darwin" and platform.machine() == "arm64" else []
    return (*accelerators, Device.CPU)
