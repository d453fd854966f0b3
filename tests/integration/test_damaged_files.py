"""Damaged files: an import is refused with a clear error or complete; a store names what it cannot read."""

import contextlib
import dataclasses
import json
import math
import random
import tempfile
import typing
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import featray
from featray import store
from featray.api.export import FORMATS
from featray.api.import_reports import import_reports
from featray.core.row import Row, columns
from featray.errors import ImportFileError
from featray.interchange import report_files
from tests.support import pyfeat_reports
from tests.support.builders import make_row

pytestmark = pytest.mark.long

QUICK = settings(max_examples=80, derandomize=True, deadline=None)
CSV = (
    "feat_version,date,host,gpu,config,device,batch,section_kind,section_label,fps\n"
    '2.1.5,2026-07-01,box,"CUDA 12.8, NVIDIA RTX 4000",img2pose,cuda,16,video,short,33.3\n'
)
TEXTS = {".md": pyfeat_reports.markdown(), ".json": json.dumps(pyfeat_reports.payload()), ".csv": CSV}


def offer(suffix: str, content: bytes) -> None:
    """Import a file; check that it is refused by its name, or that all its rows are stored."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"offered{suffix}"
        file.write_bytes(content)
        results = Path(folder) / "results"
        try:
            imported = import_reports(file, results=str(results))
        except ImportFileError as error:
            imported, message = None, str(error)
        if imported is None:
            assert message.startswith(f"{file}: ")
            assert not results.exists()
            return
        reading = store.read(results, every_attempt=True)
        assert len(reading.rows) == imported.added > 0
        assert reading.problems == ()
        assert all(row.timed_s and row.timed_s[0] > 0 for row in reading.rows)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """Take a good file, and cut or replace parts of it."""
    suffix = draw(st.sampled_from(sorted(TEXTS)))
    content = TEXTS[suffix].encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 30)))
        tokens = st.sampled_from(
            [b"|", b"\n", b'"', b",", b"0", b"-1", b"1e999", b"NaN", b"\x00", b"\xff", b"{", b"## Video: "]
        )
        content = content[:start] + draw(tokens | st.binary(max_size=6)) + content[end:]
    return suffix, content


@QUICK
@given(mutated())
def test_a_report_with_any_damage_is_refused_or_imported_whole(offered: tuple[str, bytes]) -> None:
    offer(*offered)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@QUICK
@given(st.sampled_from(sorted(pyfeat_reports.payload()["records"][0])), JSON, st.booleans())  # type: ignore[index]  # any JSON
def test_any_value_in_any_field_of_a_run_is_refused_or_imported_whole(name: str, value: Any, in_metadata: bool) -> None:
    payload: Any = pyfeat_reports.payload()
    if in_metadata:
        payload["metadata"][sorted(payload["metadata"])[len(name) % len(payload["metadata"])]] = value
    else:
        payload["records"][0][name] = value
    offer(".json", json.dumps(payload).encode())


@settings(QUICK, max_examples=30)
@given(st.sampled_from([".parquet", ".md", ".json", ".csv", ""]), st.data())
def test_a_file_of_the_store_is_refused_whatever_it_is_called_and_however_damaged(
    suffix: str, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        content = bytearray((Path(folder) / "rows" / store.append(folder, [make_row()])).read_bytes())
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 50))] = data.draw(st.binary(max_size=6))
        file = Path(folder) / f"offered{suffix}"
        file.write_bytes(bytes(content))
        with pytest.raises(ImportFileError, match=r"offered"):
            import_reports(file, results=str(folder))
        assert len(store.read(folder).rows) == 1


@QUICK
@given(st.sampled_from([".md", ".json", ".csv", ".txt", ".parquet", ""]), st.binary(max_size=200))
def test_any_bytes_are_refused(suffix: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"offered{suffix}"
        file.write_bytes(content)
        with contextlib.suppress(ImportFileError):
            report_files.read(file)
            raise AssertionError("random bytes were read as a report")


@settings(QUICK, max_examples=30)
@given(st.data())
def test_any_damage_to_a_stored_file_is_named_or_harmless(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as results:
        whole, damaged = make_row(invocation=1), make_row(invocation=2)
        store.append(results, [whole])
        file = Path(results) / "rows" / store.append(results, [damaged])
        content = bytearray(file.read_bytes())
        if data.draw(st.booleans()):
            content = content[: data.draw(st.integers(0, len(content) - 1))]
        else:
            content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        file.write_bytes(bytes(content))
        rows = store.read(results).rows
        assert whole in rows
        assert {unit.key() for unit in store.keys(results).units} == {row.key() for row in rows}
        store.check(results)
        store.compact(results)
        assert whole in store.read(results).rows


FLOATS = (math.nan, math.inf, -1.0, 0.0, 5e-324, 1e18, 1e308, None)
INTEGERS = (-(2**63), -1, 0, 1, 2**63 - 1, None)
WORDS = ("", "\x1b[31m", "../../x", "[" * 50_000, "null", '{"detector": {}}', "NaN", "0", "gpu", "=1+1", "\n# x", None)


def any_value(draw: random.Random, kind: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return draw.choice([None, [], [any_value(draw, arguments[0]) for _ in range(draw.randint(1, 4))]])
    if origin is dict:
        name = draw.choice(["", "sec", "fps", "metadata", "config", "Roll"])
        return draw.choice([None, {}, {name: any_value(draw, arguments[1])}])
    values: dict[Any, Any] = {str: WORDS, float: FLOATS, int: INTEGERS, bool: (True, False, None)}
    return draw.choice(values[kind])


def any_row(draw: random.Random) -> Row:
    """Make a row with up to three values that are of the column's type and may be anything else."""
    row = make_row(run_id=draw.choice(["demo-1", "demo-2"]), invocation=draw.randint(1, 4))
    changed = draw.sample([column for column in columns() if column.name != "schema_version"], draw.randint(1, 3))
    values = {column.name: any_value(draw, column.type) for column in changed}
    is_left_out = {column.name for column in changed if not column.nullable and values[column.name] is None}
    return dataclasses.replace(row, **{name: value for name, value in values.items() if name not in is_left_out})


def refuse_constant(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_rows_with_any_values_end_no_report_comparison_recommendation_or_export(tmp_path: Path) -> None:
    draw = random.Random(1)
    for number in range(8):
        results = str(tmp_path / str(number))
        store.append(results, [any_row(draw) for _ in range(25)])
        store.append(results, [make_row(run_id=run, invocation=5) for run in ("demo-1", "demo-2")])
        for form in ("markdown", "html", "json"):
            text = featray.report("demo-1", results=results, baseline="demo-2", form=form, output=tmp_path / "o").text
            if form == "json":
                json.loads(text, parse_constant=refuse_constant)
        featray.compare("demo-1", "demo-2", results=results)
        featray.recommend(results=results)
        for to in FORMATS:
            texts = featray.export(to, results=results, everything=True).files.values()
            for text in texts if to in ("json", "github-action", "jsonl") else ():
                for document in text.split("\n")[:-1] if to == "jsonl" else [text]:
                    json.loads(document, parse_constant=refuse_constant)
