"""Summary: one table of what the acceptance run saw, beside what was expected.

Flow: `acceptance.sh` -> `python tests/gpu/summary.py RESULTS CHECKS.xml` -> markdown on stdout.
A line says `ok`, `LOOK` where something else was seen than expected, or `-` where nothing was seen.
"""

import dataclasses
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from featray import store
from featray.core.row import Row
from featray.core.status import Status
from featray.measurement import telemetry
from featray.planning import time_estimate

READ = (
    *("sm_clock_median_hz", "power_median_w", "energy_j", "temperature_max_c", "throttle_reasons"),
    *("gpu_utilization_median", "foreign_gpu_processes", "power_limit_w", "gpu_memory_used_peak_b"),
)
"""Columns that every row of a GPU should have."""

FLAGS = ("tf32_matmul", "tf32_cudnn", "matmul_precision", "cudnn_benchmark")

PUBLISHED = {
    ("img2pose", "short"): 32.6,
    ("retinaface", "short"): 134.0,
    ("mpdetector", "short"): 110.2,
    ("img2pose", "multi-face"): 14.9,
    ("retinaface", "multi-face"): 28.3,
    ("mpdetector", "multi-face"): 51.5,
}
"""(detector, input) -> best frames per second of the run 2026-05-14-c716340: an RTX PRO 6000 Blackwell, pretrained
weights, one call each, batches 1 to 16. It has no figures of detectorv2. Shown as an indication only."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table; `verdict` is None where nothing was seen."""

    what: str
    expected: str
    seen: str
    verdict: bool | None


def lines(rows: Sequence[Row]) -> Iterator[Line]:
    """Compare the rows with what was expected of them."""
    ok = [row for row in rows if row.status == Status.OK]
    on_gpu = [row for row in ok if row.device == "cuda"]
    yield _line("UUID asked = seen", "every row", [row.gpu_uuid == row.target_id for row in on_gpu])
    yield _line("weights", "synthetic", [row.weights == "synthetic" for row in ok])
    yield from _stages(ok)
    yield from _telemetry(on_gpu)
    yield from _memory(rows, on_gpu)
    yield from _guesses(ok)
    for flag in FLAGS:
        values = sorted({str(getattr(row, flag)) for row in on_gpu})
        yield Line(what=flag, expected="read", seen=", ".join(values), verdict="None" not in values if values else None)


def _line(what: str, expected: str, holds: Sequence[bool]) -> Line:
    seen = f"{sum(holds)} of {len(holds)} rows"
    return Line(what=what, expected=expected, seen=seen, verdict=all(holds) if holds else None)


def _stages(ok: Sequence[Row]) -> Iterator[Line]:
    others = [row.stages_s["other"] / sum(row.stages_s.values()) for row in ok if row.stages_s]
    yield _figures("time in no stage", "at most 10%", others, 100, "%", lambda share: share <= 0.10)
    ratios = [row.profiled_ratio for row in ok if row.profiled_ratio is not None]
    yield _figures("profiled / timed call", "0.9 to 1.1", ratios, 1, "", lambda ratio: 0.9 <= ratio <= 1.1)


def _telemetry(on_gpu: Sequence[Row]) -> Iterator[Line]:
    for column in READ:
        yield _line(column, "in every row", [getattr(row, column) is not None for row in on_gpu])
    ratios = [
        row.energy_j / (row.power_median_w * sum(row.timed_s) * (row.calls_per_repeat or 1))
        for row in on_gpu
        if row.energy_j and row.power_median_w and row.timed_s
    ]
    yield _figures("energy / (power x time)", "0.7 to 1.3", ratios, 1, "", lambda ratio: 0.7 <= ratio <= 1.3)
    reasons = sorted({reason for row in on_gpu for reason in row.throttle_reasons or ()})
    seen = f"{sum(bool(row.throttled) for row in on_gpu)} rows throttled; reasons: {', '.join(reasons) or 'none'}"
    unexpected = telemetry.THROTTLING_REASONS.intersection(reasons)
    yield Line(what="throttling", expected="none", seen=seen, verdict=not unexpected if on_gpu else None)


def _memory(rows: Sequence[Row], on_gpu: Sequence[Row]) -> Iterator[Line]:
    above = [
        (row.gpu_memory_used_peak_b - row.gpu_memory_reserved_peak_b) / 2**30 / (row.processes or 1)
        for row in on_gpu
        if row.gpu_memory_used_peak_b and row.gpu_memory_reserved_peak_b
    ]
    yield _figures("NVML's peak - torch's, a process", "0 to 2 GiB", above, 1, " GiB", lambda gap: 0 <= gap <= 2)
    ended = [row for row in rows if row.status == Status.OOM and row.device == "cuda"]
    larger = [row.batch_size for row in rows if row.status == Status.SKIPPED and row.device == "cuda"]
    sizes = sorted(row.batch_size for row in ended)
    after = [row.batch_size for row in on_gpu if any(_came_after(row, oom) for oom in ended)]
    seen = f"oom at batch {sizes}, skipped {sorted(larger)}, ok in the same process afterwards {sorted(after)}"
    yield Line(what="memory ends under a limit", expected="oom, larger skipped", seen=seen, verdict=bool(ended) or None)


