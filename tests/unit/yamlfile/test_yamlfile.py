"""What a YAML file may hold, and what is said about one that does not."""

from pathlib import Path

import pytest
from pydantic import Field

from featray import yamlfile
from featray.errors import SweepFileError
from featray.yamlfile import StrictModel


class Settings(StrictModel):
    threads: int = Field(default=1, ge=1)
    quiet: bool = False
    ratio: float = 1.0
    note: str = ""
    level: int | None = None


class Example(StrictModel):
    title: str
    settings: Settings = Settings()
    batches: tuple[int, ...] = ()
    named: dict[str, Settings] = Field(default_factory=dict)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "a.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def complaint(path: Path) -> str:
    with pytest.raises(SweepFileError) as caught:
        yamlfile.read(path, Example, SweepFileError)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_a_file_becomes_a_model(tmp_path: Path) -> None:
    path = write(tmp_path, "title: one\nsettings: {threads: 2, quiet: true, ratio: 1}\nbatches: [1, 2]\n")
    read = yamlfile.read(path, Example, SweepFileError)
    assert read == Example(title="one", settings=Settings(threads=2, quiet=True, ratio=1.0), batches=(1, 2))


@pytest.mark.parametrize("text", ["on", "yes", "off", "no", "1:30", "2026-05-14", "1_000", "010"])
def test_what_yaml_1_1_would_convert_stays_text(tmp_path: Path, text: str) -> None:
    assert yamlfile.read(write(tmp_path, f"title: {text}"), Example, SweepFileError).title == text


@pytest.mark.parametrize(("text", "value"), [("1e3", 1000.0), ("1.5E-1", 0.15), (".5", 0.5), ("3", 3.0), ("-2.", -2.0)])
def test_numbers_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: float) -> None:
    path = write(tmp_path, f"title: a\nsettings: {{ratio: {text}}}")
    assert yamlfile.read(path, Example, SweepFileError).settings.ratio == value


def test_hexadecimal_and_octal_are_read(tmp_path: Path) -> None:
    assert yamlfile.read(write(tmp_path, "title: a\nbatches: [0x10, 0o10]"), Example, SweepFileError).batches == (16, 8)


def test_an_unknown_key_gets_its_line_and_a_suggestion(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "title: a\nsettings:\n  thread: 2\n")) == (
        "a.yaml:3: settings.thread: unknown key 'thread'; expected threads, quiet, ratio, note, level."
        " Did you mean 'threads'?"
    )


def test_an_unknown_key_below_a_free_name_gets_its_suggestion(tmp_path: Path) -> None:
    assert "Did you mean 'quiet'?" in complaint(write(tmp_path, "title: a\nnamed:\n  x: {quite: true}\n"))


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


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("true", "expected a whole number, got true"),
        ("1.0", "expected a whole number, got 1.0"),
        ("'2'", "expected a whole number, got '2'"),
        ("[1]", "expected a whole number, got a list"),
        ("{a: 1}", "expected a whole number, got a mapping"),
        ("-1", "expected at least 1, got -1"),
        ("", "expected a whole number, got null"),
    ],
)
def test_nothing_is_converted_to_a_whole_number(tmp_path: Path, value: str, said: str) -> None:
    assert (
        complaint(write(tmp_path, f"title: a\nsettings:\n  threads: {value}")) == f"a.yaml:3: settings.threads: {said}"
    )


@pytest.mark.parametrize("value", [".inf", ".nan", "1e999"])
def test_a_number_is_finite(tmp_path: Path, value: str) -> None:
    assert "ratio: expected a" in complaint(write(tmp_path, f"title: a\nsettings:\n  ratio: {value}"))


def test_yes_for_a_boolean_says_what_to_write(tmp_path: Path) -> None:
    said = complaint(write(tmp_path, "title: a\nsettings: {quiet: yes}"))
    assert said.endswith("expected true or false, got 'yes'; write true")


def test_a_number_for_text_says_to_quote_it(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "title: 7")) == "a.yaml:1: title: expected text, got 7; put it in quotes"


def test_a_missing_file_names_its_siblings(tmp_path: Path) -> None:
    write(tmp_path, "title: a")
    assert complaint(tmp_path / "b.yaml") == "b.yaml: no such file; expected a.yaml. Did you mean 'a.yaml'?"


def test_a_missing_folder_is_a_missing_file(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none" / "b.yaml") == "b.yaml: no such file"


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert "not a file" in complaint(tmp_path)


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "# nothing\n")) == "a.yaml:1: the file is empty; expected a mapping"


def test_a_syntax_error_has_its_line(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "title: a\nbatches: [1, 2\nnamed: {}\n")).startswith("a.yaml:3: not YAML: ")


def test_two_documents_are_a_syntax_error(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "title: a\n---\ntitle: b\n")).startswith("a.yaml:2: not YAML: ")


@pytest.mark.parametrize("content", [b"title: \xff\xfe", b"\x89PNG\r\n\x1a\n\x00\x00", b"title: a\x00b"])
def test_a_file_that_is_not_text_says_so(tmp_path: Path, content: bytes) -> None:
    assert "not text" in complaint(write(tmp_path, content))


def test_a_large_file_is_not_parsed(tmp_path: Path) -> None:
    assert "over 256 KiB" in complaint(write(tmp_path, b"#" * (yamlfile.SIZE_MAX_B + 1)))


def test_a_key_that_stands_twice_names_both_lines(tmp_path: Path) -> None:
    said = complaint(write(tmp_path, "title: a\nsettings:\n  threads: 1\n  threads: 2\n"))
    assert said == "a.yaml:4: settings.threads: the key stands twice, first on line 3; keep one"


def test_an_alias_is_followed(tmp_path: Path) -> None:
    path = write(tmp_path, "title: a\nnamed:\n  x: &one {threads: 3}\n  y: *one\n")
    assert yamlfile.read(path, Example, SweepFileError).named["y"].threads == 3


def test_an_alias_bomb_is_refused_within_milliseconds(tmp_path: Path) -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "over 20000 values once aliases are followed" in complaint(write(tmp_path, "\n".join(layers)))


def test_an_alias_of_itself_is_refused(tmp_path: Path) -> None:
    assert "an alias of itself" in complaint(write(tmp_path, "title: &a [*a]"))


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert "nested" in complaint(write(tmp_path, "title: " + "[" * 5000))


@pytest.mark.parametrize("text", ["title: !!python/name:os.system x", "title: !x {}", "title: !!set {a}"])
def test_a_tag_is_refused(tmp_path: Path, text: str) -> None:
    assert "is not supported; leave it out" in complaint(write(tmp_path, text))


def test_a_merge_key_is_refused(tmp_path: Path) -> None:
    assert "merge keys" in complaint(write(tmp_path, "title: a\nnamed:\n  x: &x {threads: 1}\n  y:\n    <<: *x\n"))


def test_a_key_that_is_a_list_is_refused(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "? [a]\n: 1\n")) == "a.yaml:1: a key must be text"


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    assert yamlfile.read(write(tmp_path, b"\xef\xbb\xbftitle: a"), Example, SweepFileError).title == "a"
