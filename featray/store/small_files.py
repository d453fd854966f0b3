"""Small files: a submit leaves thousands of them, and each is read in a single request.

Flow: `scanning` and `resuming` -> `read`, `read_footers`; `compaction` -> `read_whole`.
Arrow's dataset scanner keeps the parsed footer of every file that it has seen, 230 kB each, and takes twice as long.
"""

import collections
import concurrent.futures
import dataclasses
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from featray.core import row_values
from featray.core.row import SCHEMA_VERSION
from featray.core.row_texts import TAIL
from featray.store import faults, footers, schema
from featray.store.footers import FooterRow
from featray.store.location import Location
from featray.store.problems import (
    StoreProblem,
    report_bomb,
    report_change,
    report_damage,
    report_empty,
    report_foreign,
    report_long_texts,
    report_misfit,
)
from featray.store.schema import FILE_COLUMN
from featray.store.stored_files import StoredFile, open_file

LIMIT_B = 128 * 1024  # files up to this size are read in one request; a file of one row has 10 to 30 kB
OLDER_READ = 20  # files with an older footer that are read for what it lacks: 3 ms each; a run ends with one file
DECODED_B = 64 * 1024**2  # before decompression ends; a full small file with 1000 rows of 90 columns takes 10 MB
REPEATED_B = 2**30  # of one column of texts, if each were as long as all of them
SHARED_PREFIXES = "DELTA_BYTE_ARRAY"  # an encoding of texts by what they do not share with the one before
DECODED_VALUES = 8_000_000  # 1000 rows with 50 columns of outputs have 500 000
BATCH_FILES = 128  # files made into one table at a time: 2000 tables of one row each took 260 MB
LOCAL_THREADS = 2  # parsing footers holds the interpreter's lock most of the time
REMOTE_THREADS = 16  # requests to an object store mostly wait
READ_ERRORS = (pa.ArrowException, OSError, UnicodeDecodeError)


Done = TypeVar("Done")


@dataclasses.dataclass(frozen=True)
class FileTable:
    """What one file gave: a table of columns that it has, or a problem, or neither where it was skipped.

    Both: a column is left out of the table. featray 0.1.0 stored what a process wrote at any length.
    """

    file: StoredFile
    table: Any = None
    problem: StoreProblem | None = None
    is_checked: bool = False  # its rows were found to be without a fault when it was written


def read(
    location: Location,
    files: Sequence[StoredFile],
    columns: Sequence[str],
    *,
    key_values: Mapping[str, str] | None = None,
    check_all_columns: bool = False,
    note_faults: bool = False,
) -> tuple[Any, list[StoreProblem]]:
    """Read columns of small files into one table, with each file's path in `FILE_COLUMN`.

    Args:
        location: The store.
        files: None larger than `LIMIT_B`.
        columns: Names of the reading schema.
        key_values: Skip a file when its footer shows that none of its rows has these values.
        check_all_columns: Read the other columns too, so that a file which is damaged there is a problem.
        note_faults: Add `faults.FAULT_COLUMN`. Of files that were checked when they were written, only `columns` are
            read, so this is for callers to whom damage in other columns does not matter, or who check all.

    Raises:
        FileNotFoundError: one of the files is gone.
    """
    kept = _choose_fields(columns)
    wanted = _choose_fields([*columns, *(schema.CHECKED if note_faults else ())], all_of_them=check_all_columns)
    of_checked = kept if note_faults else wanted

    def read_one(file: StoredFile) -> FileTable:
        return _read_file(location, file, wanted.names, key_values or {}, of_checked.names)

    tables, problems = [_keep(_empty_table(wanted), kept, note_faults=note_faults)], []
    with _thread_pool(location) as pool:
        for begin in range(0, len(files), BATCH_FILES):
            file_tables = list(pool.map(read_one, files[begin : begin + BATCH_FILES]))
            for is_checked, fields in ((False, wanted), (True, of_checked)):
                chosen = [file_table for file_table in file_tables if file_table.is_checked is is_checked]
                table, misfits = _join(location, chosen, fields)
                tables.append(_keep(table, kept, note_faults=note_faults, is_checked=is_checked))
                problems += misfits
            problems += [file_table.problem for file_table in file_tables if file_table.problem]
    return pa.concat_tables(tables), problems


def _choose_fields(columns: Sequence[str], *, all_of_them: bool = False) -> Any:
    return pa.schema([field for field in schema.reading_schema() if all_of_them or field.name in columns])


def _keep(table: Any, kept: Any, *, note_faults: bool, is_checked: bool = False) -> Any:
    if note_faults:
        return faults.note(table, kept.names, is_checked=is_checked)
    return table.select([*kept.names, FILE_COLUMN])


def read_whole(
    location: Location, files: Sequence[StoredFile], *, key_values: Mapping[str, str] | None = None
) -> list[FileTable]:
    """Read small files with every column that each has, in their order; files that are gone are skipped.

    Args:
        location: The store.
        files: None larger than `LIMIT_B`.
        key_values: Skip a file when its footer shows that none of its rows has these values.
    """

    def read_one(file: StoredFile) -> FileTable:
        try:
            return _read_file(location, file, None, key_values or {}, None)
        except FileNotFoundError:
            return FileTable(file)

    with _thread_pool(location) as pool:
        return list(pool.map(read_one, files))


