"""The GPUs that CUDA's driver shows, on a made-up driver."""

import pytest

from featray.measurement import cuda
from featray.measurement.cuda import CudaDevice
from tests.support.cuda_driver import FakeCudaDriver

BLACKWELL = "GPU-0a1b2c3d-0000-4000-8000-000000000001"
OTHER = "GPU-0a1b2c3d-0000-4000-8000-000000000002"


def test_gpus_are_listed_in_the_drivers_order_with_what_rows_store() -> None:
    first, second = cuda.list_devices(FakeCudaDriver(BLACKWELL, OTHER))
    assert first == CudaDevice(
        gpu_uuid=BLACKWELL, gpu_name="GPU number 0", gpu_memory_b=96 * 1024**3, compute_capability="12.0"
    )
    assert (second.gpu_uuid, second.gpu_name) == (OTHER, "GPU number 1")


def test_a_driver_that_shows_no_gpu_gives_an_empty_list() -> None:
    assert cuda.list_devices(FakeCudaDriver()) == ()


def test_a_call_that_the_driver_refuses_is_named() -> None:
    with pytest.raises(cuda.CudaError, match="cuInit gives error 803"):
        cuda.list_devices(FakeCudaDriver(BLACKWELL, code=803))


def test_a_uuid_is_the_same_with_and_without_prefix() -> None:
    assert cuda.bare_uuid("GPU-AB12") == cuda.bare_uuid("ab12")


def test_a_driver_without_todays_name_of_a_call_is_called_by_the_older_name() -> None:
    class OlderDriver(FakeCudaDriver):
        cuDeviceGetUuid = FakeCudaDriver.cuDeviceGetUuid_v2  # noqa: N815 - the driver's name
        cuDeviceGetUuid_v2 = None  # type: ignore[assignment]  # noqa: N815 - an older library has no such name

    assert [gpu.gpu_uuid for gpu in cuda.list_devices(OlderDriver(BLACKWELL))] == [BLACKWELL]
