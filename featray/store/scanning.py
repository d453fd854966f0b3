"""Scanning: columns and rows of every usable file, and what is wrong with the others.

Flow: `stored_files.list_files` -> `scan` -> `reading`, `summary`, `removal`.
Large files are scanned together, in Arrow's threads. Only when that fails is each examined alone: the
unreadable ones become problems, and the rest is scanned again. Small files are read one by one anyway.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from featray.core import row_values
from featray.core.row import SCHEMA_VERSION
from featray.errors import StoreError
from featray.store import faults, footers, removed_runs, schema, small_files
from featray.store.conditions import VERSION, Condition
from featray.store.location import Location
from featray.store.problems import (
    StoreProblem,
    report_change,
    report_damage,
    report_foreign,
    report_misfit,
    report_newer,
)
from featray.store.schema import FILE_COLUMN
from featray.store.stored_files import StoredFile, list_files, open_file

RETRIES = 20  # listings that a compaction may outdate in a row; each lost race means that one has just finished
_FORMAT = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
)


@dataclasses.dataclass(frozen=True)
class Scan:
    """A table of the columns asked for and `FILE_COLUMN`, and the files that could not be used."""

    table: Any
    problems: tuple[StoreProblem, ...]


def scan(
    location: Location,
    columns: Sequence[str],
    condition: Condition | None = None,
    *,
    keep_unusable: bool = False,
    note_faults: bool = False,
) -> Scan:
    """Read columns of every row that meets a condition, also while a compaction runs.

    Args:
        location: The store.
        columns: Names of `schema.reading_schema()`; `schema_version` and `run_id` are added.
        condition: Which rows; it is pushed down to the row groups of large files.
        keep_unusable: Keep rows that are foreign, of a newer schema or of a removed run: who deletes files must see all
            of them.
        note_faults: Add `faults.FAULT_COLUMN`.

    Raises:
        StoreError: the folder cannot be listed, or files vanish faster than they can be read.
    """
    return list_and_read(
        location,
        lambda files: scan_files(
            location, files, columns, condition, keep_unusable=keep_unusable, note_faults=note_faults
        ),
        keep_removed=keep_unusable,
    )


def list_and_read(location: Location, read: Callable[[list[StoredFile]], Scan], *, keep_removed: bool = False) -> Scan:
    """List the store and read its files; start again when a compaction has deleted one of them.

    Args:
        location: The store.
        read: Reads files into a table with the column `run_id`.
        keep_removed: Keep what is left of the rows of removed runs.

    Raises:
        StoreError: the folder cannot be listed, or files vanish faster than they can be read.
    """
    for _ in range(RETRIES):
        files, problems = list_files(location)
        try:
            scanned = read(files)
        except FileNotFoundError:
            continue
        # Listed after the files: who removes a run marks it before the first of its files goes.
        marks = frozenset() if keep_removed else removed_runs.list_marks(location)
        return Scan(removed_runs.drop_rows(scanned.table, marks), (*problems, *scanned.problems))
    raise StoreError(f"{location.name}: files vanish while they are read; stop whatever deletes them and try again")


def scan_files(
    location: Location,
    files: Sequence[StoredFile],
    columns: Sequence[str],
    condition: Condition | None = None,
    *,
    keep_unusable: bool = False,
    check_all_columns: bool = False,
    note_faults: bool = False,
) -> Scan:
    """Read columns of some files; files with rows that are foreign or too new are problems.

    Args:
        location: The store.
        files: Files of the store.
        columns: Names of `schema.reading_schema()`; `schema_version` and `run_id` are added.
        condition: Which rows.
        keep_unusable: Keep rows that are foreign or of a newer schema, and report none of them.
        check_all_columns: Read the other columns too, so that a file which is damaged there is a problem.
        note_faults: As of `scan`.

    Raises:
        FileNotFoundError: one of the files is gone.
        StoreError: a file cannot be read for a reason that examining it alone does not show.
    """
    columns = list(dict.fromkeys(["schema_version", "run_id", *columns, *(condition.columns if condition else ())]))
    # Rows without a version are kept, so that a foreign file is reported and not filtered away in silence.
    expression = condition.expression | ~VERSION.is_valid() if condition else None
    table, problems = small_files.read(
        location,
        [file for file in files if file.size_b <= small_files.LIMIT_B],
        columns,
        key_values=condition.key_values if condition else {},
        check_all_columns=check_all_columns,
        note_faults=note_faults,
    )
    if expression is not None:
        table = table.filter(expression)
    large = [file for file in files if file.size_b > small_files.LIMIT_B]
    tables = [table]
    feet = _read_footers(location, large)
    changed = [file for file in large if footers.is_footer_changed(feet[file]) and not keep_unusable]
    problems += [report_change(file.name) for file in changed]
    whole = {file: footer for file, footer in feet.items() if file not in changed}
    for wanted, chosen in _choose(whole, _Wanted(columns, expression, check_all_columns, note_faults)):
        large_table, unreadable = _scan_large(location, chosen, wanted)
        tables += [] if large_table is None else [large_table.select(table.schema.names).cast(table.schema)]
        problems += unreadable
    table = pa.concat_tables(tables)
    table, unusable = (table, []) if keep_unusable else _drop_unusable(location, table)
    return Scan(table, (*problems, *unusable))


@dataclasses.dataclass(frozen=True)
class _Wanted:
    """What is read of large files."""

    columns: Sequence[str]
    expression: Any | None
    check_all_columns: bool
    note_faults: bool
    are_checked: bool = False  # the files are known to have no faults

    @property
    def read_names(self) -> list[str]:
        """List the columns that are read, a part of which may be kept."""
        if self.check_all_columns:
            return [*schema.reading_schema().names, FILE_COLUMN]
        checked = schema.CHECKED if self.note_faults and not self.are_checked else ()
        return list(dict.fromkeys([*self.columns, *checked, FILE_COLUMN]))

    def keep(self, piece: Any) -> Any:
        """Give what is kept of a piece."""
        if self.note_faults:
            return faults.note(piece, self.columns, is_checked=self.are_checked)
        return piece.select([*self.columns, FILE_COLUMN])


def _choose(feet: Mapping[StoredFile, bytes], wanted: _Wanted) -> Iterator[tuple[_Wanted, list[StoredFile]]]:
    """Divide files, with their footers, into those to be checked and those that are known to have no faults."""
    is_checked = {
        file: wanted.note_faults and footers.has_sound_mark(footer, row_values.RULES) for file, footer in feet.items()
    }
    yield wanted, [file for file in feet if not is_checked[file]]
    yield dataclasses.replace(wanted, are_checked=True), [file for file in feet if is_checked[file]]


def _read_footers(location: Location, files: Sequence[StoredFile]) -> dict[StoredFile, bytes]:
    """Read the footers of files, several at a time where requests wait."""
    read = functools.partial(_read_footer, location)
    return dict(zip(files, small_files.run_together(location, read, [file.name for file in files]), strict=True))


def has_sound_mark(location: Location, name: str) -> bool:
    """Return True for a file that featray wrote with rows that it had found to be without a fault.

    Raises:
        FileNotFoundError: it is gone.
    """
    return footers.has_sound_mark(_read_footer(location, name), row_values.RULES)


def _read_footer(location: Location, name: str) -> bytes:
    """Read a file's footer; empty where it cannot be read.

    Raises:
        FileNotFoundError: it is gone.
    """
    try:
        with open_file(location, name) as stream:
            return footers.read_footer(stream)
    except FileNotFoundError:
        raise
    except OSError:
        return b""  # whoever reads it whole says why


def _scan_large(
    location: Location, files: Sequence[StoredFile], wanted: _Wanted
) -> tuple[Any | None, list[StoreProblem]]:
    if not files:
        return None, []
    try:
        return _read(location, files, wanted), []
    except FileNotFoundError:
        raise
    except small_files.READ_ERRORS as error:
        problems = [problem for file in files if (problem := examine(location, file))]
        bad = {problem.file for problem in problems}
        if not bad:
            raise StoreError(f"{location.name}: cannot read: {error}") from error
        table, more = _scan_large(location, [file for file in files if file.name not in bad], wanted)
        return table, [*problems, *more]


def _read(location: Location, files: Sequence[StoredFile], wanted: _Wanted) -> Any:
    """Read large files: all at once, or piece by piece where not all that is read is kept: outputs are 10 KB a row."""
    kept = {*wanted.columns, FILE_COLUMN}
    if kept.issuperset(wanted.read_names):
        return wanted.keep(_scanner(location, files, wanted.read_names, wanted.expression).to_table())
    scanner = _scanner(location, files, wanted.read_names, wanted.expression, **_IN_PIECES)
    nothing = scanner.projected_schema.empty_table()
    return pa.concat_tables([wanted.keep(piece) for piece in (nothing, *_pieces(scanner))])


PIECE_ROWS = 16_384
_IN_PIECES = {"batch_size": PIECE_ROWS, "batch_readahead": 2, "fragment_readahead": 1}


def _pieces(scanner: Any) -> Iterator[Any]:
    """Join batches, which may be as small as the row groups of a file, to pieces."""
    batches: list[Any] = []
    for batch in scanner.to_batches():
        batches.append(batch)
        if sum(batch.num_rows for batch in batches) >= PIECE_ROWS:
            yield pa.Table.from_batches(batches)
            batches = []
    if batches:
        yield pa.Table.from_batches(batches)


def _scanner(
    location: Location, files: Sequence[StoredFile], names: Sequence[str], expression: Any | None, **options: int
) -> Any:
    paths = [location.path(file.name) for file in files]
    dataset = ds.dataset(paths, schema=schema.reading_schema(), format=_FORMAT, filesystem=location.filesystem)
    return dataset.scanner(columns=list(names), filter=expression, **options)


def _drop_unusable(location: Location, table: Any) -> tuple[Any, list[StoreProblem]]:
    """Drop rows that are not featray's or of a schema that is not known yet, and report their files."""
    versions = table.column("schema_version")
    foreign = pc.is_null(versions)
    newer = pc.fill_null(pc.greater(versions, SCHEMA_VERSION), False)
    problems = [
        report(name)
        for mask, report in ((foreign, report_foreign), (newer, report_newer))
        for name in sorted(file_names(location, table.filter(mask)))
    ]
    return (table.filter(pc.invert(pc.or_(foreign, newer))) if problems else table), problems


