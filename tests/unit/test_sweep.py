"""Sweep files: what they say, and what is said about those that are wrong."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from featray import cell, sweep
from featray.errors import BadInput, SweepFileError
from featray.invocation import Rules
from featray.sweep import Invocations, Selector, Sweep

SHIPPED = Path(__file__).parents[2] / "sweeps"

GRID = {
    "detectors": "[retinaface]",
    "inputs": "[short]",
    "axes": "{device: cpu, batch_size: 1}",
}


@dataclasses.dataclass(frozen=True)
class Clip:
    frames: int
    fps: float | None
    sha256: str


def probe(path: Path) -> Clip:
    """Stand in for a decoder: a file's text says how many frames it has."""
    text = path.read_text()
    if not text.isdigit():
        raise BadInput(f"{path}: cannot be read as a video or image (Invalid data)")
    return Clip(frames=int(text), fps=25.0 if int(text) > 1 else None, sha256=f"sha-of-{path.name}")


Load = Callable[..., Sweep]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a sweep file of the smallest grid, changed by key, and load it."""

    def write_and_load(**changed: str) -> Sweep:
        entries = GRID | changed
        path = tmp_path / "trial.yaml"
        path.write_text("".join(f"{key}: {value}\n" for key, value in entries.items() if value))
        return sweep.load(path, probe_clip=probe)

    return write_and_load


@pytest.fixture
def complain(load: Load, tmp_path: Path) -> Callable[..., str]:
    """Load a sweep that is wrong and return what is said, without the folder."""

    def load_and_catch(**changed: str) -> str:
        with pytest.raises(SweepFileError) as caught:
            load(**changed)
        assert caught.value.exit_code == 2
        return str(caught.value).replace(f"{tmp_path}/", "")

    return load_and_catch


Complain = Callable[..., str]


def test_the_smallest_sweep_has_every_default(load: Load) -> None:
    loaded = load()
    assert loaded.name == "trial"
    assert loaded.rules() == Rules()
    assert loaded.invocations == Invocations(pilot=5, max=12, half_width=0.03)
    assert (loaded.weights, loaded.exclusive, loaded.interchangeable) == ("pretrained", "host", False)
    assert loaded.hosts == Selector()
    assert loaded.detectors[0].class_name == "Detectorv1"
    assert loaded.inputs[0].source_frames == 72


def test_every_key_is_read(load: Load) -> None:
    loaded = load(
        name="mine",
        description="Why.",
        detectors="[retinaface, detectorv2]",
        inputs="short",
        axes="{device: [cpu, cuda], batch_size: [1, 4], num_workers: [0, 2], threads: [1, null]}",
        hosts="{host: [a*, b], gpu: '*3090*', label: {room: lab}, memory_min: 24 GB}",
        measure="{warmup: 1, repeats_min: 2, repeats_max: 9, min_time_s: 0.5, invocations: {pilot: 3, max: 6}, "
        "budget_s: 60, delay_s_per_frame: 0.01, stages: false}",
        weights="synthetic",
        env="{OPENBLAS_NUM_THREADS: 1, NAME: x}",
        baseline="torch=2.11",
        exclusive="gpu",
        interchangeable="true",
        seed="7",
    )
    assert loaded.hosts == Selector(host=("a*", "b"), gpu=("*3090*",), label={"room": "lab"}, memory_min_b=24 * 10**9)
    assert loaded.rules() == Rules(
        warmup_min=1, warmup_max=1, repeats_min=2, repeats_max=9, min_time_s=0.5, stages=False
    )
    assert loaded.invocations == Invocations(pilot=3, max=6, half_width=0.03)
    assert loaded.env == {"OPENBLAS_NUM_THREADS": "1", "NAME": "x"}
    assert (loaded.budget_s, loaded.delay_s_per_frame, loaded.seed) == (60, 0.01, 7)
    assert loaded.axes.threads == (1, None)
    assert (loaded.name, loaded.description, loaded.baseline) == ("mine", "Why.", "torch=2.11")


def test_memory_in_binary_units(load: Load) -> None:
    assert load(hosts="{memory_min: 1.5 GiB}").hosts.memory_min_b == 1610612736


def test_a_pattern_alone_selects_hosts(load: Load) -> None:
    assert load(hosts="lab*").hosts == Selector(host=("lab*",))


def test_a_number_of_invocations_is_fixed(load: Load) -> None:
    assert load(measure="{invocations: 3}").invocations == Invocations(pilot=3, max=3)


def test_protocol_pyfeat_makes_one_call_after_one_warm_up_once(load: Load) -> None:
    loaded = load(measure="{protocol: pyfeat}")
    rules = loaded.rules()
    assert (rules.warmup_max, rules.repeats_max, rules.min_time_s, rules.stages) == (1, 1, 0, False)
    assert loaded.invocations == Invocations(pilot=1, max=1)


def test_protocol_pyfeat_has_no_other_figures(complain: Complain) -> None:
    assert complain(measure="{protocol: pyfeat, repeats: 3}") == (
        "trial.yaml:4: measure: protocol pyfeat is 1 warm-up and 1 timed call; leave out repeats_max, repeats_min"
    )


def test_a_keyword_of_a_catalogue_detector_can_be_changed(load: Load) -> None:
    detector = load(detectors="{like: retinaface, keywords: {au_model: svm}}").detectors[0]
    assert (detector.name, detector.heading) == ("retinaface[au_model=svm]",) * 2
    assert detector.keywords["au_model"] == "svm"
    assert detector.keywords["emotion_model"] == "resmasknet"


def test_a_keyword_with_several_values_gives_several_detectors(load: Load) -> None:
    loaded = load(
        detectors="{name: rf, like: retinaface, keywords: {au_model: [xgb, svm], emotion_model: [svm, null], n: 1}}"
    )
    assert [each.name for each in loaded.detectors] == [
        "rf[au_model=xgb,emotion_model=svm]",
        "rf[au_model=xgb,emotion_model=null]",
        "rf[au_model=svm,emotion_model=svm]",
        "rf[au_model=svm,emotion_model=null]",
    ]
    assert loaded.detectors[1].keywords["emotion_model"] is None


def test_a_detector_can_be_a_class_of_py_feat_or_of_the_user(load: Load) -> None:
    loaded = load(detectors="[{name: own, class: 'lab.fast:Tiny', keywords: {depth: 3}}, {class: Detectorv2}]")
    assert [(each.name, each.class_name, each.is_pyfeat) for each in loaded.detectors] == [
        ("own", "lab.fast:Tiny", False),
        ("Detectorv2", "Detectorv2", True),
    ]


def test_an_input_can_be_shortened(load: Load) -> None:
    clip = load(inputs="{like: short, skip_frames: 18}").inputs[0]
    assert (clip.name, clip.frames, clip.section_label) == ("short-skip18", 4, "short-skip18 (4 frames)")
    assert load(inputs="{like: long, frame_limit: 10}").inputs[0].frames == 10


def test_a_limit_beyond_the_clip_asks_for_the_same_work(load: Load) -> None:
    same = load(inputs="{like: short, skip_frames: 1, frame_limit: 72}")
    assert cell.expand(same)[0] == cell.expand(load())[0]


def test_images_can_be_repeated(load: Load) -> None:
    clip = load(inputs="{like: multi-face, copies: 2, name: two}").inputs[0]
    assert (clip.name, clip.frames, clip.faces) == ("two", 2, 5)


def test_a_video_by_path_starts_from_the_sweep_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").write_text("50")
    clip = load(inputs="[{path: clips/a.mp4, faces: 2, output_size: 320}]").inputs[0]
    assert clip.paths == (str(tmp_path / "clips" / "a.mp4"),)
    assert (clip.name, clip.kind, clip.frames, clip.fps, clip.faces) == ("a-320px", "video", 50, 25.0, 2)
    assert clip.sha256 == ("sha-of-a.mp4",)
    assert load(inputs="clips/a.mp4").inputs[0].faces == 1


def test_a_folder_is_its_images_by_name(load: Load, tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    for name in ("b.png", "a.JPG", "notes.txt"):
        (folder / name).write_text("1")
    clip = load(inputs="{path: faces, copies: 3}").inputs[0]
    assert [Path(each).name for each in clip.paths] == ["a.JPG", "b.png"]
    assert (clip.name, clip.kind, clip.frames, clip.fps) == ("faces-x3", "images", 6, None)


def test_shipped_sweeps_have_the_cells_they_promise() -> None:
    counts = {
        path.stem: len(cell.expand(sweep.load(path, probe_clip=probe))) for path in sorted(SHIPPED.glob("*.yaml"))
    }
    assert counts == {"blackwell": 36, "calibration": 3, "ceiling": 48, "cpu": 32, "quickstart": 4}


def test_the_blackwell_sweep_is_the_grid_of_the_reference_plus_detectorv2() -> None:
    loaded = sweep.load(SHIPPED / "blackwell.yaml", probe_clip=probe)
    cells = cell.expand(loaded)
    assert {each.detector.name for each in cells} == {"img2pose", "retinaface", "mpdetector", "detectorv2"}
    assert {each.input.section_label for each in cells} == {
        "short (72 frames)",
        "long (472 frames)",
        "16 x multi_face.jpg = 80 faces",
    }
    assert {(each.device, each.num_workers, each.threads) for each in cells} == {("cuda", 0, 1)}
    assert {each.batch_size for each in cells} == {1, 4, 16}
    assert loaded.weights == "pretrained"


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
    assert "keep axes.threads" in complain(
        axes="{device: cpu, batch_size: 1, threads: 2}", env="{OMP_NUM_THREADS: '4'}"
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
