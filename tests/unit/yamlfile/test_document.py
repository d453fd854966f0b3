"""Documents: files that are read, and how their problems are listed."""

from pathlib import Path

import pytest

from featray import yamlfile
from featray.errors import SweepFileError
from tests.support.yaml_files import Example, Settings, complaint, write


def test_a_file_becomes_a_model(tmp_path: Path) -> None:
    path = write(tmp_path, "title: one\nsettings: {threads: 2, quiet: true, ratio: 1}\nbatches: [1, 2]\n")
    read = yamlfile.read(path, Example, SweepFileError)
    assert read == Example(title="one", settings=Settings(threads=2, quiet=True, ratio=1.0), batches=(1, 2))


def test_every_problem_is_listed_in_file_order(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "batches:\n- 1\n- x\nsettings:\n  threads: 0\n")).splitlines() == [
        "a.yaml:1: the key 'title' is missing",
        "a.yaml:3: batches[1]: expected a whole number, got 'x'",
        "a.yaml:5: settings.threads: expected at least 1, got 0",
    ]


def test_at_most_ten_problems_are_listed(tmp_path: Path) -> None:
    lines = complaint(write(tmp_path, "title: a\nbatches: [" + "x," * 25 + "]")).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "a.yaml: and 15 more"


def test_a_missing_file_names_its_siblings(tmp_path: Path) -> None:
    write(tmp_path, "title: a")
    assert complaint(tmp_path / "b.yaml") == "b.yaml: no such file; expected a.yaml. Did you mean 'a.yaml'?"


def test_a_missing_folder_is_a_missing_file(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none" / "b.yaml") == "b.yaml: no such file"


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert "not a file" in complaint(tmp_path)


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "# nothing\n")) == "a.yaml:1: the file is empty; expected a mapping"


@pytest.mark.parametrize("content", [b"title: \xff\xfe", b"\x89PNG\r\n\x1a\n\x00\x00", b"title: a\x00b"])
def test_a_file_that_is_not_text_says_so(tmp_path: Path, content: bytes) -> None:
    assert "not text" in complaint(write(tmp_path, content))


def test_a_large_file_is_not_parsed(tmp_path: Path) -> None:
    assert "over 256 KiB" in complaint(write(tmp_path, b"#" * (yamlfile.SIZE_MAX_B + 1)))


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    assert yamlfile.read(write(tmp_path, b"\xef\xbb\xbftitle: a"), Example, SweepFileError).title == "a"
