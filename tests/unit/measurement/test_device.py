"""Device check: another device than asked for is refused before anything is timed."""

import ctypes
import json
import os
import types
import uuid
from pathlib import Path
from typing import Any

import pytest

from featray.core import inputs
from featray.core.detectors import Detector
from featray.core.status import Status
from featray.measurement import cuda, device
from featray.measurement.channel import Channel
from featray.measurement.invocation_run import InvocationRun
from featray.measurement.outcome import Refused
from featray.measurement.request import ChildRequest
from tests.support.builders import make_cell, make_invocation

BLACKWELL = "GPU-0a1b2c3d-0000-4000-8000-000000000001"
OTHER = "GPU-0a1b2c3d-0000-4000-8000-000000000002"


class Driver:
    """CUDA's driver as a library of functions, with made-up GPUs."""

    def __init__(self, *uuids: str, code: int = 0) -> None:
        self._uuids, self._code = uuids, code

    def cuInit(self, _: int) -> int:  # noqa: N802 - the driver's name
        return self._code or (0 if self._uuids else 100)

    def cuDeviceGetCount(self, count: Any) -> int:  # noqa: N802 - as above
        count._obj.value = len(self._uuids)
        return 0

    def cuDeviceGet(self, handle: Any, ordinal: int) -> int:  # noqa: N802 - as above
        handle._obj.value = ordinal
        return 0

    def cuDeviceGetUuid_v2(self, found: Any, handle: ctypes.c_int) -> int:  # noqa: N802 - as above
        found._obj[:] = uuid.UUID(self._uuids[handle.value].removeprefix("GPU-")).bytes
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


def refusal(asked: str | None, driver: Driver) -> Refused:
    with pytest.raises(Refused) as caught:
        device.check("cuda", asked, lambda: driver)
    return caught.value


def test_the_gpu_that_was_asked_for_is_described() -> None:
    assert device.check("cuda", BLACKWELL, lambda: Driver(BLACKWELL)) == {
        "gpu_uuid": BLACKWELL,
        "gpu_name": "GPU number 0",
        "gpu_memory_b": 96 * 1024**3,
        "compute_capability": "12.0",
    }


def test_another_gpu_is_refused_naming_both() -> None:
    refused = refusal(BLACKWELL, Driver(OTHER))
    assert refused.status is Status.WRONG_DEVICE
    assert str(refused) == f"asked for {BLACKWELL}, saw {OTHER} (GPU number 0)"


def test_a_session_that_sees_another_gpu_gives_rows_that_name_both_and_no_number() -> None:
    clip = inputs.Input(name="list", kind=inputs.IMAGES, paths=(__file__,), source_frames=1)
    clock = Detector(name="clock", class_name="featray.measurement.clockwork:Clockwork", heading="clock")
    asked = [make_cell(detector=clock, input=clip, batch_size=size) for size in (1, 2)]
    invocation = make_invocation(*asked, gpu_uuid=BLACKWELL, target_id=BLACKWELL)
    said = events(ChildRequest(invocation=invocation, files={}, context={}, ffmpeg=None, cache=Path("/nowhere")), OTHER)
    assert [each["event"] for each in said] == ["loading", "row", "row", "done"]
    for row in (each["row"] for each in said[1:3]):
        assert row["status"] == "wrong_device"
        assert row["reason"] == f"asked for {BLACKWELL}, saw {OTHER} (GPU number 0)"
        assert row["timed_s"] is None
        assert row["gpu_uuid"] is None


def events(request: ChildRequest, *uuids: str) -> list[dict[str, Any]]:
    """Run a session on a driver with these GPUs and list what it says; each row is taken at once."""
    (heard, supervisor), (answers, child) = os.pipe(), os.pipe()
    os.write(supervisor, b"next\n" * len(request.invocation.cells))
    assert InvocationRun(request, Channel(heard, child), driver=lambda: Driver(*uuids)).run() == 0
    os.close(supervisor)
    os.close(child)
    with open(answers, encoding="utf-8") as file:  # noqa: PTH123 - a pipe has no path
        return [json.loads(line) for line in file]


def test_two_visible_gpus_are_refused_even_if_one_is_right() -> None:
    refused = refusal(BLACKWELL, Driver(BLACKWELL, OTHER))
    assert refused.status is Status.WRONG_DEVICE
    assert OTHER in str(refused)


