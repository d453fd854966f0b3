"""A recommendation as text, JSON and Python."""

import json

import pytest

from featray.analysis import units
from featray.analysis.advice import recommendation
from featray.analysis.advice.recommendation import Recommendation
from featray.core.row import Row
from featray.rendering import recommendation_text
from tests.support.builders import BLACKWELL, make_row, make_rows


def recommended(rows: list[Row]) -> Recommendation:
    (only,) = recommendation.recommend(units.gather(rows))
    return only


def imported(**columns: object) -> Row:
    return make_row(**{"asked": None, "source_file": "a.md", "work": None, **columns})


def test_the_text_names_setting_device_host_and_rate() -> None:
    text = recommendation_text.text([recommended(make_rows([0.71, 0.72, 0.73]))])
    assert text == ("short (72 frames): retinaface, batch 16 on RTX 3090 of box: 100.0 fps (95% CI 96.6 to 103.5)")


def test_equally_fast_batches_runners_up_and_cautions_have_lines_of_their_own() -> None:
    rows = [
        make_row(batch_size=16, timed_s=[0.72]),
        make_row(batch_size=4, timed_s=[0.73]),
        imported(**BLACKWELL, timed_s=[0.5]),
    ]
    first, equally_fast, runner_up, *cautions = recommendation_text.text([recommended(rows)]).splitlines()
    assert first.startswith("short (72 frames): retinaface, batch 4 on RTX 3090 of box: ")
    assert equally_fast == "  equally fast: batch 4, 16; the smallest is recommended"
    assert runner_up == "  next best: retinaface, batch 16 on RTX PRO 6000 Blackwell of box: 144.0 fps, imported"
    assert cautions
    assert all(line.startswith("  Caution: ") for line in cautions)


def test_workers_threads_and_environment_are_named_where_they_were_set() -> None:
    text = recommendation_text.text([recommended([make_row(threads=4, num_workers=2, environment="torch-2.5")])])
    assert "retinaface, batch 16, 2 workers, 4 threads, environment torch-2.5 on RTX 3090 of box" in text


def test_the_snippet_is_python_that_makes_the_measured_detector() -> None:
    code = recommendation_text.snippet([recommended([make_row(threads=4, num_workers=2)])])
    compile(code, "snippet", "exec")
    assert "from feat import Detectorv1\n" in code
    assert "    face_model='retinaface',\n" in code
    assert "    device='cuda',\n" in code
    assert "    batch_size=16,\n    num_workers=2,\n" in code
    assert code.index("os.environ[\"OMP_NUM_THREADS\"] = '4'") < code.index("from feat")


def test_the_snippet_of_an_imported_setting_uses_the_catalogue_and_says_what_is_unknown() -> None:
    code = recommendation_text.snippet([recommended([imported()])])
    compile(code, "snippet", "exec")
    assert "# Caution: imported" in code
    assert "Detectorv1(" in code


@pytest.mark.parametrize("name", ["x\nimport os", "gone\u2028print(1)"])
def test_no_name_of_the_store_becomes_code(name: str) -> None:
    code = recommendation_text.snippet(
        [recommended([make_row(detector=name, hostname=name, gpu_name=name, asked=None)])]
    )
    compile(code, "snippet", "exec")
    assert "import os" in code or "print(1)" in code
    assert all(line.startswith("#") for line in code.splitlines())


def test_the_json_has_figures_and_keywords() -> None:
    (value,) = json.loads(recommendation_text.to_json([recommended([make_row()])]))
    assert value["best"]["keywords"]["face_model"] == "retinaface"
    assert value["best"]["frames_per_s"] == pytest.approx(72 / 0.76)
    assert value["best"]["command"].startswith("featray measure --cell ")
