"""Nodes: which YAML is read, and what is refused."""

from pathlib import Path

import pytest

from featray import yamlfile
from featray.errors import SweepFileError
from tests.support.yaml_files import Example, complaint, write


@pytest.mark.parametrize("text", ["on", "yes", "off", "no", "1:30", "2026-05-14", "1_000", "010"])
def test_what_yaml_1_1_would_convert_stays_text(tmp_path: Path, text: str) -> None:
    assert yamlfile.read(write(tmp_path, f"title: {text}"), Example, SweepFileError).title == text


@pytest.mark.parametrize(("text", "value"), [("1e3", 1000.0), ("1.5E-1", 0.15), (".5", 0.5), ("3", 3.0), ("-2.", -2.0)])
def test_numbers_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: float) -> None:
    path = write(tmp_path, f"title: a\nsettings: {{ratio: {text}}}")
    assert yamlfile.read(path, Example, SweepFileError).settings.ratio == value


def test_hexadecimal_and_octal_are_read(tmp_path: Path) -> None:
    assert yamlfile.read(write(tmp_path, "title: a\nbatches: [0x10, 0o10]"), Example, SweepFileError).batches == (16, 8)


def test_a_syntax_error_has_its_line(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "title: a\nbatches: [1, 2\nnamed: {}\n")).startswith("a.yaml:3: not YAML: ")


def test_two_documents_are_a_syntax_error(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "title: a\n---\ntitle: b\n")).startswith("a.yaml:2: not YAML: ")


def test_a_key_that_appears_twice_names_both_lines(tmp_path: Path) -> None:
    message = complaint(write(tmp_path, "title: a\nsettings:\n  threads: 1\n  threads: 2\n"))
    assert message == "a.yaml:4: settings.threads: the key appears twice, first on line 3; keep one"


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
