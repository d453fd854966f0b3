"""Sweep files: read whole, and every fault named with its line."""

from pathlib import Path

import pytest

from featray import sweep
from featray.core.reference import Reference
from featray.core.rules import Rules
from featray.errors import SweepFileError
from featray.sweep import Invocations, Selector, expand
from tests.support.sweep_files import GRID, Complain, Load, probe

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
        reference="{device: cpu, batch_size: 1, threads: 1}",
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
    assert loaded.reference == Reference(device="cpu", batch_size=1, threads=1)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SweepFileError, match="no such file"):
        sweep.load(tmp_path / "none.yaml", probe_clip=probe)


def test_a_misspelt_key_gets_a_suggestion(complain: Complain) -> None:
    assert "trial.yaml:4: detector: unknown key 'detector'" in complain(detector="x")
    assert "Did you mean 'detectors'?" in complain(detector="x")
    assert complain(axes="{device: cpu, batch_size: 1, treads: 2}").endswith("Did you mean 'threads'?")
    assert complain(measure="{invocation: 2}").endswith("Did you mean 'invocations'?")
    assert "Did you mean 'skip_frames'?" in complain(inputs="[{like: short, skip_frame: 2}]")


def test_a_file_name_that_cannot_be_a_name_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "my sweep.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in GRID.items()))
    with pytest.raises(SweepFileError, match="expected a key 'name'"):
        sweep.load(path, probe_clip=probe)


def test_saying_the_same_twice_is_refused(complain: Complain) -> None:
    assert complain(axes="{device: cpu, batch_size: 1, threads: 2}", env="{OMP_NUM_THREADS: '4'}") == (
        "trial.yaml:4: env.OMP_NUM_THREADS: sets the same as axes.threads; keep axes.threads"
    )


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
    message = complain(axes=f"{{device: cpu, batch_size: [{many}], num_workers: [{many}]}}")
    assert message == "trial.yaml:1: 160000 cells; expected at most 100000, so leave out some values"


def test_two_environments_that_ask_for_the_same_are_refused(complain: Complain) -> None:
    message = complain(environments="{a: ['torch==2.9', 'av'], b: ['av', 'torch==2.9']}")
    assert message == "trial.yaml:4: environments.b: asks for the same as environments.a; keep one"


def test_names_that_are_there_twice_are_refused(complain: Complain) -> None:
    assert complain(detectors="[retinaface, retinaface]") == (
        "trial.yaml:1: detectors[1]: 'retinaface' is listed twice; give each its own 'name'"
    )
    assert complain(inputs="[short, short]").startswith("trial.yaml:2: inputs[1]: 'short' is listed twice")


def test_shipped_sweeps_have_the_cells_they_promise() -> None:
    counts = {path.stem: len(expand(sweep.load(path, probe_clip=probe))) for path in sorted(SHIPPED.glob("*.yaml"))}
    assert counts == {"blackwell": 36, "calibration": 3, "ceiling": 120, "cpu": 32, "quickstart": 4}


def test_the_blackwell_sweep_is_the_grid_of_the_reference_plus_detectorv2() -> None:
    loaded = sweep.load(SHIPPED / "blackwell.yaml", probe_clip=probe)
    cells = expand(loaded)
    assert {asked.detector.name for asked in cells} == {"img2pose", "retinaface", "mpdetector", "detectorv2"}
    assert {asked.input.section_label for asked in cells} == {
        "short (72 frames)",
        "long (472 frames)",
        "16 x multi_face.jpg = 80 faces",
    }
    assert {(asked.device, asked.num_workers, asked.threads) for asked in cells} == {("cuda", 0, 1)}
    assert {asked.batch_size for asked in cells} == {1, 4, 16}
    assert loaded.weights == "pretrained"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("{}", "reference: expected at least one of detector, device, batch_size"),
        ("{batch: 1}", "reference.batch: unknown key 'batch'"),
        ("{batch_size: 3}", "reference.batch_size: the sweep has no batch_size '3'; expected 1, 4"),
        ("{device: cpu, detector: detectrv2}", "reference.detector: the sweep has no detector 'detectrv2'"),
        ("{device: cpu, batch_size: 4}", "reference: no cell has device cpu, batch_size 4"),
        ("{environment: own}", "reference.environment: the sweep has no environment 'own'"),
    ],
)
def test_a_reference_that_no_cell_is_gets_refused(complain: Complain, named: str, message: str) -> None:
    axes = "{device: [cpu, cuda], batch_size: [1, 4]}"
    told = complain(axes=axes, exclude="{device: cpu, batch_size: 4}", reference=named)
    assert message in told


def test_a_precision_is_known_only_once_it_is_measured(load: Load) -> None:
    assert load(reference="{precision: float32}").reference == Reference(precision="float32")


@pytest.mark.parametrize("count", ["0", "65", "true", "two"])
def test_a_number_of_processes_that_cannot_be_is_refused(complain: Complain, count: str) -> None:
    assert "axes.processes" in complain(axes=f"{{device: cpu, batch_size: 1, processes: {count}}}")


def test_several_processes_are_not_py_feats_own_protocol(complain: Complain) -> None:
    axes = "{device: cpu, batch_size: 1, processes: [1, 2]}"
    assert "protocol pyfeat is one process" in complain(axes=axes, measure="{protocol: pyfeat}")


def test_mps_needs_a_gpu_and_several_processes(complain: Complain) -> None:
    for axes in ("{device: cuda, batch_size: 1}", "{device: cpu, batch_size: 1, processes: 2}"):
        told = complain(axes=axes, mps_daemon="true")
        assert ": mps_daemon: shares a GPU between processes; expected device cuda and axes.processes above 1" in told


@pytest.mark.parametrize("targets", ["2", "true", "every", "1.0", "[all, all]"])
def test_targets_that_cannot_be_are_refused(complain: Complain, targets: str) -> None:
    assert "axes.targets" in complain(axes=f"{{device: cuda, batch_size: 1, targets: {targets}}}")


def test_all_gpus_need_cuda_and_featrays_own_protocol(complain: Complain) -> None:
    told = complain(axes="{device: cpu, batch_size: 1, targets: all}")
    assert ": axes.targets: all is every GPU of a host at the same time; expected device cuda" in told
    told = complain(
        axes="{device: [cpu, cuda], batch_size: 1}", include="[{batch_size: 2}, {device: cpu, targets: all}]"
    )
    assert ": include[1].targets: all is every GPU of a host at the same time; expected device cuda" in told
    axes = "{device: cuda, batch_size: 1, targets: [1, all]}"
    assert "protocol pyfeat is one process" in complain(axes=axes, measure="{protocol: pyfeat}")


@pytest.mark.parametrize(
    "parts",
    [
        {"axes": "{device: cuda, batch_size: 1, targets: [1, all]}"},
        {"axes": "{device: cuda, batch_size: 1}", "include": "[{targets: all}]"},
        {"axes": "{device: cuda, batch_size: 1, targets: all}", "include": "[{targets: 1}]"},
    ],
)
def test_one_gpu_and_all_of_a_host_are_not_interchangeable(complain: Complain, parts: dict[str, str]) -> None:
    told = complain(**parts, interchangeable="true")
    assert ": interchangeable: all GPUs at the same time are compared with one of the same host; expected false" in told


def test_targets_cannot_be_searched(complain: Complain) -> None:
    told = complain(axes="{device: cuda, batch_size: 1}", search="{targets: {max: 4}}")
    assert "'targets' cannot be searched" in told
