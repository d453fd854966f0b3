"""Sweep files: what they say."""

import re
from pathlib import Path

from featray import sweep
from featray.core.rules import Rules
from featray.sweep import Invocations, Selector, expand, measure_section, schema
from tests.support.sweep_files import Complain, Load, probe

SHIPPED = Path(__file__).parents[3] / "sweeps"


def test_the_smallest_sweep_has_every_default(load: Load) -> None:
    loaded = load()
    assert loaded.name == "trial"
    assert loaded.rules == Rules()
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
    assert loaded.rules == Rules(warmup_min=1, warmup_max=1, repeats_min=2, repeats_max=9, min_time_s=0.5, stages=False)
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
    rules = loaded.rules
    assert (rules.warmup_max, rules.repeats_max, rules.min_time_s, rules.stages) == (1, 1, 0, False)
    assert loaded.invocations == Invocations(pilot=1, max=1)


def test_protocol_pyfeat_has_no_other_figures(complain: Complain) -> None:
    assert complain(measure="{protocol: pyfeat, repeats: 3}") == (
        "trial.yaml:4: measure: protocol pyfeat is 1 warm-up and 1 timed call; leave out repeats"
    )
    for key, value in (("spread_max", 0.1), ("warmup_tolerance", 0.2), ("slow_call_s", 5), ("stages", "true")):
        assert f"leave out {key}" in complain(measure=f"{{protocol: pyfeat, {key}: {value}}}")


def test_protocol_pyfeat_keeps_its_limits_and_invocations(load: Load) -> None:
    loaded = load(measure="{protocol: pyfeat, time_limit_s: 5, load_limit_s: 6, invocations: 3, delay_s_per_frame: 1}")
    assert (loaded.rules.time_limit_s, loaded.rules.load_limit_s, loaded.invocations.max) == (5, 6, 3)


def test_only_the_default_warm_up_is_cut_short_for_slow_cells(load: Load) -> None:
    assert load().rules.slow_call_s == 20
    assert load(measure="{warmup_max: 5}").rules.slow_call_s == 20
    assert load(measure="{warmup: 1}").rules.slow_call_s == 20  # one is what it asks for
    assert load(measure="{warmup: 4}").rules.slow_call_s is None
    assert load(measure="{warmup_min: 4}").rules.slow_call_s is None
    assert load(measure="{warmup: 4, slow_call_s: 60}").rules.slow_call_s == 60


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
    assert expand(same)[0] == expand(load())[0]


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
    counts = {path.stem: len(expand(sweep.load(path, probe_clip=probe))) for path in sorted(SHIPPED.glob("*.yaml"))}
    assert counts == {"blackwell": 36, "calibration": 3, "ceiling": 48, "cpu": 32, "quickstart": 4}


def test_the_blackwell_sweep_is_the_grid_of_the_reference_plus_detectorv2() -> None:
    loaded = sweep.load(SHIPPED / "blackwell.yaml", probe_clip=probe)
    cells = expand(loaded)
    assert {each.detector.name for each in cells} == {"img2pose", "retinaface", "mpdetector", "detectorv2"}
    assert {each.input.section_label for each in cells} == {
        "short (72 frames)",
        "long (472 frames)",
        "16 x multi_face.jpg = 80 faces",
    }
    assert {(each.device, each.num_workers, each.threads) for each in cells} == {("cuda", 0, 1)}
    assert {each.batch_size for each in cells} == {1, 4, 16}
    assert loaded.weights == "pretrained"


def test_every_key_is_documented() -> None:
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    models = (
        schema.SweepFileContent,
        schema.AxesEntry,
        schema.HostsEntry,
        schema.InputEntry,
        schema.DetectorEntry,
        schema.RuleEntry,
    )
    fields = {
        field.alias or name for each in (*models, measure_section.Measure) for name, field in each.model_fields.items()
    }
    fields |= set(measure_section.InvocationsEntry.model_fields)
    assert {key for key in fields if not re.search(rf"\b{key}\b", text)} == set()
