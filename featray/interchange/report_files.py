"""Importing: which of py-feat's formats a file has, and its rows. Whatever is wrong with it is an ImportFileError."""

from pathlib import Path

from featray.errors import ImportFileError
from featray.interchange import imported_rows, labels, pyfeat_json, pyfeat_markdown, throughput_csv
from featray.interchange.imported_rows import Import

_PARQUET = b"PAR1"  # the first bytes of every such file
SIZE_LIMIT_B = 64 * 1024**2  # a report of 27 cells has 5 kB; a million of them fit


def read(path: Path) -> Import:
    """Read a file of any known format. The run is named after the file.

    Raises:
        ImportFileError: the file is missing, unreadable or of no known format; the message says where it goes wrong.
    """
    text = _text(path)
    parse = {".md": pyfeat_markdown.parse, ".json": pyfeat_json.parse, ".csv": throughput_csv.parse}.get(
        path.suffix.lower()
    )
    if parse is None:
        parse = pyfeat_markdown.parse if pyfeat_markdown.is_report(text) else None
    if parse is None:
        raise ImportFileError(f"{path}: expected a report of py-feat: .md, .json (schema version 1) or throughput.csv")
    found = parse(text, str(path), path.stem)
    return imported_rows.Import(found.rows, (*found.warnings, *_named_after_another_gpu(path, found)))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > SIZE_LIMIT_B:
            raise ImportFileError(f"{path}: larger than {SIZE_LIMIT_B // 1024**2} MiB; no report is")
        content = path.read_bytes()
        if path.suffix.lower() == ".parquet" or content.startswith(_PARQUET):
            raise ImportFileError(
                f"{path}: parquet is not imported; rows of another featray's store are used by copying the file into "
                "RESULTS/rows, and `featray store check` says what is wrong with it"
            )
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as wrong:
        raise ImportFileError(f"{path}: not text: {wrong.reason} at byte {wrong.start}") from wrong
    except OSError as wrong:
        raise ImportFileError(f"{path}: {wrong.strerror or wrong}") from wrong


def _named_after_another_gpu(path: Path, found: Import) -> list[str]:
    names = sorted({row.gpu_name for row in found.rows if row.gpu_name})
    if not names or any(labels.foreign_gpu(path.stem, name) is None for name in names):
        return []
    word = labels.foreign_gpu(path.stem, names[0])
    return [f"{path}: named after {word}, but measured on {', '.join(names)} by its own account; one of them is wrong"]
