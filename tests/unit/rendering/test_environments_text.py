"""Environments text: what `before` and `after` are, in reports and comments."""

from featray.analysis import comparison, units
from featray.analysis.unit import Unit
from featray.core.secret_values import digest
from featray.rendering import comparison_markdown, document, environments_text, markdown
from tests.support.builders import make_rows

TOKEN = "ghp_" + "a1B2" * 9
INSTALLED = {"before": ["mydet @ git+https://example.org/mydet@1a2b3c4"], "after": [f"mydet @ https://{TOKEN}@x.org/m"]}


def compared_units() -> list[Unit]:
    rows = [
        row
        for name, requirements in reversed(INSTALLED.items())
        for row in make_rows(
            [1.0] * 5, environment=name, environments=list(INSTALLED), requirements=requirements, run_id="r"
        )
    ]
    return units.gather(rows)


def test_environments_are_named_with_their_requirements_in_the_order_of_the_sweep() -> None:
    assert environments_text.list_installed(compared_units()) == [
        ("before", "mydet @ git+https://example.org/mydet@1a2b3c4"),
        ("after", f"mydet @ https://{digest(TOKEN)}@x.org/m"),
    ]


def test_an_environment_without_requirements_is_the_machine_s_own() -> None:
    (unit,) = units.gather(make_rows([1.0], environment="own"))
    assert environments_text.list_installed([unit]) == [("own", "the packages of the machine")]


def test_a_report_names_them_at_its_head() -> None:
    text = markdown.render(document.build(compared_units()))
    assert "Environment before" in text
    assert "mydet @ git+https://example.org/mydet@1a2b3c4" in text
    assert TOKEN not in text


def test_a_comment_names_them_and_the_day() -> None:
    rows = [row for unit in compared_units() for row in unit.rows]
    text = comparison_markdown.render(comparison.compare_within(rows, over=["environment"]))
    assert "\n- environment before: mydet @ git+https://example.org/mydet@1a2b3c4\n- environment after: " in text
    assert "\n- measured on 2026-05-" in text
    assert TOKEN not in text
