"""Scanning: columns and rows of every usable file, and what is wrong with the others.

Large files are scanned together, in Arrow's threads. Only when that fails is each of them looked at alone, the
unreadable ones set aside with their reasons, and the rest scanned again. Small files are read one by one anyway.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from featray.core import row as rows
from featray.errors import StoreError
from featray.store import schema, small_files
from featray.store import stored_files as places
from featray.store.stored_files import Place, StoredFile, StoreProblem

FILE = "__filename"  # Arrow's name for the column of file paths
RETRIES = 20  # listings that a compaction may outdate in a row; each lost race means that one has just finished
VERSION = pc.field("schema_version")
_FORMAT = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
)


@dataclasses.dataclass(frozen=True)
class Condition:
    """Which rows to read: an Arrow expression, the columns that it looks at, and what it asks of keys in footers."""

    expression: Any
    columns: tuple[str, ...]
    equal: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Scan:
    """A table of the columns asked for with the column `FILE`, and the files that could not be used."""

    table: Any
    problems: tuple[StoreProblem, ...]


def scan(place: Place, columns: Sequence[str], condition: Condition | None = None, *, of_anybody: bool = False) -> Scan:
    """Read columns of every row that meets a condition, whatever compacts beside it.

    Args:
        place: The store.
        columns: Names of `schema.reading_schema()`; `schema_version` is added.
        condition: Pushed down to the row groups of large files.
        of_anybody: Also rows that are foreign or of a newer schema, for who deletes files and must see all of them.

    Raises:
        StoreError: the folder cannot be listed, or files vanish faster than they can be read.
    """
    found, problems = surviving(
        place, lambda files: scan_files(place, files, columns, condition, of_anybody=of_anybody)
    )
    return Scan(found, tuple(problems))


T = TypeVar("T")


def surviving(
    place: Place, use: Callable[[list[StoredFile]], tuple[T, list[StoreProblem]]]
) -> tuple[T, list[StoreProblem]]:
    """List the store and use its files, again from the start when a compaction has deleted one meanwhile.

    Raises:
        StoreError: the folder cannot be listed, or files vanish faster than they can be read.
    """
    for _ in range(RETRIES):
        files, problems = places.listing(place)
        try:
            found, unusable = use(files)
        except FileNotFoundError:
            continue
        return found, [*problems, *unusable]
    raise StoreError(f"{place.text}: files vanish while they are read; stop whatever deletes them and try again")


def scan_files(
    place: Place,
    files: Sequence[StoredFile],
    columns: Sequence[str],
    condition: Condition | None = None,
    *,
    of_anybody: bool = False,
    whole: bool = False,
) -> tuple[Any, list[StoreProblem]]:
    """Read columns of some files; rows that are foreign or too new are left out and named, unless asked for.

    Args:
        place: The store.
        files: Of it.
        columns: Names of `schema.reading_schema()`; `schema_version` is added.
        condition: Which rows.
        of_anybody: Also rows that are foreign or of a newer schema.
        whole: Read the rows' other columns too and drop them, so that rows which `read` cannot give are not given here.

    Raises:
        FileNotFoundError: one of the files has gone meanwhile.
        StoreError: a file cannot be read for a reason that looking at it alone does not show.
    """
    columns = list(dict.fromkeys(["schema_version", *columns, *(condition.columns if condition else ())]))
    # Rows without a version are kept, so that a foreign file is reported and not filtered away in silence.
    wanted = condition.expression | ~VERSION.is_valid() if condition else None
    few, problems = small_files.read(
        place,
        [file for file in files if file.size_b <= small_files.LIMIT_B],
        columns,
        name_column=FILE,
        equal=condition.equal if condition else {},
        whole=whole,
    )
    if wanted is not None:
        few = few.filter(wanted)
    large = [file for file in files if file.size_b > small_files.LIMIT_B]
    many, unusable = _scan_large(place, large, columns, wanted, whole=whole)
    found = few if many is None else pa.concat_tables([few, many.select(few.schema.names).cast(few.schema)])
    return (found, [*problems, *unusable]) if of_anybody else _known(place, found, [*problems, *unusable])


def _scan_large(
    place: Place, files: Sequence[StoredFile], columns: Sequence[str], wanted: Any | None, *, whole: bool
) -> tuple[Any | None, list[StoreProblem]]:
    if not files:
        return None, []
    try:
        return (_thinned if whole else _table)(place, files, columns, wanted), []
    except FileNotFoundError:
        raise
    except small_files.UNREADABLE as wrong:
        unusable = [problem for file in files if (problem := examine(place, file))]
        bad = {problem.file for problem in unusable}
        if not bad:
            raise StoreError(f"{place.text}: cannot read: {wrong}") from wrong
        usable = [file for file in files if file.name not in bad]
        rest, more = _scan_large(place, usable, columns, wanted, whole=whole)
        return rest, [*unusable, *more]


def _table(place: Place, files: Sequence[StoredFile], columns: Sequence[str], wanted: Any | None) -> Any:
    return _scanner(place, files, columns, wanted).to_table()


def _thinned(place: Place, files: Sequence[StoredFile], columns: Sequence[str], wanted: Any | None) -> Any:
    """Read every column, piece by piece, and keep some: outputs are 10 KB a row."""
    kept = [*columns, FILE]
    scanner = _scanner(place, files, schema.reading_schema().names, wanted)
    schema_ = pa.schema([scanner.projected_schema.field(name) for name in kept])
    return pa.Table.from_batches((batch.select(kept) for batch in scanner.to_batches()), schema_)


def _scanner(place: Place, files: Sequence[StoredFile], columns: Sequence[str], wanted: Any | None) -> Any:
    paths = [place.path(file.name) for file in files]
    dataset = ds.dataset(paths, schema=schema.reading_schema(), format=_FORMAT, filesystem=place.filesystem)
    return dataset.scanner(columns=[*columns, FILE], filter=wanted)


def _known(place: Place, found: Any, unusable: list[StoreProblem]) -> tuple[Any, list[StoreProblem]]:
    """Leave out rows that are not featray's or of a schema that is not known yet, and say so."""
    versions = found.column("schema_version")
    problems = list(unusable)
    foreign = pc.is_null(versions)
    newer = pc.fill_null(pc.greater(versions, rows.SCHEMA_VERSION), False)
    for mask, reason in (
        (foreign, "not a table of featray's rows; move it out of the store"),
        (newer, f"holds rows of a newer schema than {rows.SCHEMA_VERSION}; update featray to use them"),
    ):
        if pc.any(mask).as_py():
            names = pc.unique(found.filter(mask).column(FILE)).to_pylist()
            problems += [StoreProblem(relative(place, name), reason) for name in sorted(names)]
    if len(problems) > len(unusable):
        found = found.filter(pc.invert(pc.or_(foreign, newer)))
    return found, problems