def read_footers(
    location: Location,
    files: Sequence[StoredFile],
    columns: Collection[str] = (),
    key_values: Mapping[str, str] | None = None,
) -> tuple[list[FooterRow], list[StoredFile]]:
    """Read the rows that footers hold, of all files that are whole and have rows of today's schema alone.

    Footers of an older featray lack columns. The last `OLDER_READ` of these files with rows of `key_values` must be
    read otherwise; of the rest the rows lack these columns.

    Args:
        location: The store.
        files: To read.
        columns: Wanted of `footers.COLUMNS`.
        key_values: Values that wanted rows have.

    Returns:
        `footers.COLUMNS` of each row, and the files that must be read otherwise.

    Raises:
        FileNotFoundError: one of the files is gone.
    """

    def read_footer(file: StoredFile) -> list[FooterRow] | None:
        try:
            rows = footers.read_rows(_content(location, file)) if 0 < file.size_b <= LIMIT_B else None
        except FileNotFoundError:
            raise
        except READ_ERRORS:
            return None
        return rows if rows and _are_of_today(rows) else None

    with _thread_pool(location) as pool:
        rows_by_file = list(pool.map(read_footer, files))
    wanted = set(columns) & set(footers.COLUMNS)
    older = [
        index
        for index, rows in enumerate(rows_by_file)
        if rows and any(wanted - row.keys() and footers.has_values(row, key_values or {}) for row in rows)
    ]
    unread = {index for index, rows in enumerate(rows_by_file) if rows is None} | {*older[-OLDER_READ:]}
    rows = [row for index, found in enumerate(rows_by_file) if index not in unread for row in found or ()]
    return rows, [files[index] for index in sorted(unread)]


def run_together(location: Location, work: Callable[[str], Done], names: Iterable[str]) -> list[Done]:
    """Do something with many files, several at a time where requests wait; return what each gave."""
    with _thread_pool(location) as pool:
        return list(pool.map(work, names))


def _thread_pool(location: Location) -> concurrent.futures.ThreadPoolExecutor:
    return concurrent.futures.ThreadPoolExecutor(LOCAL_THREADS if location.is_local else REMOTE_THREADS)


def _content(location: Location, file: StoredFile) -> bytes:
    with open_file(location, file.name) as stream:
        return bytes(stream.read())


def _read_file(
    location: Location,
    file: StoredFile,
    columns: Sequence[str] | None,
    key_values: Mapping[str, str],
    of_checked: Sequence[str] | None,
) -> FileTable:
    """Read a file; of one whose rows were checked, as its footer says, `of_checked` instead of `columns`."""
    if file.size_b == 0:
        return FileTable(file, problem=report_empty(file.name))
    try:
        content = _content(location, file)
        if footers.is_changed(content):
            return FileTable(file, problem=report_change(file.name))
        is_narrower = of_checked != columns
        rows = footers.read_rows(content) if key_values or is_narrower else None
        if key_values and rows and not any(footers.has_values(row, key_values) for row in rows):
            return FileTable(file)
        if is_narrower and (_are_of_today(rows) if rows else _has_sound_mark(content)):
            return FileTable(file, _read_columns(content, rows, of_checked or ()), is_checked=True)
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as parquet:
            if "schema_version" not in parquet.schema_arrow.names:
                return FileTable(file, problem=report_foreign(file.name))
            if not _is_too_large(parquet, content):
                return FileTable(file, _read_parquet(parquet, columns))
            if _is_too_large(parquet, content, left_out=TAIL):
                return FileTable(file, problem=report_bomb(file.name))
            kept = [
                name for name in parquet.schema_arrow.names if name != TAIL and (columns is None or name in columns)
            ]
            problem = report_long_texts(file.name, TAIL) if columns is None or TAIL in columns else None
            return FileTable(file, _read_parquet(parquet, kept), problem)
    except FileNotFoundError:
        raise
    except READ_ERRORS as error:
        return FileTable(file, problem=report_damage(file.name, error))


def _are_of_today(rows: Sequence[FooterRow]) -> bool:
    return all(row["schema_version"] == SCHEMA_VERSION for row in rows)


def _has_sound_mark(content: bytes) -> bool:
    return footers.has_sound_mark(footers.read_footer(io.BytesIO(content)), row_values.RULES)


def _read_columns(content: bytes, rows: Sequence[FooterRow] | None, columns: Sequence[str]) -> Any:
    """Read columns of a file that featray wrote and that is whole, from the rows of its footer where it has them."""
    if rows and all(set(columns) <= row.keys() for row in rows):
        return pa.Table.from_pylist(list(rows), schema=pa.schema([schema.SCHEMA.field(name) for name in columns]))
    with pq.ParquetFile(pa.BufferReader(content)) as parquet:
        return parquet.read(columns=columns, use_threads=False).replace_schema_metadata(None)


