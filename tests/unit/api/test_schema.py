"""The JSON schema of sweep and cluster files, checked by a validator of JSON schemas."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import featray
from featray import sweep
from featray.cluster import cluster_file
from featray.errors import BadInput, NothingMatches
from tests.support.sweep_files import GRID, probe

ROOT = Path(__file__).parents[3]
KEPT = {"sweep": ROOT / "sweeps" / "sweep.schema.json", "cluster": ROOT / "clusters" / "cluster.schema.json"}


def validator(kind: str) -> Any:
    schema = json.loads(featray.schema(kind))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def sweep_text(**changed: str) -> str:
    return "".join(f"{key}: {value}\n" for key, value in (GRID | changed).items() if value)


@pytest.mark.parametrize("kind", KEPT)
def test_the_schema_that_is_kept_is_the_one_that_the_command_writes(kind: str) -> None:
    assert KEPT[kind].read_text(encoding="utf-8") == featray.schema(kind)


@pytest.mark.parametrize("file", sorted((ROOT / "sweeps").glob("*.yaml")), ids=lambda file: file.name)
def test_every_shipped_sweep_fits_and_names_its_schema(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert list(validator("sweep").iter_errors(yaml.safe_load(text))) == []
    assert text.startswith("# yaml-language-server: $schema=sweep.schema.json\n")


@pytest.mark.parametrize("name", ["lab", "local"])
def test_every_shipped_cluster_file_fits_and_names_its_schema(name: str) -> None:
    text = (ROOT / "clusters" / f"{name}.yaml").read_text(encoding="utf-8")
    assert list(validator("cluster").iter_errors(yaml.safe_load(text))) == []
    assert text.startswith("# yaml-language-server: $schema=cluster.schema.json\n")


GOOD: list[dict[str, str]] = [
    {},
    {"detectors": "retinaface", "inputs": "short"},
    {"detectors": "[{like: retinaface, keywords: {au_model: [xgb, svm]}}]"},
    {"detectors": "[{name: own, class: 'lab.detectors:Own', keywords: {size: 3}}]"},
    {"inputs": "[{like: short, skip_frames: 18}, {like: multi-face, copies: 2}]"},
    {"axes": "{device: [cpu, cuda], batch_size: [1, 4], num_workers: 2, threads: [1, null]}"},
    {"hosts": "box*"},
    {"hosts": "[a, b]"},
    {"hosts": "{gpu: '*3090*', label: {room: lab}, memory_min: 24 GB}"},
    {"measure": "{invocations: 3, repeats: 3, warmup_min: 2, sustained_s: 60}"},
    {"measure": "{invocations: {pilot: 3, max: 6}, budget_s: 60}", "weights": "synthetic"},
    {"env": "{OPENBLAS_NUM_THREADS: 1, NAME: x}", "environments": "{own: [], old: ['torch==2.11.0']}"},
    {"exclude": "{device: cpu, batch_size: 4}", "axes": "{device: cpu, batch_size: [1, 4]}"},
    {"axes": "{device: cpu}", "search": "{batch_size: {max: 512}}"},
    {"axes": "{device: cpu}", "search": "{batch_size: {min: 4, max: 64, memory: 20 GB, latency: 200ms}}"},
    {"axes": "{device: cpu, batch_size: 4}", "search": "{threads: {max: 8}}"},
    {"axes": "{device: cpu, batch_size: 4}", "search": "{num_workers: {max: 8, latency: 1.5 s}}"},
    {"name": "mine", "exclusive": "gpu", "interchangeable": "true", "seed": "7", "baseline": "before"},
]


@pytest.mark.parametrize("changed", GOOD, ids=str)
def test_what_the_program_takes_the_schema_takes(changed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(sweep_text(**changed))
    sweep.load(tmp_path / "trial.yaml", probe_clip=probe)
    assert list(validator("sweep").iter_errors(yaml.safe_load(sweep_text(**changed)))) == []


BAD: list[dict[str, str]] = [
    {"detectors": ""},
    {"inputs": ""},
    {"axes": ""},
    {"detector": "x"},
    {"axes": "{device: cpu, batch_size: 1, treads: 2}"},
    {"axes": "{device: gpu, batch_size: 1}"},
    {"axes": "{device: cpu, batch_size: 0}"},
    {"axes": "{device: cpu, batch_size: '4'}"},
    {"axes": "{device: cpu, batch_size: []}"},
    {"axes": "{device: [cpu, cpu], batch_size: 1}"},
    {"axes": "{device: cpu, batch_size: 1.5}"},
    {"axes": "{device: cpu}"},
    {"axes": "{device: cpu}", "search": "{threads: {max: 8}}"},
    {"axes": "{device: cpu}", "search": "{batch_size: {}}"},
    {"axes": "{device: cpu}", "search": "{batch_size: 512}"},
    {"axes": "{device: cpu}", "search": "{batch_size: {max: 8.5}}"},
    {"axes": "{device: cpu}", "search": "{batch_size: {max: 8, memory: much}}"},
    {"axes": "{device: cpu}", "search": "{batch_size: {max: 8, latency: 200}}"},
    {"axes": "{device: cpu}", "search": "{batchsize: {max: 8}}"},
    {"axes": "{device: cpu}", "search": "{batch_size: {max: 8}, threads: {max: 4}}"},
    {"search": "{device: {max: 8}}"},
    {"search": "{}"},
    {"measure": "{invocation: 2}"},
    {"measure": "{invocations: 0}"},
    {"measure": "{invocations: many}"},
    {"measure": "{time_limit_s: 9999999}"},
    {"measure": "{spread_max: 1.5}"},
    {"measure": "{protocol: other}"},
    {"inputs": "[{like: short, skip_frame: 2}]"},
    {"inputs": "[{like: short, path: ./a.mp4}]"},
    {"inputs": "[{name: a}]"},
    {"inputs": "shrt"},
    {"detectors": "retinafac"},
    {"detectors": "[{like: detectrv2}]"},
    {"detectors": "[{like: retinaface, class: 'a:B'}]"},
    {"detectors": "[]"},
    {"exclude": "{}"},
    {"hosts": "{memory_min: 24}"},
    {"hosts": "{memory_min: big}"},
    {"hosts": "{memory: 24 GB}"},
    {"weights": "random"},
    {"exclusive": "none"},
    {"interchangeable": "'yes'"},
    {"env": "{CUDA_VISIBLE_DEVICES: '0'}"},
    {"env": "{'a b': '0'}"},
    {"env": "{A: 1.5}"},
    {"seed": "-1"},
    {"name": "../up"},
    {"name": "a b"},
    {"description": "''"},
]


@pytest.mark.parametrize("changed", BAD, ids=str)
def test_what_the_program_refuses_by_form_the_schema_refuses(changed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(sweep_text(**changed))
    with pytest.raises(BadInput):
        sweep.load(tmp_path / "trial.yaml", probe_clip=probe)
    assert list(validator("sweep").iter_errors(yaml.safe_load(sweep_text(**changed)))) != []


@pytest.mark.parametrize(
    "text",
    [
        "hosts: [{name: a}]",
        "hosts: [{name: a, address: 192.0.2.1, gpu: all}]",
        "hosts: [{name: a, address: 192.0.2.1, gpus: some}]",
        "port: 0",
        "port: '6379'",
        "prt: 6379",
    ],
)
def test_a_bad_cluster_file_is_refused_by_both(text: str, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(text)
    with pytest.raises(BadInput):
        cluster_file.load(tmp_path / "lab.yaml")
    assert list(validator("cluster").iter_errors(yaml.safe_load(text))) != []


def test_an_unknown_kind_is_told() -> None:
    with pytest.raises(NothingMatches, match="no schema 'swep'; expected sweep, cluster"):
        featray.schema("swep")
