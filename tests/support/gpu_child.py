"""A measuring process on made-up GPUs: a driver that shows what CUDA_VISIBLE_DEVICES names, and NVML's figures of it.

`write_interpreter` makes an interpreter for `host.venvs`: whatever it is asked to run, it runs `main`.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from featray.measurement import __main__ as child
from featray.measurement import cuda, nvml, telemetry
from featray.measurement.telemetry import RecordedGpu, TelemetrySample
from tests.support.command import ROOT
from tests.support.cuda_driver import FakeCudaDriver

POWERS_W: Mapping[str, float] = {"GPU-a3090000": 300.0, "GPU-b1acc000": 500.0}
"""Beginning of a UUID -> power."""

SHOWN = "FEATRAY_TEST_SHOWN_GPU"
"""Variable: UUID of the GPU that the driver shows, whatever was asked for."""


class RecordedBoard(RecordedGpu):
    """A GPU of constant power."""

    def __init__(self, uuid: str) -> None:
        power_w = POWERS_W[uuid[:12]]
        super().__init__(
            [TelemetrySample(power_w=power_w, memory_used_b=10**9, utilization=0.5, reasons=())],
            foreign=0,
            settings={"power_limit_w": power_w + 50},
        )

    def driver(self) -> str:
        return "580.0"


def write_interpreter(path: Path, **variables: str) -> str:
    """Write a program that runs `main` in the place of Python; it has these variables."""
    settings = " ".join(f"{name}={value}" for name, value in variables.items())
    path.write_text(f'#!/bin/sh\nexec env PYTHONPATH="{ROOT}" {settings} {sys.executable} -m {__name__}\n')
    path.chmod(0o755)
    return str(path)


def main() -> None:
    """Measure what stdin asks for, on made-up GPUs."""
    visible = os.environ.get(SHOWN) or os.environ["CUDA_VISIBLE_DEVICES"]
    cuda.open_driver = lambda: FakeCudaDriver(*filter(None, visible.split(",")))
    nvml.attach = RecordedBoard  # type: ignore[assignment]
    telemetry.UTILIZATION_SPAN_S = telemetry.POWER_SPAN_S = 0.0  # the made-up figures are no averages
    child.main()


if __name__ == "__main__":
    main()
