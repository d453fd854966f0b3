"""Cautions of a bisection: outputs that moved are said, also where the time is the same."""

from collections.abc import Sequence

from featray.analysis.bisection import BisectionStep, Conclusion, Ending, Ends, StepResult, StepTimes, cautions
from featray.analysis.outputs import NO_OUTPUTS, Outputs
from featray.analysis.unit import Unit
from featray.analysis.units import gather
from featray.core.output_table import OutputTable
from featray.core.row import Row
from tests.support.builders import make_rows
from tests.support.fake_outputs import BOX, make_fex, make_table

NAMES = ("1.0", "1.1", "1.2")
MOVED = make_fex()
MOVED[BOX[0]] += 25.0


def unit(name: str) -> Unit:
    (made,) = gather(make_rows([1.0] * 5, run_id="step", environment=name, requirements=[f"tick=={name}"]))
    return made


def step(*versions: int, blocks: int = 5) -> StepResult:
    times = dict.fromkeys(versions, (0.0,) * blocks)
    return StepResult(
        step=BisectionStep(first=versions[0], last=versions[-1], middles=versions[1:-1]),
        measured=StepTimes(times=times, units={version: unit(NAMES[version]) for version in versions}),
        ends=Ends.EQUAL,
        difference=None,
        places={},
        offsets={},
        tail=0.01,
        is_settled=True,
    )


def moved_from(*names: str) -> Outputs:
    def read(row: Row) -> OutputTable:
        return make_table(MOVED if row.environment in names else None)

    return Outputs(read)


def find(ended: Conclusion, results: Sequence[StepResult], outputs: Outputs) -> Sequence[str]:
    return [text for text in cautions.find(ended, results, NAMES, outputs) if "outputs" in text]


UNCHANGED = Conclusion(ending=Ending.UNCHANGED)


def test_an_unchanged_time_of_other_outputs_has_a_caution() -> None:
    (said,) = find(UNCHANGED, [step(0, 1, 2)], moved_from("1.2"))
    assert said.startswith("the outputs of 1.2 are not those of 1.0: drift beyond tolerance: boxes median ")
    assert cautions.find_in_step(step(0, 1, 2), NAMES, moved_from("1.2")) == (said,)


def test_outputs_within_tolerance_or_not_kept_have_none() -> None:
    assert find(UNCHANGED, [step(0, 1, 2)], moved_from()) == []
    assert find(UNCHANGED, [step(0, 1, 2)], NO_OUTPUTS) == []


def test_outputs_that_moved_elsewhere_than_the_time_are_said_of_the_ends() -> None:
    found = Conclusion(ending=Ending.FOUND, good=1, suspects=(2,))
    (said,) = find(found, [step(0, 1, 2)], moved_from("1.1", "1.2"))
    assert said.startswith("the outputs of 1.2 are not those of 1.0")
    both = find(found, [step(0, 1, 2)], moved_from("1.2"))
    assert [text.partition(":")[0] for text in both] == [
        "the outputs of 1.2 are not those of 1.1",
        "the outputs of 1.2 are not those of 1.0",
    ]
