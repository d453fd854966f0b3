"""Sweep files that are wrong: what is said about them."""

from pathlib import Path

import pytest

from featray import sweep
from featray.errors import SweepFileError
from tests.support.sweep_files import GRID, Complain, Load, probe, write_and_load


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SweepFileError, match="no such file"):
        sweep.load(tmp_path / "none.yaml", probe_clip=probe)


def test_a_misspelt_key_gets_a_suggestion(complain: Complain) -> None:
    assert "trial.yaml:4: detector: unknown key 'detector'" in complain(detector="x")
    assert "Did you mean 'detectors'?" in complain(detector="x")
    assert complain(axes="{device: cpu, batch_size: 1, treads: 2}").endswith("Did you mean 'threads'?")
    assert complain(measure="{invocation: 2}").endswith("Did you mean 'invocations'?")
    assert "Did you mean 'skip_frames'?" in complain(inputs="[{like: short, skip_frame: 2}]")


def test_an_unknown_detector_gets_a_suggestion(complain: Complain) -> None:
    assert complain(detectors="[retinaface, detectrv2]") == (
        "trial.yaml:1: detectors[1]: unknown detector 'detectrv2'; expected img2pose, retinaface, mpdetector, "
        "detectorv2. Did you mean 'detectorv2'?"
    )


def test_an_unknown_class_gets_a_suggestion(complain: Complain) -> None:
    assert "Did you mean 'Detectorv2'?" in complain(detectors="[{name: a, class: Detectr2}]")


def test_a_detector_needs_one_origin(complain: Complain) -> None:
    for entry in ("{name: a}", "{like: retinaface, class: Detectorv2}"):
        assert "expected either 'like'" in complain(detectors=f"[{entry}]")


@pytest.mark.parametrize("keyword", ["device: cpu", "au_model: []", "au_model: {a: 1}", "au_model: [xgb, xgb]"])
def test_a_keyword_that_cannot_be_is_refused(complain: Complain, keyword: str) -> None:
    said = complain(detectors=f"[{{like: retinaface, keywords: {{{keyword}}}}}]")
    assert said.startswith(f"trial.yaml:1: detectors[0]: keyword {keyword.split(':')[0]}")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0", "expected at least 1, got 0"),
        ("-4", "expected at least 1, got -4"),
        ("1.5", "expected a whole number, got 1.5"),
        ("2.0", "expected a whole number, got 2.0"),
        ("true", "expected a whole number, got true"),
        ("'4'", "expected a whole number, got '4'"),
        ("four", "expected a whole number, got 'four'"),
        ("1e3", "expected a whole number, got 1000.0"),
        ("99999999999999999999", "expected at most 1000000, got 99999999999999999999"),
    ],
)
def test_a_batch_size_is_a_whole_number_from_one(complain: Complain, value: str, said: str) -> None:
    assert complain(axes=f"{{device: cpu, batch_size: {value}}}") == f"trial.yaml:3: axes.batch_size: {said}"
    in_list = complain(axes=f"{{device: cpu, batch_size: [1, {value}]}}")
    assert in_list == f"trial.yaml:3: axes.batch_size[1]: {said}"


@pytest.mark.parametrize("key", ["detectors", "inputs"])
def test_an_empty_list_is_refused(complain: Complain, key: str) -> None:
    assert f"{key}: expected at least one value" in complain(**{key: "[]"})


@pytest.mark.parametrize("axis", ["device", "batch_size", "num_workers", "threads"])
def test_an_empty_axis_is_refused(complain: Complain, axis: str) -> None:
    entries = {"device": "cpu", "batch_size": "1"} | {axis: "[]"}
    text = ", ".join(f"{key}: {value}" for key, value in entries.items())
    assert complain(axes=f"{{{text}}}") == f"trial.yaml:3: axes.{axis}: expected at least one value, got none"


def test_duplicate_values_are_refused(complain: Complain) -> None:
    assert complain(axes="{device: cpu, batch_size: [1, 4, 1]}").endswith("1 stands twice; expected distinct values")
    assert complain(axes="{device: [cpu, cpu], batch_size: 1}").endswith("'cpu' stands twice; expected distinct values")
    assert complain(detectors="[retinaface, retinaface]").startswith("trial.yaml:1: detectors[1]: 'retinaface' stands")
    assert complain(inputs="[short, short]").startswith("trial.yaml:2: inputs[1]: 'short' stands twice")


