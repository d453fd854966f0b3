"""Report files: find out which of py-feat's formats a file has, and read its rows.

Flow: a path -> `read` -> `ParsedReport` -> `api.import_reports`.
Each parser raises ValueError with the place in the file; `read` puts the path before it, in errors and in warnings.
"""

from collections.abc import Callable
from pathlib import Path

from featray.core import gpus
from featray.core.files import check_regular
from featray.errors import ImportFileError
from featray.interchange import pyfeat_json, pyfeat_markdown, throughput_csv
from featray.interchange.imported_rows import ParsedReport

Parser = Callable[[str, str, str], ParsedReport]
"""The file's text, the name of its run and sweep, the file's name -> its rows."""

PARSERS: dict[str, Parser] = {
    ".md": pyfeat_markdown.parse,
    ".json": pyfeat_json.parse,
    ".csv": throughput_csv.parse,
}
SIZE_LIMIT_B = 64 * 1024**2  # a report of 27 cells has 5 kB; a million of them fit
_PARQUET = b"PAR1"  # the first bytes of every such file


def read(path: Path) -> ParsedReport:
    """Read a file of any known format. The run is named after the file.

    Raises:
        ImportFileError: the file is missing, unreadable or of no known format; the message says where and what to do.
    """
    try:
        text = _read_text(path)
        report = _find_parser(path, text)(text, path.stem, path.name)
    except ValueError as error:
        raise ImportFileError(f"{path}: {error}") from error
    except OSError as error:
        raise ImportFileError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error
    warnings = [*report.warnings, *_warn_of_other_gpu(path, report)]
    return ParsedReport(report.rows, tuple(f"{path}: {warning}" for warning in warnings))


def _read_text(path: Path) -> str:
    check_regular(path)
    if path.stat().st_size > SIZE_LIMIT_B:
        raise ValueError(f"larger than {SIZE_LIMIT_B // 1024**2} MiB, which no report is; check the path")
    content = path.read_bytes()
    if path.suffix.lower() == ".parquet" or content.startswith(_PARQUET):
        raise ValueError(
            "parquet is not imported; to use rows of another featray's store, copy the file into RESULTS/rows, then "
            "see `featray store check`"
        )
    try:
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"not text: {error.reason} at byte {error.start}; save the report as UTF-8") from error


def _find_parser(path: Path, text: str) -> Parser:
    parser = PARSERS.get(path.suffix.lower())
    if parser is None and pyfeat_markdown.is_report(text):
        parser = pyfeat_markdown.parse
    if parser is None:
        raise ValueError("expected a report of py-feat: .md, .json (schema version 1) or throughput.csv")
    return parser


def _warn_of_other_gpu(path: Path, report: ParsedReport) -> list[str]:
    names = sorted({row.gpu_name for row in report.rows if row.gpu_name})
    words = [gpus.find_other_gpu(path.stem, name) for name in names]
    if not words or None in words:
        return []
    return [f"named after {words[0]}, but the report says {', '.join(names)}; correct the one that is wrong"]
