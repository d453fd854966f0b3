"""Messages: pydantic's errors in the words of the file's author."""

from pathlib import Path

import pytest

from tests.support.yaml_files import complaint, write


def test_an_unknown_key_gets_its_line_and_a_suggestion(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "title: a\nsettings:\n  thread: 2\n")) == (
        "a.yaml:3: settings.thread: unknown key 'thread'; expected threads, quiet, ratio, note, level."
        " Did you mean 'threads'?"
    )


def test_an_unknown_key_below_a_free_name_gets_its_suggestion(tmp_path: Path) -> None:
    assert "Did you mean 'quiet'?" in complaint(write(tmp_path, "title: a\nnamed:\n  x: {quite: true}\n"))


@pytest.mark.parametrize(
    ("value", "message"),
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
def test_nothing_is_converted_to_a_whole_number(tmp_path: Path, value: str, message: str) -> None:
    assert (
        complaint(write(tmp_path, f"title: a\nsettings:\n  threads: {value}"))
        == f"a.yaml:3: settings.threads: {message}"
    )


@pytest.mark.parametrize("value", [".inf", ".nan", "1e999"])
def test_a_number_is_finite(tmp_path: Path, value: str) -> None:
    assert "ratio: expected a" in complaint(write(tmp_path, f"title: a\nsettings:\n  ratio: {value}"))


def test_yes_for_a_boolean_says_what_to_write(tmp_path: Path) -> None:
    message = complaint(write(tmp_path, "title: a\nsettings: {quiet: yes}"))
    assert message.endswith("expected true or false, got 'yes'; write true")


def test_a_number_for_text_says_to_quote_it(tmp_path: Path) -> None:
    assert complaint(write(tmp_path, "title: 7")) == "a.yaml:1: title: expected text, got 7; put it in quotes"