def test_an_unknown_device_is_refused(complain: Complain) -> None:
    assert complain(axes="{device: cudaa, batch_size: 1}") == (
        "trial.yaml:3: axes.device: unknown value 'cudaa'; expected cpu, cuda, mps. Did you mean 'cuda'?"
    )


@pytest.mark.parametrize("name", ["../up", "a/b", "/etc/x", ".hidden", "a b", "''", "a\\b", "x" * 81])
def test_a_name_with_a_path_in_it_is_refused(complain: Complain, name: str) -> None:
    assert "cannot be a name" in complain(name=name)


def test_a_file_name_that_cannot_be_a_name_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "my sweep.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in GRID.items()))
    with pytest.raises(SweepFileError, match="expected a key 'name'"):
        sweep.load(path, probe_clip=probe)


def test_a_missing_clip_is_named_with_what_is_there(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "face.mp4").write_text("5")
    said = complain(inputs="[./fase.mp4]")
    assert (
        said == "trial.yaml:2: inputs[0]: fase.mp4: no such file or folder; expected face.mp4. Did you mean 'face.mp4'?"
    )


def test_a_text_file_named_mp4_is_refused(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    assert complain(inputs="[text.mp4]").startswith("trial.yaml:2: inputs[0]: text.mp4: cannot be read as a video")


def test_an_unknown_kind_of_file_is_refused(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert "not known as a video or an image; expected a name ending in .mp4" in complain(inputs="[notes.txt]")


def test_an_unknown_input_gets_a_suggestion(complain: Complain) -> None:
    assert "Did you mean 'short'?" in complain(inputs="[shrt]")


def test_a_folder_without_images_is_refused(complain: Complain, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no image in this folder" in complain(inputs="[./empty]")


def test_videos_and_images_do_not_mix(complain: Complain, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.png"):
        (tmp_path / name).write_text("1")
    assert "expected one entry per video" in complain(inputs="{path: [a.mp4, b.png]}")
    assert "expected one entry per video" in complain(inputs="{path: [b.png, a.mp4]}")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{like: multi-face, skip_frames: 2}", "skip_frames is for videos; leave it out"),
        ("{like: multi-face, frame_limit: 2}", "frame_limit is for videos; leave it out"),
        ("{like: short, copies: 2}", "copies is for images; leave it out"),
        ("{skip_frames: 2}", "expected either 'like'"),
    ],
)
def test_a_setting_of_the_other_kind_is_refused(complain: Complain, entry: str, said: str) -> None:
    assert said in complain(inputs=f"[{entry}]")


def test_minimum_above_maximum_is_refused(complain: Complain) -> None:
    assert "repeats_max 2 is below repeats_min 3; set both, or 'repeats'" in complain(measure="{repeats_max: 2}")
    assert "max 2 is below pilot 5" in complain(measure="{invocations: {max: 2}}")
    assert "a pilot of 1 has no variance" in complain(measure="{invocations: {pilot: 1}}")


def test_saying_the_same_twice_is_refused(complain: Complain) -> None:
    assert "warmup and warmup_max say the same" in complain(measure="{warmup: 2, warmup_max: 3}")
    assert complain(axes="{device: cpu, batch_size: 1, threads: 2}", env="{OMP_NUM_THREADS: '4'}") == (
        "trial.yaml:4: env.OMP_NUM_THREADS: sets the same as axes.threads; keep axes.threads"
    )


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "true", "'3'", "many"])
def test_a_number_of_invocations_is_whole_and_positive(complain: Complain, value: str) -> None:
    said = complain(measure=f"{{invocations: {value}}}")
    assert said.startswith("trial.yaml:4: measure.invocations: expected ")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("size", ["24", "24 GBytes", "big", "-1 GB", "true"])
def test_a_size_needs_a_unit(complain: Complain, size: str) -> None:
    assert "is not a size; expected a number and a unit" in complain(hosts=f"{{memory_min: {size}}}")


def test_variables_that_featray_sets_are_refused(complain: Complain) -> None:
    assert "CUDA_VISIBLE_DEVICES is set by featray itself" in complain(env="{CUDA_VISIBLE_DEVICES: '0'}")
    assert "put it in quotes" in complain(env="{SOME: true}")
    assert "cannot be a variable's name" in complain(env="{'A=B': x}")