def file_names(location: Location, table: Any) -> set[str]:
    """Name the files that a table's rows come from, as `stored_files.list_files` does."""
    return {file_name(location, path) for path in pc.unique(table.column(FILE_COLUMN)).to_pylist()}


def file_name(location: Location, path: str) -> str:
    """Name a file as `stored_files.list_files` does, from the path that Arrow gives."""
    return path[path.find(location.folder) + len(location.folder) :].lstrip("/")


def examine(location: Location, file: StoredFile) -> StoreProblem | None:
    """Read a whole file and say what is wrong with it, if anything.

    Raises:
        FileNotFoundError: it is gone.
    """
    columns = schema.reading_schema().names
    if file.size_b <= small_files.LIMIT_B:
        table, problems = small_files.read(location, [file], columns)
        if problems:
            return problems[0]
    else:
        try:
            table = _scanner(location, [file], [*columns, FILE_COLUMN], None).to_table()
        except FileNotFoundError:
            raise
        except small_files.READ_ERRORS as error:
            return _find_cause(location, file, error)
        if has_changed(location, file.name):
            return report_change(file.name)
    try:
        table.validate(full=True)  # texts that are not UTF-8
    except pa.ArrowInvalid as error:
        return report_misfit(file.name, error)
    is_foreign = table.num_rows and pc.any(pc.is_null(table.column("schema_version"))).as_py()
    return report_foreign(file.name) if is_foreign else None


def has_changed(location: Location, name: str) -> bool:
    """Return True for a file whose checksum does not fit; False where it has none, as large files of older stores.

    Raises:
        FileNotFoundError: it is gone.
    """
    with open_file(location, name) as stream:
        if footers.CHECKSUM_KEY.encode() not in (pq.read_metadata(stream).metadata or {}):
            return False
        stream.seek(0)
        return footers.is_changed(bytes(stream.read()))


def _find_cause(location: Location, file: StoredFile, error: BaseException) -> StoreProblem:
    """Find out whether a file is damaged, or whole with columns that are not those of rows."""
    try:
        with open_file(location, file.name) as stream:
            pq.ParquetFile(stream, page_checksum_verification=True).read()
    except FileNotFoundError:
        raise
    except small_files.READ_ERRORS as damage:
        return report_damage(file.name, damage)
    return report_misfit(file.name, error)
