"""Bisection text: what each look of a bisection has shown, and how it ended, as sentences.

Flow: `analysis.bisection` -> `look`, `lines` -> `featray bisect`. Pure.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence

from featray.analysis.bisection import Conclusion, Ending, Ends, StepResult
from featray.analysis.bisection.search import Reason
from featray.core import wording
from featray.core.package_version import PackageVersion
from featray.stats.sequential import Contrast, Position

PLACES = {
    Position.FIRST: "takes the time of {first}",
    Position.LAST: "takes the time of {last}",
    Position.BETWEEN: "lies between both",
    Position.BELOW: "lies beyond {first}",
    Position.ABOVE: "lies beyond {last}",
    Position.OPEN: "is not decided yet",
}


def look(number: int, result: StepResult, versions: Sequence[PackageVersion]) -> str:
    """Say what a step has shown so far: `step 1, 5 blocks: 2.1.4 / 2.1.0 1.20 (1.15 to 1.25); 2.1.2 takes ...`."""
    step = result.step
    first, last = versions[step.first].name, versions[step.last].name
    parts = [f"{versions[version].name} has no times ({why})" for version, why in result.measured.unmeasured.items()]
    if result.difference is not None:
        parts.insert(0, f"{last} / {first} {ratio(result.compare(step.first, step.last))}")
    parts += [
        f"{versions[version].name} {PLACES[place].format(first=first, last=last)}"
        for version, place in result.places.items()
    ]
    parts += ["both take the same time"] if result.ends is Ends.EQUAL else []
    parts += ["not decided yet"] if result.ends is Ends.OPEN and result.difference is not None else []
    kind = "check" if step.is_check else f"step {number}"
    return wording.plain(f"{kind}, {wording.count(result.blocks, 'block')}: {'; '.join(parts)}")


HEADINGS = ("ends", "blocks", "time ratio", "middle")


def table(results: Sequence[StepResult], versions: Sequence[PackageVersion]) -> list[list[str]]:
    """Write each step as a line: its ends, its blocks, the ratio of its ends, and where the middle lies."""
    return [
        [
            f"{versions[result.step.first].name} to {versions[result.step.last].name}",
            str(result.blocks),
            wording.ABSENT if result.difference is None else ratio(result.compare(result.step.first, result.step.last)),
            wording.listed(f"{versions[version].name} {place}" for version, place in result.places.items()),
        ]
        for result in results
    ]


def ratio(change: Contrast) -> str:
    """Write a ratio of times with its interval: `1.20 (1.15 to 1.25)`."""
    low, high = (f"{math.exp(value):.3g}" if math.isfinite(value) else "?" for value in (change.low, change.high))
    return f"{math.exp(change.difference):.3g} ({low} to {high})"


def headline(ended: Conclusion, versions: Sequence[PackageVersion], margin: float) -> str:
    """Say in one line how a bisection ended."""
    good, bad = versions[0].name, versions[-1].name
    if ended.ending is Ending.FOUND:
        return _found(ended, versions)
    if ended.ending is Ending.UNCHANGED:
        shown = f" ({ratio(ended.overall)})" if ended.overall else ""
        return f"UNCHANGED: {bad} takes the time of {good}, within {wording.margin(margin)}{shown}"
    return f"{ended.ending}: {_why(ended, versions)}"


def _found(ended: Conclusion, versions: Sequence[PackageVersion]) -> str:
    names = [versions[number].name for number in ended.suspects]
    direction = "slower" if ended.change is None or ended.change.difference > 0 else "faster"
    shown = f"time ratio {ratio(ended.change)} to {_last_good(ended, versions)}" if ended.change else ""
    if len(names) == 1:
        return f"FOUND: {names[0]} is the first {direction} version; {shown}"
    return f"FOUND: one of {wording.listed(names)} is the first {direction} version, the others have no times; {shown}"


def _last_good(ended: Conclusion, versions: Sequence[PackageVersion]) -> str:
    return "-" if ended.good is None else versions[ended.good].name


def _why(ended: Conclusion, versions: Sequence[PackageVersion]) -> str:
    names = wording.listed(versions[number].name for number in ended.about)
    good, bad = versions[0].name, versions[-1].name
    return {
        Reason.END_UNMEASURED: f"{names} could not be measured",
        Reason.ENDS_OPEN: f"{names} are neither clearly different nor clearly equal",
        Reason.MIDDLE_OPEN: f"it is not clear to which side {names} belongs",
        Reason.ENDS_MET: f"{names} take the same time when measured again, although {good} and {bad} differed",
        Reason.MIDDLE_OFF: f"{names} takes another time than both sides of it, so the time goes up and down",
        Reason.SEVERAL: f"{names} is on the other side of the change that was found, so the time goes up and down",
        None: "",
    }[ended.reason]


def lines(
    ended: Conclusion, results: Sequence[StepResult], versions: Sequence[PackageVersion], *, margin: float
) -> Iterator[str]:
    """Write the end of a bisection, with what it rests on and what is left to do."""
    yield headline(ended, versions, margin)
    reasons = [why for result in results for why in result.measured.unmeasured.values()]
    details = [*_change(ended, versions), *_without_times(ended, results, versions), *_next(ended, versions, reasons)]
    yield from (f"  {wording.plain(detail)}" for detail in (*details, _basis(results)))


def _change(ended: Conclusion, versions: Sequence[PackageVersion]) -> Iterator[str]:
    """Say what is known of the change and of what lies around it."""
    if len(ended.suspects) == 1 and (note := versions[ended.suspects[0]].note):
        yield f"{versions[ended.suspects[0]].name}: {note}"
    if ended.suspects and ended.ending is not Ending.FOUND:
        size = f": {ratio(ended.change)}" if ended.change else ""
        yield f"a change lies after {_last_good(ended, versions)}, up to {versions[ended.suspects[-1]].name}{size}"
    if ended.overall is not None and ended.ending is not Ending.UNCHANGED:
        yield f"{versions[-1].name} to {versions[0].name}: {ratio(ended.overall)}"


def _without_times(
    ended: Conclusion, results: Sequence[StepResult], versions: Sequence[PackageVersion]
) -> Iterator[str]:
    why = {version: text for result in results for version, text in result.measured.unmeasured.items()}
    for version in ended.unmeasured[:NAMED]:
        yield f"no times: {versions[version].name}: {wording.shortened(why[version], REASON_LENGTH)}"
    if len(ended.unmeasured) > NAMED:
        yield f"no times: {len(ended.unmeasured) - NAMED} more"


NAMED = 8  # versions without times that are named
REASON_LENGTH = 200  # characters of the reason


def _basis(results: Sequence[StepResult]) -> str:
    steps = [result for result in results if not result.step.is_check]
    checked = ", and a check of versions further away" if len(steps) < len(results) else ""
    return f"{wording.count(len(steps), 'step')}{checked}, intervals of 95% that hold whenever a step ends"


_MISSING = re.compile(r"No module named '([\w.]+)'")


def _next(ended: Conclusion, versions: Sequence[PackageVersion], reasons: Iterable[str]) -> Iterator[str]:
    """Say what to do where the end leaves something open; `reasons` are why versions have no times."""
    if ended.reason in (Reason.ENDS_OPEN, Reason.MIDDLE_OPEN):
        yield "more processes may decide it: --blocks; so may a quieter machine, or a larger --margin"
    if ended.reason is Reason.MIDDLE_OFF:
        (number,) = ended.about[:1]
        name = versions[number].name
        yield f"bisect the parts: from {versions[0].name} to {name}, and from {name} to {versions[-1].name}"
    if ended.reason is Reason.END_UNMEASURED:
        yield "environments: of the sweep says what every version is installed with; --retry-failed tries again"
        if missing := list(dict.fromkeys(_MISSING.findall(" ".join(reasons)))):
            yield f"missing there: {wording.listed(missing)}; a class of your own has only what its package requires"