def test_a_requirement_is_not_an_option(complain: Complain) -> None:
    assert "is not a requirement" in complain(environments="{t: ['--upgrade x']}")


def test_an_unknown_name_in_a_rule_gets_a_suggestion(complain: Complain) -> None:
    assert complain(exclude="[{detector: retinafac}]") == (
        "trial.yaml:4: exclude[0].detector: the sweep has no detector 'retinafac'; expected retinaface. "
        "Did you mean 'retinaface'?"
    )
    assert "the sweep has no batch_size '8'; expected 1" in complain(exclude="{batch_size: 8}")
    assert "Did you mean 'detectorv2'?" in complain(include="{detector: detectorv}")
    assert "expected at least one of detector, input" in complain(exclude="{}")


def test_a_rule_that_leaves_nothing_is_refused(complain: Complain) -> None:
    assert "no cell is left" in complain(exclude="{device: cpu}")


def test_a_grid_beyond_reason_is_refused(complain: Complain) -> None:
    many = ", ".join(map(str, range(1, 401)))
    said = complain(axes=f"{{device: cpu, batch_size: [{many}], num_workers: [{many}]}}")
    assert said == "trial.yaml:1: 160000 cells; expected at most 100000, so leave out some values"


def test_two_environments_that_ask_for_the_same_are_refused(complain: Complain) -> None:
    said = complain(environments="{a: ['torch==2.9', 'av'], b: ['av', 'torch==2.9']}")
    assert said == "trial.yaml:4: environments.b: asks for the same as environments.a; keep one"


def known(class_name: str) -> dict[str, tuple[object, ...]] | None:
    """Stand in for the installed py-feat, which has no Detectorv2."""
    return {"au_model": ("xgb", "svm", None), "amp": (), "device": ()} if class_name == "Detectorv1" else None


def complain_of(tmp_path: Path, detectors: str, **changed: str) -> str:
    path = tmp_path / "trial.yaml"
    write_and_load(path, {"detectors": detectors, **changed})
    with pytest.raises(SweepFileError) as caught:
        sweep.load(path, probe_clip=probe, keywords_of=known)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_misspelt_keyword_of_py_feat_gets_a_suggestion(tmp_path: Path) -> None:
    assert complain_of(tmp_path, "[{like: retinaface, keywords: {au_modell: svm}}]") == (
        "trial.yaml:1: detectors[0]: keyword au_modell: Detectorv1 has none of this name; expected au_model, amp. "
        "Did you mean 'au_model'?"
    )


def test_a_misspelt_model_of_py_feat_gets_a_suggestion(tmp_path: Path) -> None:
    assert complain_of(tmp_path, "[{like: retinaface, keywords: {au_model: [svm, xgbb]}}]") == (
        "trial.yaml:1: detectors[0]: keyword au_model: unknown value 'xgbb'; expected xgb, svm, null. "
        "Did you mean 'xgb'?"
    )


@pytest.mark.parametrize(
    ("detectors", "changed"),
    [
        ("[{like: retinaface, keywords: {au_model: [svm, null], amp: 7}}]", {}),
        ("[{like: detectorv2, keywords: {au_modell: svm}}]", {}),  # a class that cannot be read
        ("[{class: 'lab.fast:Tiny', keywords: {au_modell: svm}}]", {}),
        ("[{like: retinaface, keywords: {au_modell: svm}}]", {"environments": "{new: ['py-feat==3.0']}"}),
    ],
)
def test_what_cannot_be_told_is_not_checked(tmp_path: Path, detectors: str, changed: dict[str, str]) -> None:
    path = tmp_path / "trial.yaml"
    write_and_load(path, {"detectors": detectors, **changed})
    assert sweep.load(path, probe_clip=probe, keywords_of=known).detectors


@pytest.mark.parametrize("limit", ["time_limit_s", "load_limit_s"])
def test_a_limit_is_a_week_at_the_most(complain: Complain, load: Load, limit: str) -> None:
    assert complain(measure=f"{{{limit}: 1e10}}") == (
        f"trial.yaml:4: measure.{limit}: expected at most 604800.0, got 10000000000.0"
    )
    assert getattr(load(measure=f"{{{limit}: 604800}}").rules, limit) == 604800


def test_a_budget_may_be_longer(load: Load) -> None:
    assert load(measure="{budget_s: 1e6}").budget_s == 1e6