def texts(values: Collection[str]) -> Any:
    """Make an Arrow array of strings, also of none."""
    return pa.array(sorted(values), pa.string())


def relative(place: Place, path: str) -> str:
    """Name a file as `place.listing` does, from the path that Arrow gives."""
    return path[path.find(place.folder) + len(place.folder) :].lstrip("/")


def examine(place: Place, file: StoredFile) -> StoreProblem | None:
    """Read a whole file and say what is wrong with it, if anything.

    Raises:
        FileNotFoundError: it has gone meanwhile.
    """
    if file.size_b <= small_files.LIMIT_B:
        found, problems = small_files.read(place, [file], schema.reading_schema().names, name_column=FILE)
        if problems:
            return problems[0]
    else:
        try:
            found = _table(place, [file], schema.reading_schema().names, None)
        except FileNotFoundError:
            raise
        except small_files.UNREADABLE as wrong:
            return _blame(place, file, wrong)
    if found.num_rows and pc.any(pc.is_null(found.column("schema_version"))).as_py():
        return small_files.foreign(file.name)
    return None


def _blame(place: Place, file: StoredFile, wrong: BaseException) -> StoreProblem:
    """Tell a damaged file from one whose columns are not those of rows."""
    try:
        with places.opened(place, file.name) as stream:
            pq.ParquetFile(stream, page_checksum_verification=True).read()
    except FileNotFoundError:
        raise
    except small_files.UNREADABLE as damage:
        return small_files.damaged(file, damage)
    return small_files.misfit(file, wrong)
