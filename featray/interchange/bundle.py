"""Bundles: measured rows with everything that verdicts need, as one file that can be checked.

Flow: `api.export_bundle` -> `Bundle` -> `pack` -> a file; a file -> `unpack` -> `api.import_reports`. Pure.
A bundle is a zip archive. manifest.json names every other member with its SHA-256, so that a bundle with a member
that was changed, added or taken out is refused. Somebody who also rewrites the manifest is found out by the digest of
the whole file, which an export prints and `--sha256` of an import checks.

    manifest.json     format, featray, time, and the digest of every member
    rows.jsonl        one row per line, every column (`core.row`)
    outputs/N.parquet kept outputs; the manifest says of which unit each is
    drift.json        how far outputs lie from those of their reference
    cells.json        every sweep's cells, as they were asked for
    inventory.json    the machines, as `featray hosts --json` writes them
"""

import dataclasses
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from featray.core import identity, row_texts
from featray.core.row import SCHEMA_VERSION, Row, from_mapping, to_json

FORMAT = 1
SUFFIX = ".featray"
MAGIC = b"PK\x03\x04"  # the first bytes of every zip archive with a member
MANIFEST, ROWS = "manifest.json", "rows.jsonl"
CELLS, DRIFT, INVENTORY = DOCUMENTS = ("cells.json", "drift.json", "inventory.json")
SIZE_LIMIT_B = 4 * 1024**3  # of all members together, unpacked: 100 000 rows and their outputs take less than half
SMALL_B, RATIO_MAX = 64 * 1024**2, 100  # rows pack to a twentieth; what packs far better is made to fill the memory
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time of a zip archive: equal contents give equal files

OutputKey = tuple[str, str, str, str | None]
"""run_id, cell_id, target_id and work_id of the unit that an output belongs to."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bundle:
    """What a bundle holds."""

    rows: tuple[Row, ...]
    outputs: Mapping[OutputKey, bytes]  # as parquet
    documents: Mapping[str, str]  # name -> JSON, for people and other tools; an import only checks them
    featray: str  # version that made it
    made_at: str  # UTC, ISO 8601
    is_anonymous: bool


def pack(bundle: Bundle) -> bytes:
    """Write a bundle; the same bundle gives the same bytes."""
    members: dict[str, bytes] = {ROWS: "".join(f"{to_json(_shortened(row))}\n" for row in bundle.rows).encode()}
    members |= {name: text.encode() for name, text in bundle.documents.items()}
    files = {key: f"outputs/{number}.parquet" for number, key in enumerate(bundle.outputs, start=1)}
    members |= {files[key]: content for key, content in bundle.outputs.items()}
    manifest = {
        "format": FORMAT,
        "featray": bundle.featray,
        "made_at": bundle.made_at,
        "anonymous": bundle.is_anonymous,
        "rows": len(bundle.rows),
        "members": {name: sha256(content) for name, content in members.items()},
        "outputs": {file: list(key) for key, file in files.items()},
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {MANIFEST: json.dumps(manifest, indent=1).encode(), **members}.items():
            archive.writestr(_info(name), content)
    return stream.getvalue()


def _shortened(row: Row) -> Row:
    """Shorten what a process wrote: featray 0.1.0 stored it at any length, and such a bundle would be refused."""
    return row if row.stderr_tail is None else dataclasses.replace(row, stderr_tail=row_texts.tail(row.stderr_tail))


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".parquet") else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def sha256(content: bytes) -> str:
    """Compute a digest, as hex digits."""
    return hashlib.sha256(content).hexdigest()


def unpack(content: bytes) -> Bundle:
    """Read a bundle, after every digest was checked.

    Raises:
        ValueError: it is no bundle, was made by a newer featray, or was changed; the message names the member.
    """
    try:
        members = _read_members(content)
    # zipfile's own words for a compression that it lacks and for a member with a password are the third and the fourth.
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error) as wrong:
        raise ValueError(f"not a whole bundle: {wrong}; copy it again") from wrong
    manifest = _read_manifest(members)
    _check_members(members, manifest["members"])
    rows = _read_rows(members[ROWS])
    if len(rows) != manifest.get("rows"):
        raise ValueError(f"{len(rows)} rows, but the manifest says {manifest.get('rows')}; {REMEDY}")
    _check_documents(members, rows)
    return Bundle(
        rows=rows,
        outputs=_read_outputs(members, manifest.get("outputs")),
        documents={
            name: text.decode() for name, text in members.items() if name.endswith(".json") and name != MANIFEST
        },
        featray=str(manifest.get("featray")),
        made_at=str(manifest.get("made_at")),
        is_anonymous=manifest.get("anonymous") is True,
    )


REMEDY = "it was changed after it was made; ask for the original"


def _read_members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = archive.infolist()
        size_b = sum(info.file_size for info in infos)
        if size_b > SIZE_LIMIT_B:
            raise ValueError(f"larger than {SIZE_LIMIT_B // 1024**3} GiB when unpacked, which no bundle is")
        if size_b > max(SMALL_B, RATIO_MAX * len(content)):
            raise ValueError(f"{size_b // len(content)} times as large when unpacked, which no bundle is")
        if len({info.filename for info in infos}) < len(infos):
            raise ValueError(f"two members have one name; {REMEDY}")
        return {info.filename: archive.read(info) for info in infos}


def _read_manifest(members: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        manifest = json.loads(members[MANIFEST])
    except (KeyError, ValueError, RecursionError) as wrong:
        raise ValueError(f"not a bundle of featray: no {MANIFEST} that can be read") from wrong
    if not isinstance(manifest, dict) or not isinstance(manifest.get("members"), dict):
        raise ValueError(f"not a bundle of featray: {MANIFEST} lists no members")
    if manifest.get("format") != FORMAT:
        raise ValueError(f"format {manifest.get('format')!r}, but this featray reads {FORMAT}; install a newer featray")
    return manifest


def _check_members(members: Mapping[str, bytes], digests: Mapping[str, Any]) -> None:
    """Refuse a bundle whose members are not exactly those of the manifest."""
    for name in sorted({*members, *digests} - {MANIFEST}):
        if name not in digests:
            raise ValueError(f"{name}: not in the manifest; {REMEDY}")
        if name not in members:
            raise ValueError(f"{name}: missing; {REMEDY}")
        if sha256(members[name]) != digests[name]:
            raise ValueError(f"{name}: not what the manifest says; {REMEDY}")
    if ROWS not in members:
        raise ValueError(f"not a bundle of featray: no {ROWS}")
    for name in DOCUMENTS:
        if name not in members:
            raise ValueError(f"{name}: missing; {REMEDY}")


def _read_rows(content: bytes) -> tuple[Row, ...]:
    rows = []
    for number, line in enumerate(content.decode("utf-8").removesuffix("\n").split("\n"), start=1):
        try:
            rows.append(_read_row(line))
        except ValueError as wrong:
            raise ValueError(f"{ROWS}:{number}: {wrong}") from wrong
    return tuple(rows)


def _read_row(line: str) -> Row:
    """Read a row; its schema is checked first, since a newer one may hold values that this featray refuses."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        raise ValueError(f"{wrong}; {REMEDY}") from wrong
    if not isinstance(value, dict):
        raise ValueError("a row is a JSON object")
    version = value.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise ValueError(
            f"schema_version {version}, but this featray reads up to {SCHEMA_VERSION}; install a newer featray"
        )
    return from_mapping(value)


