"""What a host lacks for a sweep, and the command that provides it."""

import dataclasses

import pytest

from featray.core import detectors, inputs
from featray.core.cell import Cell
from featray.core.choices import Device, WeightsKind
from featray.errors import NothingMatches
from featray.planning import readiness
from featray.planning.inventory import Gpu, Host, Inventory
from featray.planning.readiness import Lack
from featray.sweep import Selector

CPU = Cell(
    detector=detectors.CATALOGUE["retinaface"],
    input=inputs.CATALOGUE["short"],
    device=Device.CPU,
    batch_size=1,
    weights=WeightsKind.SYNTHETIC,
)
CUDA = dataclasses.replace(CPU, device=Device.CUDA)

READY = Host(
    host_id="h1",
    hostname="box",
    memory_b=64 * 1024**3,
    gpus=(Gpu(uuid="GPU-b", name="RTX PRO 6000 Blackwell", memory_b=96 * 1024**3, compute_capability="12.0"),),
    packages={"featray": "0.1.0", "torch": "2.11.0", "torchcodec": "0.11.1", "py-feat": "2.1.5"},
    cuda_architectures=("sm_90", "sm_120"),
    ffmpeg="8.0 (pyav)",
    disk_free_b=100 * 1024**3,
)


def lacks(host: Host, *cells: Cell, weights: dict[str, list[str]] | None = None) -> tuple[Lack, ...]:
    return readiness.check(
        cells or (CPU, CUDA), Inventory(hosts=(host,)), Selector(), weights=weights or {}, version="0.1.0", here="desk"
    )


WHEEL = "`uv build --wheel` makes its wheel here"


def test_a_ready_host_lacks_nothing() -> None:
    assert lacks(READY) == ()


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        (
            "featray",
            f"featray is not installed; {WHEEL}",
            "python -m pip install 'featray-0.1.0-py3-none-any.whl[measure]'",
        ),
        ("py-feat", "py-feat is not installed", "python -m pip install py-feat"),
        ("torchcodec", "torchcodec is not installed", "python -m pip install torchcodec"),
    ],
)
def test_a_missing_package_is_installed(name: str, what: str, remedy: str) -> None:
    packages = {key: value for key, value in READY.packages.items() if key != name}
    lacking = lacks(dataclasses.replace(READY, packages=packages))
    assert lacking == (Lack(host="box", what=what, remedy=remedy),)


def test_another_featray_is_replaced() -> None:
    lacking = lacks(dataclasses.replace(READY, packages={**READY.packages, "featray": "0.0.9"}))
    assert lacking[0].what == f"featray 0.0.9 where 0.1.0 is needed; {WHEEL}"


def test_a_torch_without_kernels_is_named_once() -> None:
    lacking = lacks(dataclasses.replace(READY, cuda_architectures=("sm_90",)), CUDA, CUDA)
    assert [(lack.what, lack.remedy) for lack in lacking] == [
        ("torch 2.11.0 on box has no kernels for sm_120 (it has sm_90)", readiness.UPGRADE_TORCH)
    ]


def test_a_device_that_is_not_there_has_no_remedy() -> None:
    lacking = lacks(dataclasses.replace(READY, gpus=()))
    assert lacking == (Lack(host="box", what="no cuda device that the sweep selects"),)


def test_pretrained_weights_are_fetched_by_repository() -> None:
    cell = dataclasses.replace(CPU, weights=WeightsKind.PRETRAINED)
    wanted = {"retinaface": ["org/a/one", "org/a/two", "org/b/three"]}
    lacking = lacks(dataclasses.replace(READY, weights_cached=("org/b/three",)), cell, weights=wanted)
    assert [lack.what for lack in lacking] == ["weights are not cached: org/a: one, two"]
    assert (lacking[0].remedy or "").startswith("hf download org/a one two --cache-dir ")


