"""File names: whatever a run is called, its file lies in the folder that was asked for."""

import pytest

from featray.interchange.file_names import make_safe


@pytest.mark.parametrize(
    ("stem", "safe"),
    [
        ("2026-05-14-c716340", "2026-05-14-c716340"),
        ("my report (2)", "my report (2)"),
        ("Größe.v2", "Größe.v2"),
        ("../../x", "x"),
        ("/etc/passwd", "etc-passwd"),
        ("C:\\x", "C-x"),
        ("CON", "CON_"),
        ("nul.tar", "nul.tar_"),
        ("", "run"),
        ("..", "run"),
        ("a\x1b[31m\nb\x00", "a-31m-b"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_name_is_made_safe_and_a_usual_one_stays(stem: str, safe: str) -> None:
    assert make_safe({f"{stem}.md": "text"}) == {f"{safe}.md": "text"}


def test_names_that_become_equal_are_numbered() -> None:
    assert list(make_safe({"a/b.md": "1", "a-b.md": "2", "A-B.md": "3"})) == ["a-b.md", "a-b-2.md", "A-B-3.md"]
