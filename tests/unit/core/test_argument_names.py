"""How messages name an argument: as an option to whoever typed a command, as a keyword to a caller of Python."""

import pytest

from featray.core import argument_names
from featray.core.argument_names import argument, flag


@pytest.mark.parametrize(
    ("named", "python", "command_line"),
    [
        (lambda: argument("results"), "results=", "--results"),
        (lambda: argument("faces_per_frame"), "faces_per_frame=", "--faces-per-frame"),
        (lambda: argument("over", "batch_size"), "over='batch_size'", "--over batch_size"),
        (lambda: argument("hours", 3000), "hours=3000", "--hours 3000"),
        (lambda: argument("form", "pdf"), "form='pdf'", "--format pdf"),
        (lambda: flag("retry_failed"), "retry_failed=True", "--retry-failed"),
        (lambda: flag("overwrite"), "overwrite=True", "--force"),
    ],
)
def test_an_argument_is_named_as_its_caller_writes_it(named: "object", python: str, command_line: str) -> None:
    assert callable(named)
    assert named() == python
    with argument_names.of_command_line():
        assert named() == command_line
    assert named() == python
