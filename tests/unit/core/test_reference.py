"""References: typed, stored in rows, and read back."""

import pytest

from featray.core import reference
from featray.core.reference import Reference


def test_what_is_typed_is_read_with_its_kinds() -> None:
    read = reference.parse("device=cpu, batch_size=1,precision='float32, matmul high'")
    assert read == Reference(device="cpu", batch_size=1, precision="float32, matmul high")
    assert str(read) == "device cpu, batch_size 1, precision float32, matmul high"


def test_a_row_holds_what_is_named_and_no_more() -> None:
    named = Reference(device="cpu", num_workers=0)
    assert named.text == '{"device":"cpu","num_workers":0}'
    assert reference.read(named.text) == named


@pytest.mark.parametrize("text", [None, "", "null", "[1]", "{", '{"colour": "red"}', '{"batch_size": "1"}'])
def test_a_row_without_a_readable_reference_has_none(text: str | None) -> None:
    assert reference.read(text) is None


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "expected settings such as device=cpu"),
        ("cpu", "expected settings such as device=cpu"),
        ("device=", "expected settings such as device=cpu"),
        ("batch=1", "batch: no such setting.*Did you mean 'batch_size'"),
        ("batch_size=one", "batch_size=one: expected a whole number"),
        ("batch_size=-1", "expected a whole number"),
        ("device=cpu,device=cuda", "device is there twice"),
        ("device='cpu", "No closing quotation"),
    ],
)
def test_a_slip_is_named(typed: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reference.parse(typed)