def _check_documents(members: Mapping[str, bytes], rows: Sequence[Row]) -> None:
    """Refuse documents that are damaged, or lists of cells that lack those of the rows."""
    cells, drifts, hosts = (_read_json(name, members[name]) for name in DOCUMENTS)
    if not isinstance(cells, dict) or not all(_is_list_of(listed, "cell_id") for listed in cells.values()):
        raise ValueError(f"{CELLS}: no list of cells for each sweep; {REMEDY}")
    listed = {(sweep, cell["cell_id"]) for sweep in cells for cell in cells[sweep]}
    for row in rows:
        if row.asked and (row.sweep, row.cell_id) not in listed:
            raise ValueError(f"{CELLS}: lacks cell {row.cell_id} of sweep {row.sweep!r}; {REMEDY}")
    if not _is_list_of(drifts):
        raise ValueError(f"{DRIFT}: no list of drifts; {REMEDY}")
    if not isinstance(hosts, dict) or not _is_list_of(hosts.get("hosts")):
        raise ValueError(f"{INVENTORY}: no list of hosts; {REMEDY}")


def _is_list_of(value: Any, name: str | None = None) -> bool:
    """Return True for a list of objects, each with a text of that name."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return False
    return name is None or all(isinstance(item.get(name), str) for item in value)


def _read_json(name: str, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as wrong:
        raise ValueError(f"{name}: cannot be read as JSON: {wrong}; {REMEDY}") from wrong


def _read_outputs(members: Mapping[str, bytes], listed: Any) -> dict[OutputKey, bytes]:
    outputs: dict[OutputKey, bytes] = {}
    for file, key in (listed if isinstance(listed, dict) else {}).items():
        if file not in members or not isinstance(key, list) or len(key) != len(_KEY_COLUMNS):
            raise ValueError(f"{MANIFEST}: outputs: {file}: not a member with its unit; {REMEDY}")
        outputs[(str(key[0]), str(key[1]), str(key[2]), None if key[3] is None else str(key[3]))] = members[file]
    return outputs


_KEY_COLUMNS = ("run_id", "cell_id", "target_id", "work_id")


def output_key(row: Row) -> OutputKey:
    """Name the output of the unit that a row belongs to."""
    return row.run_id, row.cell_id, row.target_id, row.work_id


def find_false_work(rows: Sequence[Row]) -> Row | None:
    """Find a row whose work is not that of its `work_id`. In an anonymous bundle the work may lack paths."""
    return next((row for row in rows if row.work and row.work_id and identity.digest(row.work) != row.work_id), None)