def _came_after(row: Row, earlier: Row) -> bool:
    return row.process == earlier.process and row.started_at > earlier.started_at


def _guesses(ok: Sequence[Row]) -> Iterator[Line]:
    """Compare constants that were guessed with what was seen; a factor of 2 either way is near enough to plan with."""
    loads = [(row.import_s or 0) + row.load_s for row in ok if row.load_s is not None]
    guess = time_estimate.LOAD_S
    yield _figures(f"import + load, LOAD_S = {guess:g}", "half to twice", loads, 1, " s", _near(guess))
    for device in sorted({row.device for row in ok}):
        rates = [seconds for row in ok if row.device == device and (seconds := _frame_s(row)) is not None]
        known = {kind.value: value for kind, value in time_estimate.GUESSED_S_PER_FRAME.items()}[device]
        what = f"s per frame, GUESSED_S_PER_FRAME[{device}] = {known:g}"
        yield _figures(what, "half to twice", rates, 1000, " ms", _near(known), of_median=True)
    first = [row.first_call_s / statistics.median(row.timed_s) for row in ok if row.first_call_s and row.timed_s]
    yield _figures("first call / timed call", "told only", first, 1, "", lambda _: True)
    again = sum("measured again" in (row.reason or "") for row in ok)
    yield Line(what="cool-downs", expected="told only", seen=f"{again} of {len(ok)} rows", verdict=bool(ok) or None)


def _near(guess: float) -> Callable[[float], bool]:
    return lambda seen: guess / 2 <= seen <= guess * 2


def _frame_s(row: Row) -> float | None:
    return statistics.median(row.timed_s) / row.frames if row.timed_s and row.frames else None


def _figures(
    what: str,
    expected: str,
    values: Sequence[float],
    scale: float,
    unit: str,
    holds: Callable[[float], bool],
    *,
    of_median: bool = False,
) -> Line:
    """Write median and range of figures; the verdict is that of each, or of the median."""
    if not values:
        return Line(what=what, expected=expected, seen="", verdict=None)
    middle = statistics.median(values)
    low, mid, high = (f"{value * scale:.3g}" for value in (min(values), middle, max(values)))
    judged = [middle] if of_median else values
    verdict = all(map(holds, judged))
    return Line(
        what=what, expected=expected, seen=f"{mid}{unit} ({low} to {high}, {len(values)} rows)", verdict=verdict
    )


def best_rates(rows: Iterable[Row]) -> Iterator[str]:
    """Write the fastest batch of each detector, input and number of processes, beside the published figure."""
    best: dict[tuple[str, str, int], tuple[float, int]] = {}
    for row in rows:
        seconds = _frame_s(row) if row.status == Status.OK else None
        if seconds:
            key = (row.detector, row.input, row.processes or 1)
            best[key] = max(best.get(key, (0.0, 0)), (1 / seconds, row.batch_size))
    yield "| detector | input | processes | best, synthetic weights | batch | published, Blackwell, pretrained |"
    yield "|---|---|---:|---:|---:|---:|"
    for (detector, clip, processes), (rate, batch) in sorted(best.items()):
        known = PUBLISHED.get((detector, clip)) if processes == 1 else None
        published = f"{known:g} fps" if known else "-"
        yield f"| {detector} | {clip} | {processes} | {rate:.3g} fps | {batch} | {published} |"


def checks(path: Path) -> Iterator[Line]:
    """Read what the tests found, and the figures that they recorded."""
    if not path.is_file():
        return
    for case in ElementTree.parse(path).iter("testcase"):
        figures = [f"{entry.get('name')}: {entry.get('value')}" for entry in case.iter("property")]
        skipped, failed = case.find("skipped"), [*case.iter("failure"), *case.iter("error")]
        why = [str(element.get("message"))[:160] for element in ([skipped] if skipped is not None else failed)]
        seen = "; ".join([*figures, *why]).replace("\n", " ")
        verdict = None if skipped is not None else not failed
        yield Line(what=str(case.get("name")).replace("_", " "), expected="passes", seen=seen, verdict=verdict)


def draw(found: Iterable[Line]) -> str:
    """Write lines as a markdown table."""
    verdicts = {True: "ok", False: "LOOK", None: "-"}
    body = [f"| {line.what} | {line.expected} | {line.seen} | {verdicts[line.verdict]} |" for line in found]
    return "\n".join(["| what | expected | seen | |", "|---|---|---|---|", *body])


def main() -> None:
    """Print the table of a store and of a test report."""
    results, report = sys.argv[1:]
    rows = store.read(results).rows
    cards = sorted({card for row in rows if (card := row.gpu_name or row.cpu_model) is not None})
    days = sorted({row.started_at[:10] for row in rows})
    print(f"# Acceptance on {', '.join(cards) or 'nothing'}, {' to '.join(days)}\n")
    print(draw([*checks(Path(report)), *lines(rows)]))
    print("\nSynthetic weights: an indication only.\n")
    print("\n".join(best_rates(rows)))


if __name__ == "__main__":
    main()
