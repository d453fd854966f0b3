"""Small files, of which a submit leaves thousands: read one by one, each in a single request.

Arrow's dataset scanner keeps the parsed footer of every file that it has seen, 230 kB each, and takes twice as long.
"""

import concurrent.futures
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from featray.core import row as rows
from featray.store import footers, schema
from featray.store import stored_files as places
from featray.store.stored_files import Place, StoredFile, StoreProblem

LIMIT_B = 128 * 1024  # what is not larger is read in one request; a file of one row has 10 to 30 kB
TOGETHER = 128  # files made one piece at a time: 2000 tables of one row each took 260 MB
LOCAL_THREADS = 2  # parsing footers holds the interpreter's lock most of the time
REMOTE_THREADS = 16  # requests to an object store mostly wait
UNREADABLE = (pa.ArrowException, OSError, UnicodeDecodeError)


@dataclasses.dataclass(frozen=True)
class _Read:
    """The columns asked for that one file has, or why there are none."""

    file: StoredFile
    table: Any = None
    problem: StoreProblem | None = None


def read(
    place: Place,
    files: Sequence[StoredFile],
    columns: Sequence[str],
    *,
    name_column: str,
    equal: Mapping[str, str] | None = None,
    whole: bool = False,
) -> tuple[Any, list[StoreProblem]]:
    """Read columns of small files into one table, with each file's path in `name_column`.

    Args:
        place: The store.
        files: None larger than `LIMIT_B`.
        columns: Names of the reading schema.
        name_column: Name for the column of paths.
        equal: Skip files whose footers tell that none of their rows has these values.
        whole: Read the other columns too, so that a file which is damaged there is a problem.

    Raises:
        FileNotFoundError: one of them has gone meanwhile.
    """
    every = schema.reading_schema()
    wanted = pa.schema([field for field in every if whole or field.name in columns])
    kept = [*(field.name for field in every if field.name in columns), name_column]
    parts, problems = [pa.schema([*wanted, (name_column, pa.string())]).empty_table().select(kept)], []
    with _pool(place) as pool:
        for begin in range(0, len(files), TOGETHER):
            some = files[begin : begin + TOGETHER]
            found = list(pool.map(lambda file: _read(place, file, wanted.names, equal or {}), some))
            table, wrong = _together(place, found, wanted, name_column)
            parts.append(table.select(kept))
            problems += wrong
    return pa.concat_tables(parts), problems


def _together(place: Place, found: Sequence[_Read], wanted: Any, name_column: str) -> tuple[Any, list[StoreProblem]]:
    """Make one table, in one piece, of what was read."""
    problems = [each.problem for each in found if each.problem]
    parts = [pa.schema([*wanted, (name_column, pa.string())]).empty_table()]
    for group in _alike(each for each in found if each.table is not None):
        tables, wrong = _conform(group, wanted)
        problems += wrong
        parts += [_named(place, table, held, name_column) for table, held in tables]
    return pa.concat_tables(parts).combine_chunks(), problems


def _read(place: Place, file: StoredFile, columns: Sequence[str], equal: Mapping[str, str]) -> _Read:
    if file.size_b == 0:
        return _Read(file, problem=StoreProblem(file.name, "empty; delete it"))
    try:
        content = _content(place, file)
        held = footers.units(content) if equal else None
        if held is not None and not any(footers.agrees(unit, equal) for unit in held):
            return _Read(file)
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as opened:
            if "schema_version" not in opened.schema_arrow.names:
                return _Read(file, problem=foreign(file.name))
            return _Read(file, opened.read(columns=columns, use_threads=False).replace_schema_metadata(None))
    except FileNotFoundError:
        raise
    except UNREADABLE as damage:
        return _Read(file, problem=damaged(file, damage))


def _pool(place: Place) -> concurrent.futures.ThreadPoolExecutor:
    return concurrent.futures.ThreadPoolExecutor(LOCAL_THREADS if place.is_local else REMOTE_THREADS)


def _content(place: Place, file: StoredFile) -> bytes:
    with places.opened(place, file.name) as stream:
        return bytes(stream.read())


def units(place: Place, files: Sequence[StoredFile]) -> tuple[list[footers.FooterUnit], list[StoredFile]]:
    """Read what footers tell of rows, in all files that are whole and hold rows of today's schema alone.

    Returns:
        `footers.COLUMNS` of each row, and the other files.

    Raises:
        FileNotFoundError: one of them has gone meanwhile.
    """

    def held(file: StoredFile) -> list[footers.FooterUnit] | None:
        try:
            found = footers.units(_content(place, file)) if 0 < file.size_b <= LIMIT_B else None
            is_today = found and all(unit["schema_version"] == rows.SCHEMA_VERSION for unit in found)
            return found if is_today else None
        except FileNotFoundError:
            raise
        except UNREADABLE:
            return None

    with _pool(place) as pool:
        found = list(pool.map(held, files))
    others = [file for file, each in zip(files, found, strict=True) if each is None]
    return [unit for each in found if each is not None for unit in each], others


def _alike(found: Iterable[_Read]) -> list[list[_Read]]:
    """Group files by the columns that they have, which are the same in all but a few."""
    groups: list[list[_Read]] = []
    for each in found:
        for group in groups:
            if group[0].table.schema.equals(each.table.schema):
                group.append(each)
                break
        else:
            groups.append([each])
    return groups


def _conform(group: list[_Read], wanted: Any) -> tuple[list[tuple[Any, list[_Read]]], list[StoreProblem]]:
    """Give a group the wanted columns and types; where they do not fit, find out which file is to blame."""
    try:
        return [(as_schema(pa.concat_tables([each.table for each in group]), wanted), group)], []
    except UNREADABLE as wrong:
        if len(group) == 1:
            return [], [misfit(group[0].file, wrong)]
    tables, problems = [], []
    for each in group:
        table, wrongs = _conform([each], wanted)
        tables += table
        problems += wrongs
    return tables, problems


def as_schema(table: Any, wanted: Any) -> Any:
    """Cast a table to a schema: columns that it lacks are null, others are dropped."""
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.schema.names
        else pa.nulls(table.num_rows, field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)


def _named(place: Place, table: Any, held: list[_Read], name_column: str) -> Any:
    paths = [place.path(each.file.name) for each in held for _ in range(each.table.num_rows)]
    return table.append_column(name_column, pa.array(paths, pa.string()))


def damaged(file: StoredFile, damage: BaseException) -> StoreProblem:
    """Report a file that is no parquet, or no longer."""
    return StoreProblem(file.name, f"damaged or not parquet ({_first_line(damage)}); move it out of the store")


def misfit(file: StoredFile, wrong: BaseException) -> StoreProblem:
    """Report a parquet file whose columns are not those of rows."""
    return StoreProblem(file.name, f"cannot be read as rows ({_first_line(wrong)}); move it out of the store")


def foreign(name: str) -> StoreProblem:
    """Report a parquet file of somebody else."""
    return StoreProblem(name, "not a table of featray's rows; move it out of the store")


def _first_line(wrong: BaseException) -> str:
    return str(wrong).strip().partition("\n")[0][:200]
