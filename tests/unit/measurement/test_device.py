"""Device check: another device than asked for is refused before anything is timed."""

import types
from typing import Any

import pytest

from featray.core.choices import Device
from featray.core.status import Status
from featray.measurement import cuda, device
from featray.measurement.outcome import Refused
from tests.support.cuda_driver import FakeCudaDriver

BLACKWELL = "GPU-0a1b2c3d-0000-4000-8000-000000000001"
OTHER = "GPU-0a1b2c3d-0000-4000-8000-000000000002"


def refusal(asked: str | None, driver: FakeCudaDriver) -> Refused:
    with pytest.raises(Refused) as caught:
        device.check(Device.CUDA, asked, lambda: driver)
    return caught.value


def test_the_gpu_that_was_asked_for_is_described() -> None:
    assert device.check(Device.CUDA, BLACKWELL, lambda: FakeCudaDriver(BLACKWELL)) == {
        "gpu_uuid": BLACKWELL,
        "gpu_name": "GPU number 0",
        "gpu_memory_b": 96 * 1024**3,
        "compute_capability": "12.0",
    }


def test_another_gpu_is_refused_naming_both() -> None:
    refused = refusal(BLACKWELL, FakeCudaDriver(OTHER))
    assert refused.status is Status.WRONG_DEVICE
    assert str(refused) == f"asked for {BLACKWELL}, saw {OTHER} (GPU number 0)"


def test_two_visible_gpus_are_refused_even_if_one_is_right() -> None:
    refused = refusal(BLACKWELL, FakeCudaDriver(BLACKWELL, OTHER))
    assert refused.status is Status.WRONG_DEVICE
    assert OTHER in str(refused)


def test_no_visible_gpu_is_unsupported_naming_the_one_asked_for() -> None:
    refused = refusal(BLACKWELL, FakeCudaDriver())
    assert (refused.status, str(refused)) == (
        Status.UNSUPPORTED,
        f"asked for {BLACKWELL}, but no CUDA device is visible",
    )


def test_a_driver_that_refuses_is_quoted() -> None:
    assert "cuInit gives error 803" in str(refusal(BLACKWELL, FakeCudaDriver(code=803)))


def test_a_machine_without_cuda_is_unsupported() -> None:
    def absent() -> Any:
        raise cuda.CudaError("there is no CUDA driver (libcuda.so.1)")

    with pytest.raises(Refused, match=f"asked for {BLACKWELL}, but there is no CUDA driver"):
        device.check(Device.CUDA, BLACKWELL, absent)


def test_a_cpu_needs_no_check() -> None:
    assert device.check(Device.CPU, None) == {}


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
    device.check_torch(Device.CUDA, FACTS, torch())
    device.check_torch(Device.CUDA, FACTS, None)
    device.check_torch(Device.CPU, {}, torch(available=False))


def test_torch_without_cuda_is_unsupported() -> None:
    with pytest.raises(Refused, match="built without CUDA") as caught:
        device.check_torch(Device.CUDA, FACTS, torch(available=False, built=None))
    assert caught.value.status is Status.UNSUPPORTED


def test_torch_without_kernels_for_the_gpu_is_unsupported() -> None:
    with pytest.raises(Refused, match=r"none for RTX \(compute capability 8.6\)") as caught:
        device.check_torch(Device.CUDA, FACTS | {"compute_capability": "8.6"}, torch())
    assert caught.value.status is Status.UNSUPPORTED


def test_torch_that_sees_another_gpu_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        device.check_torch(Device.CUDA, FACTS, torch(uuid=OTHER[4:]))
    assert caught.value.status is Status.WRONG_DEVICE


class Network:
    """A network whose only parameter lies on the CPU."""

    def parameters(self) -> list[Any]:
        return [types.SimpleNamespace(device=types.SimpleNamespace(type="cpu"))]


def torch_after_a_call(peak_b: int) -> Any:
    counted = types.SimpleNamespace(max_memory_allocated=lambda: peak_b)
    return types.SimpleNamespace(cuda=counted, nn=types.SimpleNamespace(Module=Network))


WITHOUT_NETWORK = types.SimpleNamespace(name="no network in sight")
ON_THE_CPU = types.SimpleNamespace(net=Network())


@pytest.mark.parametrize(("detector", "is_pyfeat"), [(WITHOUT_NETWORK, True), (ON_THE_CPU, False)])
def test_a_detector_that_never_used_the_gpu_was_not_measured_on_it(detector: Any, is_pyfeat: bool) -> None:
    with pytest.raises(Refused, match="computed without the GPU") as caught:
        device.check_used(Device.CUDA, torch_after_a_call(0), detector, is_pyfeat=is_pyfeat)
    assert caught.value.status is Status.WRONG_DEVICE
    device.check_used(Device.CUDA, torch_after_a_call(512), detector, is_pyfeat=is_pyfeat)
    device.check_used(Device.CPU, torch_after_a_call(0), detector, is_pyfeat=is_pyfeat)
    device.check_used(Device.CUDA, None, detector, is_pyfeat=is_pyfeat)


def test_a_custom_detector_may_compute_without_torch() -> None:
    device.check_used(Device.CUDA, torch_after_a_call(0), WITHOUT_NETWORK, is_pyfeat=False)


def test_memory_that_torch_does_not_count_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(device.UNCOUNTED_VARIABLE, "1")
    device.check_used(Device.CUDA, torch_after_a_call(0), WITHOUT_NETWORK, is_pyfeat=True)
