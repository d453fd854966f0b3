"""Damaged files: an import is refused with a clear error or complete; a store names what it cannot read."""

import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from featray import store
from featray.api.import_reports import import_reports
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
