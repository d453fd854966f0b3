"""Search results: the value to use, those that tie with it, and what ended the search."""

import dataclasses
import json
import random

from featray.analysis import units
from featray.analysis.advice import search_results
from featray.analysis.advice.search_results import SearchResult
from featray.core.row import Row
from featray.rendering import document, json_report, markdown, search_text, tradeoffs_text
from featray.rendering.notebook import summaries
from featray.sweep import Search
from tests.support import curves
from tests.support.builders import CPU, make_joint_rows
from tests.support.curves import SEARCH, Curve

KNEE = Curve(frame_s=tuple(0.02 * 1.5 ** max(0, 4 - place) for place in range(10)))  # as fast as can be from 16 on
SHORT_MEMORY = Curve(frame_s=(*KNEE.frame_s[:3], *[None] * 7))  # batch 8 runs out of memory


def search(curve: Curve) -> list[Row]:
    return curves.search(curve, 0.0, random.Random(1)).rows


def find(rows: list[Row], wanted: Search = SEARCH) -> SearchResult:
    (result,) = search_results.find(units.gather(rows), wanted)
    return result


def test_the_smallest_value_that_is_as_good_as_the_fastest_is_recommended() -> None:
    result = find(search(KNEE))
    assert (result.value, result.tied, result.is_confirmed) == (16, (16, 32), True)
    assert result.end == "from 32 on it is not faster by 3%"
    assert search_text.sentence(result) == (
        "retinaface, long, CPU: batch size 16 (50.0 frames/s, equally good: 16, 32). "
        "Tried up to 64: from 32 on it is not faster by 3%"
    )


def test_memory_that_ran_out_is_named_and_the_value_below_it_recommended() -> None:
    result = find(search(SHORT_MEMORY))
    assert (result.value, result.tied, result.end) == (4, (4,), "8 ran out of memory")


def test_a_search_that_was_cut_short_says_so() -> None:
    result = find([row for row in search(KNEE) if row.invocation == 1])
    assert not result.is_confirmed
    assert "too few invocations to be sure" in search_text.sentence(result)


def test_a_limit_excludes_values_and_is_named() -> None:
    def memory(gigabytes: float) -> Search:
        return dataclasses.replace(SEARCH, memory_limit_b=round(gigabytes * 10**9))

    rows = [dataclasses.replace(row, rss_peak_b=row.batch_size * 500 * 10**6) for row in search(KNEE)]
    below = [row for row in rows if row.batch_size <= 16]
    result = find(below, memory(5))
    assert result.value == 8
    assert result.end == "16 takes 7.5 GiB of memory, above 4.7 GiB"
    assert find([row for row in rows if row.batch_size <= 32], memory(5)).end == result.end  # 32 is above it too
    assert find(below, memory(0.1)).end == "1 takes 476.8 MiB of memory, above 95.4 MiB"
    slow = find(below, dataclasses.replace(SEARCH, latency_limit_s=0.3))
    assert (slow.value, slow.end) == (8, "16 takes 320.0 ms per batch, above 300.0 ms")


def test_a_limit_of_memory_holds_for_all_processes_side_by_side() -> None:
    def measured(processes: int, seconds: float) -> list[Row]:
        return make_joint_rows([seconds] * 3, processes=processes, rss_peak_b=processes * 240 * 10**6, **CPU)

    wanted = Search(axis="processes", values=(1, 2, 4), memory_limit_b=400 * 10**6)
    result = find([*measured(1, 1.0), *measured(2, 0.5)], wanted)
    assert result.value == 1
    assert result.end == "2 takes 457.8 MiB of memory by its 2 processes together, above 381.5 MiB"


def test_a_report_says_next_to_its_settings_that_the_search_had_limits() -> None:
    wanted = dataclasses.replace(SEARCH, memory_limit_b=2 * 1024**3, latency_limit_s=0.3)
    assert wanted.limits_text == '{"axis":"batch_size","latency_s":0.3,"memory_b":2147483648}'
    rows = [dataclasses.replace(row, search_limits=wanted.limits_text) for row in search(KNEE)]
    report = document.build(units.gather(rows))
    text, (sentence,) = markdown.render(report), json.loads(json_report.render(report))["search_limits"]
    assert {sentence, *tradeoffs_text.remarks(report.tradeoffs, report.too_few)} <= {
        *summaries.of_report(report, "demo").remarks
    }
    assert sentence in text
    assert (
        "The search of the batch size had limits that the table of settings to use does not apply: "
        "2.0 GiB of memory and 300.0 ms per batch. "
        "`featray recommend` with --max-memory and --max-latency applies them."
    ) in text.partition("## Settings to use")[2]
    assert "had limits" not in markdown.render(document.build(units.gather(search(KNEE))))
    assert SEARCH.limits_text is None
    assert search_text.limits([dataclasses.replace(rows[0], search_limits=text) for text in ("{", "[]", "{}")]) == []


def test_where_nothing_fits_nothing_is_recommended() -> None:
    result = find(search(KNEE), dataclasses.replace(SEARCH, latency_limit_s=0.001))
    assert (result.best, result.value, result.tied) == (None, None, ())
    assert search_text.sentence(result).startswith("retinaface, long, CPU: no batch size to recommend: ")


def test_plain_values_of_a_result() -> None:
    record = search_text.record(find(search(KNEE)))
    assert record["value"] == 16
    assert record["equally_good"] == [16, 32]
    assert record["tried"] == [1, 2, 4, 8, 16, 32, 64]
    assert record["throughput_low_hz"] <= record["throughput_hz"] <= record["throughput_high_hz"]


def test_axes_that_come_later_have_a_name() -> None:
    assert search_text.axis_name("processes") == "number of processes"