def _read_parquet(parquet: Any, columns: Sequence[str] | None) -> Any:
    return parquet.read(columns=columns, use_threads=False).replace_schema_metadata(None)


def is_refused(content: bytes) -> bool:
    """Return True for a file, as parquet, that readers would not take for one of featray's."""
    if len(content) > LIMIT_B:
        return False
    with pq.ParquetFile(pa.BufferReader(content)) as parquet:
        return _is_too_large(parquet, content)


def _is_too_large(parquet: Any, content: bytes, left_out: str | None = None) -> bool:
    """Return True for a small file whose columns, but for one, take more memory than small files can need.

    Compression, run lengths and dictionaries can make gigabytes out of kilobytes.
    """
    groups = [parquet.metadata.row_group(index) for index in range(parquet.metadata.num_row_groups)]
    chunks = [group.column(index) for group in groups for index in range(group.num_columns)]
    chunks = [chunk for chunk in chunks if chunk.path_in_schema != left_out]
    if sum(chunk.num_values for chunk in chunks) > DECODED_VALUES:
        return True
    return sum(chunk.total_uncompressed_size for chunk in chunks) > DECODED_B or _repeats_texts(content, chunks)


def _repeats_texts(content: bytes, chunks: Sequence[Any]) -> bool:
    """Return True where a long text stands for so many values that they do not fit."""
    at_most_b: collections.Counter[str] = collections.Counter()
    for chunk in chunks:
        if chunk.physical_type == "BYTE_ARRAY":
            at_most_b[chunk.path_in_schema] += chunk.num_values * chunk.total_uncompressed_size
    suspects = {path for path, size_b in at_most_b.items() if size_b > REPEATED_B}
    if any(chunk.path_in_schema in suspects and SHARED_PREFIXES in chunk.encodings for chunk in chunks):
        return True
    return bool(suspects) and _sum_texts(content, suspects) > DECODED_B


def _sum_texts(content: bytes, paths: Collection[str]) -> int:
    """Add up the bytes of all texts of some columns, each different text decoded once."""
    total_b = 0
    with pq.ParquetFile(pa.BufferReader(content), read_dictionary=paths) as parquet:
        for path in sorted(paths):
            for index in range(parquet.num_row_groups):  # maps with two dictionaries cannot be read at once
                table = parquet.read_row_group(index, columns=[path], use_threads=False)
                for texts in _find_dictionaries(table.columns):
                    total_b += pc.sum(pc.binary_length(texts.dictionary).take(texts.indices)).as_py() or 0
    return total_b


def _find_dictionaries(columns: Iterable[Any]) -> Iterator[Any]:
    """Find the texts in columns, also those in lists and maps."""
    arrays = [chunk for column in columns for chunk in column.chunks]
    while arrays:
        array = arrays.pop()
        if pa.types.is_dictionary(array.type):
            yield array
        elif pa.types.is_struct(array.type):
            arrays += array.flatten()
        elif pa.types.is_nested(array.type):
            arrays.append(array.values)


def _empty_table(wanted: Any) -> Any:
    return pa.schema([*wanted, (FILE_COLUMN, pa.string())]).empty_table()


def _join(location: Location, file_tables: Iterable[FileTable], wanted: Any) -> tuple[Any, list[StoreProblem]]:
    """Make one table, in one piece, of the tables of many files."""
    tables, problems = [_empty_table(wanted)], []
    for group in _group_by_columns(file_table for file_table in file_tables if file_table.table is not None):
        group_tables, misfits = _conform(location, group, wanted)
        tables += group_tables
        problems += misfits
    return pa.concat_tables(tables).combine_chunks(), problems


def _group_by_columns(file_tables: Iterable[FileTable]) -> list[list[FileTable]]:
    """Group files by the columns that they have, which are the same in nearly all files."""
    groups: list[list[FileTable]] = []
    for file_table in file_tables:
        for group in groups:
            if group[0].table.schema.equals(file_table.table.schema):
                group.append(file_table)
                break
        else:
            groups.append([file_table])
    return groups


def _conform(location: Location, group: list[FileTable], wanted: Any) -> tuple[list[Any], list[StoreProblem]]:
    """Give a group the wanted columns and types; where they do not fit, try each of its files alone."""
    try:
        table = _cast(pa.concat_tables([file_table.table for file_table in group]), wanted)
        return [_with_paths(location, table, group)], []
    except READ_ERRORS as error:
        if len(group) == 1:
            return [], [report_misfit(group[0].file.name, error)]
    tables, problems = [], []
    for file_table in group:
        conformed, misfits = _conform(location, [file_table], wanted)
        tables += conformed
        problems += misfits
    return tables, problems


def _cast(table: Any, wanted: Any) -> Any:
    """Cast a table to a schema: columns that it lacks are null, others are dropped."""
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.schema.names
        else pa.nulls(table.num_rows, field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)


def _with_paths(location: Location, table: Any, group: Sequence[FileTable]) -> Any:
    paths = [location.path(file_table.file.name) for file_table in group for _ in range(file_table.table.num_rows)]
    return table.append_column(FILE_COLUMN, pa.array(paths, pa.string()))
