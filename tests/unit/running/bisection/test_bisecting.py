"""Bisecting: steps become sweeps, are measured as far as they need, and go on where they were stopped."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest

from featray.analysis.bisection import BisectionStep, Ending
from featray.core.detectors import Detector
from featray.core.package_version import PackageVersion
from featray.errors import BadInput, Interrupted, NothingMatches
from featray.running import bisection
from featray.running.bisection import Again, Bisection, Rule, StepSweeps
from featray.running.bisection.bisecting import NOTHING_AGAIN
from featray.sweep import Axes, Sweep, expand
from tests.support import builders
from tests.support.fake_bench import FakeBench
from tests.support.plans import RTX3090, make_host, make_inventory

NAMES = ("1.0", "1.1", "1.2", "1.3", "1.4")


def make_sweep(
    batch_sizes: tuple[int, ...] = (16,), environments: Mapping[str, tuple[str, ...]] | None = None
) -> Sweep:
    cell = builders.make_cell()
    return Sweep(
        name="ticks",
        path=Path("ticks.yaml"),
        detectors=(cell.detector,),
        inputs=(cell.input,),
        axes=Axes(device=(cell.device,), batch_size=batch_sizes),
        environments=environments or {},
    )


def make_sweeps() -> StepSweeps:
    targets = make_inventory(make_host("box", RTX3090)).targets()
    return StepSweeps(
        sweep=make_sweep(),
        chosen=bisection.choose_cell(make_sweep(), None),
        versions=[PackageVersion(name=name, requirement=f"tick=={name}") for name in NAMES],
        base=("numpy==2.4",),
        target=next(target for target in targets if target.target_id == RTX3090.uuid),
    )


def run(bench: FakeBench, again: Again = NOTHING_AGAIN, *, looks: list[tuple[int, int]] | None = None) -> Bisection:
    noted = looks if looks is not None else []
    return bisection.run(
        make_sweeps(), bench, Rule(), again, note=lambda number, found: noted.append((number, found.blocks))
    )


def seconds(*values: float) -> Mapping[str, float]:
    return dict(zip(NAMES, values, strict=True))


STEP = seconds(1.0, 1.0, 1.0, 1.2, 1.2)


def test_the_version_that_changed_the_time_is_found() -> None:
    looks: list[tuple[int, int]] = []
    ended = run(FakeBench(STEP), looks=looks)
    assert (ended.conclusion.ending, ended.conclusion.suspects) == (Ending.FOUND, (3,))
    assert [result.step.versions for result in ended.results] == [(0, 2, 4), (2, 3, 4), (1, 2, 3)]
    assert looks[0] == (1, 5)


def test_a_step_is_measured_only_as_far_as_it_needs() -> None:
    clear, noisy = FakeBench(STEP), FakeBench(STEP, sd=0.04)
    run(clear)
    run(noisy)
    assert {blocks for _, blocks in clear.asked} == {1, 5}
    assert max(blocks for _, blocks in noisy.asked) > 5


def test_nothing_changed_is_an_end() -> None:
    ended = run(FakeBench(seconds(1, 1, 1, 1, 1)))
    assert (ended.conclusion.ending, len(ended.results)) == (Ending.UNCHANGED, 1)


@pytest.mark.parametrize("rows_max", [1, 7, 20, 40])
def test_a_stopped_bisection_goes_on_from_what_is_stored_and_ends_like_one_that_was_not(rows_max: int) -> None:
    whole, stopped = FakeBench(STEP), FakeBench(STEP, rows_max=rows_max)
    expected = run(whole)
    with pytest.raises(Interrupted):
        run(stopped)
    made = dict(stopped.made)
    stopped.rows_max = 100_000
    assert run(stopped).conclusion == expected.conclusion
    assert {key: stopped.made[key] for key in made} == made
    assert stopped.made.keys() == whole.made.keys()


def test_an_ended_bisection_measures_nothing_again_unless_it_is_told_to() -> None:
    bench = FakeBench(STEP)
    first = run(bench)
    bench.asked.clear()
    assert run(bench).conclusion == first.conclusion
    assert bench.asked == []
    run(bench, Again(rerun=True))
    assert bench.asked


def test_a_version_that_could_not_be_installed_is_tried_again_only_if_asked_for() -> None:
    bench = FakeBench(STEP)
    bench.broken = {"1.4"}
    assert run(bench).conclusion.ending is Ending.UNDECIDED
    bench.broken = set()
    assert run(bench).conclusion.ending is Ending.UNDECIDED
    assert run(bench, Again(retry_failed=True)).conclusion.suspects == (3,)


def test_where_all_versions_fail_alike_one_block_is_enough_and_the_end_says_why() -> None:
    bench = FakeBench(STEP)
    bench.broken = set(NAMES)
    looks: list[tuple[int, int]] = []
    ended = run(bench, looks=looks)
    assert (ended.conclusion.ending, len(bench.made), looks) == (Ending.UNDECIDED, 3, [(1, 0)])
    assert set(ended.results[0].measured.unmeasured.values()) == {"unsupported: no wheel"}
    bench.asked.clear()
    assert run(bench).conclusion == ended.conclusion
    assert bench.asked == []
    bench.broken = set()
    assert run(bench, Again(retry_failed=True)).conclusion.suspects == (3,)


def test_an_own_class_without_environments_is_installed_with_what_its_package_requires_alone() -> None:
    own = Detector(name="tick", class_name="tick:Tick", heading="tick")
    sweep = dataclasses.replace(make_sweep(), detectors=(own,))
    assert bisection.find_base(sweep, bisection.choose_cell(sweep, None), "tick", INSTALLED) == ()


def test_a_steps_sweep_has_an_environment_per_version_on_one_device() -> None:
    sweeps = make_sweeps()
    made = sweeps.make(BisectionStep(first=0, last=4, middles=(2,)), 8)
    assert dict(made.environments) == {
        "1.0": ("numpy==2.4", "tick==1.0"),
        "1.2": ("numpy==2.4", "tick==1.2"),
        "1.4": ("numpy==2.4", "tick==1.4"),
    }
    assert (made.invocations.pilot, made.invocations.max) == (8, 8)
    assert made.hosts.target_id == RTX3090.uuid
    assert [cell.environment for cell in expand(made)] == ["1.0", "1.2", "1.4"]


def test_a_steps_sweep_is_named_after_what_it_measures() -> None:
    sweeps = make_sweeps()
    step, other = BisectionStep(first=0, last=4, middles=(2,)), BisectionStep(first=0, last=4, middles=(1,))
    assert sweeps.make(step, 5).name == sweeps.make(step, 8).name == sweeps.name(step)
    assert sweeps.name(step) != sweeps.name(other)


def test_one_cell_is_bisected() -> None:
    two = make_sweep((4, 16))
    with pytest.raises(BadInput, match=r"has 2 cells; choose one with cell=: \w{12} \(retinaface short cuda b=4\)"):
        bisection.choose_cell(two, None)
    with pytest.raises(NothingMatches, match="no cells with id 'zz'"):
        bisection.choose_cell(two, "zz")
    wanted = bisection.choose_cell(make_sweep((4,)), None)
    assert bisection.choose_cell(two, wanted.known_id[:8]) == wanted
    with pytest.raises(BadInput, match="has environments a, b; a bisection makes its own"):
        bisection.choose_cell(make_sweep(environments={"a": ("x",), "b": ("y",)}), None)


INSTALLED = {
    "torch": "2.11.0+cu128",
    "torchvision": "0.26.0",
    "torchcodec": "0.11.1",
    "py-feat": "2.1.5",
    "ray": "2.60",
}


@pytest.mark.parametrize(
    ("package", "base"),
    [
        ("py-feat", ("torch==2.11.0", "torchvision==0.26.0", "torchcodec==0.11.1")),
        ("py_feat", ("torch==2.11.0", "torchvision==0.26.0", "torchcodec==0.11.1")),
        ("torch", ("py-feat==2.1.5",)),
        ("numpy", ("torch==2.11.0", "torchvision==0.26.0", "torchcodec==0.11.1", "py-feat==2.1.5")),
    ],
)
def test_everything_but_the_package_stays_as_it_is_on_the_machine(package: str, base: tuple[str, ...]) -> None:
    sweep = make_sweep()
    assert bisection.find_base(sweep, bisection.choose_cell(sweep, None), package, INSTALLED) == base


def test_the_sweeps_environment_says_what_every_version_needs_beside_the_package() -> None:
    sweep = make_sweep(environments={"old": ("torch==2.9.0", "Py_Feat==2.0", "numpy<2")})
    chosen = bisection.choose_cell(sweep, None)
    assert bisection.find_base(sweep, chosen, "py-feat", INSTALLED) == ("torch==2.9.0", "numpy<2")