def test_no_visible_gpu_is_unsupported_naming_the_one_asked_for() -> None:
    refused = refusal(BLACKWELL, Driver())
    assert (refused.status, str(refused)) == (
        Status.UNSUPPORTED,
        f"asked for {BLACKWELL}, but no CUDA device is visible",
    )


def test_a_driver_that_refuses_is_quoted() -> None:
    assert "cuInit gives error 803" in str(refusal(BLACKWELL, Driver(code=803)))


def test_a_machine_without_cuda_is_unsupported() -> None:
    def absent() -> Any:
        raise cuda.CudaError("there is no CUDA driver (libcuda.so.1)")

    with pytest.raises(Refused, match=f"asked for {BLACKWELL}, but there is no CUDA driver"):
        device.check("cuda", BLACKWELL, absent)


def test_a_cpu_needs_no_check() -> None:
    assert device.check("cpu", None) == {}


def test_a_uuid_is_the_same_with_and_without_prefix() -> None:
    assert cuda.bare_uuid("GPU-AB12") == cuda.bare_uuid("ab12")


def torch(*, available: bool = True, built: str | None = "12.8", uuid: str = BLACKWELL[4:]) -> Any:
    return types.SimpleNamespace(
        __version__="2.9.0",
        version=types.SimpleNamespace(cuda=built),
        cuda=types.SimpleNamespace(
            is_available=lambda: available,
            get_arch_list=lambda: ["sm_90", "sm_120"],
            get_device_properties=lambda _: types.SimpleNamespace(uuid=uuid),
        ),
    )


FACTS = {"gpu_uuid": BLACKWELL, "gpu_name": "RTX", "compute_capability": "12.0"}


def test_torch_that_sees_the_same_gpu_may_be_timed() -> None:
    device.check_torch("cuda", FACTS, torch())
    device.check_torch("cuda", FACTS, None)
    device.check_torch("cpu", {}, torch(available=False))


def test_torch_without_cuda_is_unsupported() -> None:
    with pytest.raises(Refused, match="built without CUDA") as caught:
        device.check_torch("cuda", FACTS, torch(available=False, built=None))
    assert caught.value.status is Status.UNSUPPORTED


def test_torch_without_kernels_for_the_gpu_is_unsupported() -> None:
    with pytest.raises(Refused, match=r"none for RTX \(compute capability 8.6\)") as caught:
        device.check_torch("cuda", FACTS | {"compute_capability": "8.6"}, torch())
    assert caught.value.status is Status.UNSUPPORTED


def test_torch_that_sees_another_gpu_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        device.check_torch("cuda", FACTS, torch(uuid=OTHER[4:]))
    assert caught.value.status is Status.WRONG_DEVICE


def test_a_detector_that_never_touched_the_gpu_was_not_measured_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Network:
        def __init__(self, place: str) -> None:
            self._place = place

        def parameters(self) -> list[Any]:
            return [types.SimpleNamespace(device=types.SimpleNamespace(type=self._place))]

    def torch(peak_b: int) -> Any:
        counted = types.SimpleNamespace(max_memory_allocated=lambda: peak_b)
        return types.SimpleNamespace(cuda=counted, nn=types.SimpleNamespace(Module=Network))

    nothing = types.SimpleNamespace(name="no network in sight")
    for detector, is_pyfeat in ((nothing, True), (types.SimpleNamespace(net=Network("cpu")), False)):
        with pytest.raises(Refused, match="computed without the GPU") as caught:
            device.check_used("cuda", torch(0), detector, is_pyfeat=is_pyfeat)
        assert caught.value.status is Status.WRONG_DEVICE
        device.check_used("cuda", torch(512), detector, is_pyfeat=is_pyfeat)
        device.check_used("cpu", torch(0), detector, is_pyfeat=is_pyfeat)
        device.check_used("cuda", None, detector, is_pyfeat=is_pyfeat)
    device.check_used("cuda", torch(0), nothing, is_pyfeat=False)  # it may compute without torch
    monkeypatch.setenv(device.UNCOUNTED_VARIABLE, "1")
    device.check_used("cuda", torch(0), nothing, is_pyfeat=True)


def test_a_driver_without_todays_name_of_a_call_is_asked_by_the_older_one() -> None:
    class Older(Driver):
        cuDeviceGetUuid = Driver.cuDeviceGetUuid_v2  # noqa: N815 - the driver's name
        cuDeviceGetUuid_v2 = None  # type: ignore[assignment]  # noqa: N815 - an older library has no such name

    assert [each.gpu_uuid for each in cuda.list_devices(Older(BLACKWELL))] == [BLACKWELL]
