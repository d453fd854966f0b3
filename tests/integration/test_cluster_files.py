"""The files for Ray's cluster launcher and for KubeRay, as far as Ray itself can check them without a cluster."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.kuberay import autoscaling_config
from ray.autoscaler._private.util import prepare_config, validate_config

CLUSTERS = Path(__file__).parents[2] / "clusters"


def read(name: str) -> Any:
    return yaml.safe_load((CLUSTERS / name).read_text(encoding="utf-8"))


def test_rays_own_schema_accepts_the_launcher_file() -> None:
    prepared = prepare_config(read("launcher.yaml"))
    validate_config(prepared)
    assert prepared["max_workers"] == len(prepared["provider"]["worker_ips"]) == 2


def test_the_launcher_never_starts_ray_without_the_token() -> None:
    launcher = read("launcher.yaml")
    assert "~/.ray/auth_token" in launcher["file_mounts"]
    starts = [command for command in launcher["head_start_ray_commands"] if "ray start" in command]
    assert len(starts) == 1
    assert starts[0].startswith("RAY_AUTH_MODE=token ")
    assert "--dashboard-host=127.0.0.1" in starts[0]
    assert any("featray cluster join $RAY_HEAD_IP:6379" in command for command in launcher["worker_start_ray_commands"])


def test_rays_own_parser_accepts_the_kuberay_file() -> None:
    cluster = read("kuberay.yaml")
    cluster["metadata"]["namespace"] = "default"  # the server fills it in
    derived = autoscaling_config._derive_autoscaling_config_from_ray_cr(cluster)
    types = derived["available_node_types"]
    assert set(types) == {"headgroup", "blackwell", "cpu"}
    assert types["blackwell"]["resources"]["GPU"] == 1
    assert types["headgroup"]["resources"]["CPU"] == 0
    assert (types["cpu"]["min_workers"], types["cpu"]["max_workers"]) == (0, 4)
    assert types["blackwell"]["labels"] == {"featray.pool": "blackwell"}


def test_every_pod_sends_the_token_from_the_secret() -> None:
    spec = read("kuberay.yaml")["spec"]
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        (container,) = group["template"]["spec"]["containers"]
        variables = {variable["name"]: variable for variable in container["env"]}
        assert variables["RAY_AUTH_MODE"]["value"] == "token"
        assert variables["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]["name"] == "featray-token"


@pytest.mark.parametrize("name", ["launcher.yaml", "kuberay.yaml", "lab.yaml"])
def test_featray_comes_from_a_wheel_and_not_from_an_index(name: str) -> None:
    assert not re.search(r"pip install featray\b", (CLUSTERS / name).read_text(encoding="utf-8"))


def test_the_launcher_brings_the_wheel_that_it_installs() -> None:
    launcher = read("launcher.yaml")
    (install,) = [command for command in launcher["setup_commands"] if "pip install" in command]
    assert "~/featray-wheel/featray-*.whl" in install
    assert launcher["file_mounts"]["~/featray-wheel"] == "~/featray-wheel"