def test_an_ffmpeg_that_the_torchcodec_cannot_load_is_named_with_its_own_remedy() -> None:
    host = dataclasses.replace(READY, ffmpeg=None, ffmpeg_lack="PyAV 19.0 is too new", ffmpeg_remedy="install av<19")
    assert lacks(host) == (Lack(host="box", what="PyAV 19.0 is too new", remedy="install av<19"),)


def test_a_full_disk_and_a_missing_ffmpeg_are_named() -> None:
    lacking = lacks(dataclasses.replace(READY, disk_free_b=1024**3, ffmpeg=None))
    assert [lack.what for lack in lacking] == [
        "no FFmpeg that torchcodec can load",
        "1.0 GiB of disk free; weights and clips may take 2.0 GiB",
    ]


def test_a_clip_of_ones_own_must_be_there_and_be_the_same_file() -> None:
    clip = dataclasses.replace(
        inputs.CATALOGUE["short"], packaged=None, paths=("/data/a b.mp4", "/data/c.mp4"), sha256=("1", "2")
    )
    cell = dataclasses.replace(CPU, input=clip)
    assert lacks(READY, cell) == ()  # nobody looked
    assert lacks(dataclasses.replace(READY, clips={"/data/a b.mp4": "1", "/data/c.mp4": "2"}), cell) == ()
    lacking = lacks(dataclasses.replace(READY, clips={"/data/c.mp4": "3"}), cell)
    assert [(lack.what, lack.remedy) for lack in lacking] == [
        ("/data/a b.mp4 is not there, or cannot be read", "rsync -a --mkpath 'desk:/data/a b.mp4' '/data/a b.mp4'"),
        ("/data/c.mp4 is another file than on desk", "rsync -a --mkpath desk:/data/c.mp4 /data/c.mp4"),
    ]


def test_a_host_without_uv_cannot_build_a_sweeps_environments() -> None:
    cell = dataclasses.replace(CPU, environment="e", requirements=("torch==2.11.0",))
    assert [lack.remedy for lack in lacks(READY, cell)] == ["python -m pip install uv"]


def test_a_host_that_did_not_answer_is_named_with_its_reason() -> None:
    silent = Host(host_id="h2", hostname="far", error="its probe did not answer within 90 s")
    lacking = readiness.check(
        (CPU,), Inventory(hosts=(READY, silent)), Selector(), weights={}, version="0.1.0", here="desk"
    )
    assert lacking == (Lack(host="far", what="its probe did not answer within 90 s"),)


def test_hosts_that_the_sweep_does_not_select_need_nothing() -> None:
    other = Host(host_id="h2", hostname="other", packages={"ray": "2.60.0"})
    selector = Selector(host=("box",))
    assert (
        readiness.check((CPU,), Inventory(hosts=(READY, other)), selector, weights={}, version="0.1.0", here="desk")
        == ()
    )


def test_a_selector_that_matches_nothing_lists_what_exists() -> None:
    with pytest.raises(NothingMatches, match=r"no host matches 'bx'; expected box\. Did you mean 'box'"):
        readiness.check(
            (CPU,), Inventory(hosts=(READY,)), Selector(host=("bx",)), weights={}, version="0.1.0", here="desk"
        )


WHOLE = dataclasses.replace(CUDA, targets="all")
TWO = dataclasses.replace(READY, gpus=(*READY.gpus, dataclasses.replace(READY.gpus[0], uuid="GPU-c")))


def test_a_host_with_one_gpu_lacks_another_for_all_at_the_same_time() -> None:
    assert [lack.what for lack in lacks(READY, WHOLE)] == [
        "`targets: all` needs two CUDA GPUs, and there is one on box"
    ]
    assert lacks(TWO, WHOLE) == ()


def test_processes_on_all_gpus_need_processors_for_all_of_them() -> None:
    host = dataclasses.replace(TWO, cpu_count=4)
    assert lacks(host, dataclasses.replace(WHOLE, processes=2)) == ()
    (lack,) = lacks(host, dataclasses.replace(WHOLE, processes=3))
    assert lack.what.startswith(
        "a processor for each of 6 processes side by side; it has 4 processors and 64.0 GiB of m"
    )
