"""Bundles: what goes in comes out, and what was changed is refused."""

import dataclasses
import io
import json
import random
import zipfile

import pytest

from featray.interchange import bundle
from featray.interchange.bundle import Bundle
from tests.support.builders import make_row, make_rows

ROWS = (*make_rows([0.7, 0.8]), make_row(invocation=3, status="oom", reason="out of\u2028memory"))
DOCUMENTS = {
    "drift.json": "[]",
    "cells.json": json.dumps({ROWS[0].sweep: [{"cell_id": ROWS[0].cell_id}]}),
    "inventory.json": '{"hosts":[]}',
}
WHOLE = Bundle(
    rows=ROWS,
    outputs={bundle.output_key(ROWS[0]): b"PAR1 of an output"},
    documents=DOCUMENTS,
    featray="0.2.0",
    made_at="2026-05-14T00:00:00+00:00",
    is_anonymous=False,
)


def rewrite(content: bytes, **changes: bytes | None) -> bytes:
    """Change members of an archive by name; None takes one out, a new name adds one."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {**{name: archive.read(name) for name in archive.namelist()}, **changes}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, member in members.items():
            if member is not None:
                archive.writestr(name, member)
    return stream.getvalue()


def test_what_is_packed_is_unpacked() -> None:
    assert bundle.unpack(bundle.pack(WHOLE)) == WHOLE


def test_equal_bundles_are_equal_files() -> None:
    assert bundle.pack(WHOLE) == bundle.pack(dataclasses.replace(WHOLE))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows.jsonl": b"{}\n"}, "rows.jsonl: not what the manifest says"),
        ({"outputs/1.parquet": b"other"}, r"outputs/1.parquet: not what the manifest says"),
        ({"outputs/1.parquet": None}, r"outputs/1.parquet: missing"),
        ({"more.json": b"{}"}, "more.json: not in the manifest"),
        ({"manifest.json": None}, "not a bundle of featray: no manifest.json"),
        ({"manifest.json": b"[]"}, "lists no members"),
        ({"manifest.json": b"[" * 100_000}, "no manifest.json that can be read"),
        ({"manifest.json": b'{"format": 2, "members": {}}'}, "format 2, but this featray reads 1"),
    ],
)
def test_a_changed_bundle_is_refused(changes: dict[str, bytes | None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bundle.unpack(rewrite(bundle.pack(WHOLE), **changes))


def test_a_row_count_that_is_not_that_of_the_manifest_is_refused() -> None:
    whole = bundle.pack(WHOLE)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    changed = json.dumps({**manifest, "rows": 2}).encode()
    with pytest.raises(ValueError, match="3 rows, but the manifest says 2"):
        bundle.unpack(rewrite(whole, **{"manifest.json": changed}))


def test_no_single_changed_byte_gives_other_contents() -> None:
    whole, chance = bundle.pack(WHOLE), random.Random(1)
    outcomes = set()
    for place in chance.sample(range(len(whole)), 200):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        try:
            read = bundle.unpack(bytes(damaged))
        except ValueError:
            outcomes.add("refused")
        else:
            outcomes.add("the same")
            assert read == WHOLE
    assert "refused" in outcomes


def rewrite_all(content: bytes, **changes: bytes | None) -> bytes:
    """Change members, and the manifest so that it names their digests."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    for name, member in changes.items():
        if member is None:
            del manifest["members"][name]
        else:
            manifest["members"][name] = bundle.sha256(member)
    return rewrite(content, **changes, **{"manifest.json": json.dumps(manifest).encode()})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cells.json": None}, r"^cells.json: missing; it was changed after it was made; ask for the original$"),
        ({"drift.json": None}, "^drift.json: missing"),
        ({"inventory.json": None}, "^inventory.json: missing"),
        ({"cells.json": b"[1,2]"}, "^cells.json: no list of cells for each sweep; it was changed"),
        ({"cells.json": b'{"demo":[1]}'}, "^cells.json: no list of cells for each sweep"),
        ({"cells.json": b'{"demo":[{}]}'}, "^cells.json: no list of cells for each sweep"),
        ({"cells.json": b"{}"}, "^cells.json: lacks cell [0-9a-f]{12} of sweep 'demo'"),
        ({"cells.json": b"{nope"}, "^cells.json: cannot be read as JSON"),
        ({"cells.json": b"[" * 100_000}, "^cells.json: cannot be read as JSON"),
        ({"cells.json": b"\xff"}, "^cells.json: cannot be read as JSON"),
        ({"rows.jsonl": b""}, "^rows.jsonl:1: Expecting value.*; it was changed"),
        ({"drift.json": b"{}"}, "^drift.json: no list of drifts"),
        ({"drift.json": b"[3]"}, "^drift.json: no list of drifts"),
        ({"inventory.json": b"[]"}, "^inventory.json: no list of hosts"),
        ({"inventory.json": b'{"hosts":[1]}'}, "^inventory.json: no list of hosts"),
    ],
)
def test_a_damaged_member_is_refused_by_its_name(changes: dict[str, bytes | None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bundle.unpack(rewrite_all(bundle.pack(WHOLE), **changes))


def test_rows_of_a_newer_schema_are_refused_with_what_to_do() -> None:
    rows = bundle.pack(dataclasses.replace(WHOLE, rows=(*ROWS[:2], make_row(schema_version=99))))
    with pytest.raises(
        ValueError, match=r"^rows.jsonl:3: schema_version 99, but this featray reads up to 1; install a newer"
    ):
        bundle.unpack(rows)


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(ValueError, match="not a whole bundle"):
        bundle.unpack(bundle.pack(WHOLE)[:-30])


def test_a_row_whose_work_was_changed_is_found() -> None:
    false = dataclasses.replace(ROWS[0], work={**(ROWS[0].work or {}), "au_model": '"other"'})
    assert bundle.find_false_work(ROWS) is None
    assert bundle.find_false_work([*ROWS, false]) is false


def test_a_small_archive_that_fills_the_memory_is_refused_before_it_is_unpacked() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", b" " * (bundle.SMALL_B + 1))
    with pytest.raises(ValueError, match="times as large when unpacked, which no bundle is"):
        bundle.unpack(stream.getvalue())


def test_rows_with_texts_of_any_length_are_packed_so_that_they_can_be_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "SMALL_B", 2**16)
    rows = (make_row(invocation=1), make_row(invocation=2, status="failed", stderr_tail="m" * 2**22))
    unpacked = bundle.unpack(bundle.pack(dataclasses.replace(WHOLE, rows=rows, outputs={})))
    assert unpacked.rows[0] == rows[0]
    assert 400 < len(str(unpacked.rows[1].stderr_tail)) <= 500


def test_a_row_that_is_nested_too_deeply_is_refused_with_its_line() -> None:
    whole = bundle.pack(WHOLE)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        manifest, rows = json.loads(archive.read("manifest.json")), b"[" * 100_000
    manifest["members"]["rows.jsonl"] = bundle.sha256(rows)
    with pytest.raises(ValueError, match=r"rows.jsonl:1: "):
        bundle.unpack(rewrite(whole, **{"manifest.json": json.dumps(manifest).encode(), "rows.jsonl": rows}))
