"""Read a bundle: a checked file -> rows that say which bundle they came in, and their outputs.

Flow: a path -> `read` -> `ParsedReport` -> `import_reports`.
"""

import dataclasses
from pathlib import Path

from featray import store
from featray.core.files import check_regular
from featray.core.output_table import OutputTable
from featray.core.row import BUNDLE_FROM, Row
from featray.errors import ImportFileError
from featray.interchange import bundle
from featray.interchange.bundle import Bundle, OutputKey
from featray.interchange.imported_rows import ParsedReport

DIGEST_LENGTH = 12  # hex digits of a bundle's digest in its rows, as of a cell's id


def is_bundle(path: Path) -> bool:
    """Return True for a zip archive, or a file that is named as a bundle."""
    if path.suffix == bundle.SUFFIX:
        return True
    try:
        check_regular(path)
        with path.open("rb") as stream:
            return stream.read(len(bundle.MAGIC)) == bundle.MAGIC
    except OSError:  # the reader of reports says what is wrong
        return False


def read(path: Path) -> ParsedReport:
    """Read a bundle, after every digest and the identity of every row was checked.

    Raises:
        ImportFileError: it cannot be read, is no bundle, or was changed; the message says where and what to do.
    """
    try:
        check_regular(path)
        content = path.read_bytes()
        whole = bundle.unpack(content)
        _check_work(whole)
        label = f"{path.name} sha256:{bundle.sha256(content)[:DIGEST_LENGTH]}"
        rows = tuple(dataclasses.replace(row, bundle=_provenance(row, label)) for row in whole.rows)
        return ParsedReport(rows, (), _read_outputs(whole))
    except ValueError as wrong:
        raise ImportFileError(f"{path}: {wrong}") from wrong
    except OSError as wrong:
        raise ImportFileError(f"{path}: cannot be read: {wrong.strerror or wrong}; check the path") from wrong


def _provenance(row: Row, label: str) -> str:
    """Name the bundle, and the one in which the row came to the store that made it."""
    return label if row.bundle is None else f"{label}{BUNDLE_FROM}{row.bundle}"


def _check_work(whole: Bundle) -> None:
    false = None if whole.is_anonymous else bundle.find_false_work(whole.rows)
    if false is not None:
        raise ValueError(f"{false!r}: its work is not that of its work_id {false.work_id}; {bundle.REMEDY}")


def _read_outputs(whole: Bundle) -> dict[OutputKey, OutputTable]:
    known = {bundle.output_key(row) for row in whole.rows}
    outputs = {}
    for key, content in whole.outputs.items():
        if key not in known:
            raise ValueError(f"an output belongs to no row ({', '.join(map(str, key))}); {bundle.REMEDY}")
        outputs[key] = store.outputs.decode(content)
    return outputs
