"""The variables that a measuring child gets, and the weights that are fetched for it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from featray.errors import NotReady
from featray.host import environments
from featray.measurement import ffmpeg, weights
from featray.measurement.weights import HubFile
from tests.support.builders import RTX3090, make_cell, make_invocation

CALLERS = {"PATH": "/bin", "OMP_NUM_THREADS": "16", "PYTHONDONTWRITEBYTECODE": "1", "HF_TOKEN": "t"}


def build(cache: Path, inherited: Mapping[str, str] = CALLERS, **changes: object) -> dict[str, str]:
    cell = {name: changes.pop(name) for name in ("threads", "env", "requirements") if name in changes}
    return environments.build_variables(
        make_invocation(make_cell(**cell), **changes),
        inherited=inherited,
        cache=cache,
        libraries=ffmpeg.NO_LIBRARIES,
    )


def test_only_what_cannot_change_the_speed_is_inherited(tmp_path: Path) -> None:
    variables = build(tmp_path)
    assert (variables["PATH"], variables["HF_TOKEN"]) == ("/bin", "t")
    assert not {"OMP_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"} & set(variables)


def test_the_sweeps_own_variables_override_all_others(tmp_path: Path) -> None:
    variables = build(tmp_path, threads=2, env={"PATH": "/sweep"})
    assert (variables["OMP_NUM_THREADS"], variables["PATH"]) == ("2", "/sweep")


def test_a_child_sees_its_gpu_alone_or_none(tmp_path: Path) -> None:
    assert build(tmp_path)["CUDA_VISIBLE_DEVICES"] == RTX3090["gpu_uuid"]
    assert build(tmp_path, device="cpu", gpu_uuid=None)["CUDA_VISIBLE_DEVICES"] == ""


def test_a_child_in_an_environment_of_its_own_gets_featrays_source_alone(tmp_path: Path) -> None:
    path = Path(build(tmp_path, requirements=("a==1",))["PYTHONPATH"])
    assert [entry.name for entry in path.iterdir()] == ["featray"]


def test_after_one_failed_download_the_other_files_are_not_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[HubFile] = []

    def fetch(files: list[HubFile], _: Path) -> None:
        tried.extend(files)
        raise NotReady("the hub does not answer")

    monkeypatch.setattr(weights, "fetch", fetch)
    first, second = HubFile("py-feat/a", "a.bin"), HubFile("py-feat/b", "b.bin")
    problems = environments.fetch_weights([second, first], tmp_path)
    assert tried == [first]
    assert problems == [
        "the hub does not answer",
        f"{second} is not in {weights.pretrained_folder(tmp_path)} either",
    ]
