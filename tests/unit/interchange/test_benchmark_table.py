"""py-feat's public table: other lines stay as they are, ours are there once."""

import csv
import io

import pytest

from featray.interchange import benchmark_table, throughput_csv
from tests.support.builders import make_row

HEAD = "feat_version,date,host,gpu,config,device,batch,section_kind,section_label,fps"


def line(host: str, fps: str) -> str:
    return f"2.1.5,2026-05-14,{host},CPU,retinaface,cpu,1,video,short,{fps}"


def table(*lines: str, head: str = HEAD) -> str:
    return "".join(f"{text}\n" for text in (head, *lines))


def test_a_first_table_has_our_lines() -> None:
    appended = benchmark_table.append(None, {"a": table(line("box", "5.0"))})
    assert appended.text == table(line("box", "5.0") + ",a", head=f"{HEAD},featray_run")
    assert (appended.lines, appended.replaced) == (1, 0)


def test_lines_of_others_stay_where_they_are() -> None:
    before = table(line("mac", "1.0"), line("box", "5.0") + ",a", line("pc", "2.0"), head=f"{HEAD},featray_run")
    appended = benchmark_table.append(before, {"a": table(line("box", "6.0"), line("box2", "7.0"))})
    assert [text.split(",")[2] for text in appended.text.splitlines()] == ["host", "mac", "box", "box2", "pc"]
    assert (appended.lines, appended.replaced) == (2, 1)


def test_equal_figures_of_two_runs_are_two_lines() -> None:
    once = benchmark_table.append(None, {"a": table(line("box", "5.0"))})
    twice = benchmark_table.append(once.text, {"b": table(line("box", "5.0"))})
    assert [text.rpartition(",")[2] for text in twice.text.splitlines()] == ["featray_run", "a", "b"]


def test_columns_of_others_stay_and_are_empty_in_our_lines() -> None:
    appended = benchmark_table.append(
        table(line("mac", "1.0") + ',"a, b"', head=f"{HEAD},note"), {"a": table(line("box", "5.0"))}
    )
    assert appended.text.splitlines()[1:] == [line("mac", "1.0") + ',"a, b",', line("box", "5.0") + ",,a"]


def test_a_line_with_too_many_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: more fields than columns"):
        benchmark_table.append(table(line("mac", "1.0") + ",more"), {})


def test_environments_have_a_column_where_a_run_has_some() -> None:
    rows = [make_row(environment=name, requirements=[f"tick=={name}"]) for name in ("1.0", "1.1")]
    plain = benchmark_table.append(None, {"plain": throughput_csv.write([make_row()])})
    both = benchmark_table.append(plain.text, {"demo-1": throughput_csv.write(rows)})
    lines = list(csv.DictReader(io.StringIO(both.text)))
    assert [line["featray_environment"] for line in lines] == ["", "1.0", "1.1"]
    again = benchmark_table.append(both.text, {"plain": throughput_csv.write([make_row()])})
    assert again.text == both.text
