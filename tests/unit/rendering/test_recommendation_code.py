"""A recommendation as Python to paste."""

import ast
import dataclasses
import json

import pytest

from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.core.row import Row
from featray.rendering import recommendation_code
from tests.support.builders import BLACKWELL, CPU, RTX3090, make_joint_rows, make_row, make_rows


def write(*rows: Row) -> str:
    code = recommendation_code.snippet(recommendation.recommend(units.gather(rows)))
    compile(code, "snippet", "exec")
    return code


def with_env(row: Row, **variables: str) -> Row:
    return dataclasses.replace(row, asked=json.dumps({**json.loads(row.asked or ""), "env": variables}))


def test_the_snippet_makes_the_measured_detector_and_the_measured_call() -> None:
    code = write(make_row(threads=4, num_workers=2))
    assert "from feat import Detectorv1\n" in code
    assert "    face_model='retinaface',\n" in code
    assert "    device='cuda',\n" in code
    assert "        batch_size=16,\n        num_workers=2,\n" in code


def test_threads_and_variables_are_set_before_the_import() -> None:
    code = write(with_env(make_row(threads=4), NVIDIA_TF32_OVERRIDE="0"))
    lines = code.splitlines()
    start = lines.index("import os")
    assert lines[start : start + 7] == [
        "import os",
        "",
        "# As measured. Set before the import, which reads them.",
        "os.environ['NVIDIA_TF32_OVERRIDE'] = '0'",
        "os.environ['OMP_NUM_THREADS'] = '4'",
        "",
        "from feat import Detectorv1",
    ]


def test_the_gpu_that_was_measured_is_named_by_its_uuid() -> None:
    uuid = RTX3090["gpu_uuid"]
    assert f"# Measured on RTX 3090 of box; to choose this GPU, set CUDA_VISIBLE_DEVICES={uuid}\n" in write(make_row())


@pytest.mark.parametrize(
    ("clip", "paths"),
    [
        ("short", "videos = ['video.mp4']"),
        ("multi-face", "images = ['image.jpg']"),
        ("lab", "videos = ['clips/lab.mp4']"),
    ],
)
def test_every_name_is_defined_before_it_is_used(clip: str, paths: str) -> None:
    code = write(make_row(input=clip))
    assert paths in code
    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)]
    stored = {node.id for node in nodes if isinstance(node.ctx, ast.Store)} | {"os", "Detectorv1"}
    assert {node.id for node in nodes if isinstance(node.ctx, ast.Load)} <= stored


def test_a_class_of_ones_own_gets_a_device_only_if_it_takes_one_and_all_keywords_it_was_measured_with() -> None:
    code = write(make_row(detector="Own", **CPU))
    assert "    **({'device': 'cpu'} if takes_device(Own) else {}),\n" in code
    assert "        skip_frames=None,\n        output_size=None,\n        progress_bar=False,\n" in code


def test_only_a_detector_of_pyfeat_is_said_to_need_the_ffmpeg_that_it_was_measured_with() -> None:
    said = "# Measured with the FFmpeg of the package av"
    assert said in write(make_row(ffmpeg="8.0 (pyav)"))
    assert said not in write(make_row(ffmpeg="8.0 (pyav)", detector="Own"))


def test_clips_and_images_of_one_detector_share_the_code() -> None:
    code = write(
        make_row(input="long"), make_row(input="short", batch_size=4), make_row(input="multi-face", batch_size=8)
    )
    assert [code.count(text) for text in ("import os", "Detectorv1(", "detector.detect(")] == [1, 1, 2]
    assert "        batch_size=16,\n" in code
    assert "    batch_size=8,\n" in code
    assert "# short (72 frames): retinaface, batch 4 on RTX 3090 of box: " in code
    assert "`--input short` gives its code" in code


def test_images_with_another_detector_are_a_part_for_another_process() -> None:
    code = write(make_row(), make_row(input="multi-face", detector="mpdetector"))
    first, second = code.split("# Run this part in a process of its own: it has another setup.\n")
    assert "Detectorv1(" in first
    assert "from feat.MPDetector import MPDetector\n" in second
    assert "images = " in second


def test_a_sweeps_requirements_are_a_comment() -> None:
    code = write(make_row(environment="old", requirements=["torch==2.5.1", "py-feat==0.7.0"]))
    assert "# Installed: torch==2.5.1, py-feat==0.7.0\n" in code


def test_an_imported_setting_uses_the_catalogue_and_says_what_is_unknown() -> None:
    code = write(make_row(asked=None, source_file="a.md", work=None))
    assert "# Caution: imported" in code
    assert "Detectorv1(" in code


@pytest.mark.parametrize("name", ["x\nimport os", "gone\u2028print(1)"])
def test_no_name_of_the_store_becomes_code(name: str) -> None:
    code = write(make_row(detector=name, hostname=name, gpu_name=name, gpu_uuid=name, asked=None))
    assert ast.parse(code).body == []
    assert "import os" in code or "print(1)" in code  # in a comment


def test_values_of_variables_stay_values() -> None:
    code = write(with_env(make_row(), **{"A'] = 1; import shutil #": "'\nimport shutil"}))
    imported = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import)]
    assert [alias.name for node in imported for alias in node.names] == ["os"]


def test_the_digest_of_a_secret_is_not_set() -> None:
    code = write(with_env(make_row(), HF_TOKEN="sha256:0123456789ab", X="1"))
    assert "# os.environ['HF_TOKEN'] held a secret when this was measured\nos.environ['X'] = '1'\n" in code
    assert "sha256" not in code


def test_a_keyword_of_python_is_passed_as_a_mapping() -> None:
    asked = json.loads(make_row().asked or "")
    asked["detector"]["keywords"] = {"class": "x", "face_model": "retinaface"}
    code = write(dataclasses.replace(make_row(), asked=json.dumps(asked)))
    assert "    **{'class': 'x'},\n" in code


def test_a_class_that_cannot_be_imported_is_a_comment() -> None:
    asked = json.loads(make_row().asked or "")
    asked["detector"]["class_name"] = "own.class:Detector"
    code = write(dataclasses.replace(make_row(), asked=json.dumps(asked)))
    assert ast.parse(code).body == []
    assert "# class 'own.class:Detector' cannot be imported by name\n" in code


def test_the_fastest_of_several_gpus_is_the_one_named() -> None:
    code = write(*make_rows([1.0] * 3), *make_rows([0.5] * 3, **BLACKWELL))
    assert BLACKWELL["gpu_uuid"] in code
    assert RTX3090["gpu_uuid"] not in code


def test_processes_side_by_side_are_said_to_be_started_by_the_reader() -> None:
    (unit,) = units.gather(make_joint_rows([1.0] * 3))
    lines = list(recommendation_code.setup_lines(unit))
    assert lines[0] == "# Measured with 2 processes side by side: start this 2 times,"
    ast.parse("\n".join(lines))
