"""Separation: the cells that separate what changed together."""

from featray.analysis import comparison
from tests.support.builders import BLACKWELL, RTX3090, SHELF, make_rows
from tests.support.sides import STEADY, compare_one, scale


def test_gpu_and_torch_together_are_confounded_and_separated_by_one_cell() -> None:
    old = {"torch": "2.5.1+cu124", "cuda": "12.4", "torchvision": "0.20.1+cu124", "torchcodec": "0.1.1"}
    pair = compare_one(make_rows(STEADY, **old), make_rows(scale(0.6), **BLACKWELL))
    assert pair.attribution == (
        "confounded by gpu (RTX 3090 -> RTX PRO 6000 Blackwell), torch stack (2.5.1+cu124 -> 2.11.0+cu128)"
    )
    assert pair.separation is not None
    (cell,) = pair.separation.cells
    assert cell.text == "RTX 3090 of box with torch 2.11.0+cu128"
    assert cell.requirements == ("torch==2.11.0", "torchvision==0.26.0", "torchcodec==0.11.1", "py-feat==2.1.5")
    assert cell.target.target_id == RTX3090["target_id"]
    assert pair.separation.why == ("torch 2.5.1+cu124 has no sm_120 kernels for RTX PRO 6000 Blackwell")
    assert comparison.next_step(pair) == "to separate them, measure RTX 3090 of box with torch 2.11.0+cu128"


def test_no_cell_needs_a_torch_without_kernels_for_its_gpu() -> None:
    old = {"torch": "2.5.1+cu124", "cuda": "12.4"}
    pair = compare_one(make_rows(STEADY, **BLACKWELL), make_rows(STEADY, run_id="demo-2", **old))
    assert pair.separation is not None
    assert pair.separation.start == "baseline"
    assert [cell.text for cell in pair.separation.cells] == ["RTX 3090 of box with torch 2.11.0+cu128"]


def test_three_factors_need_a_chain_of_two_cells() -> None:
    old = {"torch": "2.5.1+cu124", "pyfeat_commit": "864962c"}
    pair = compare_one(make_rows(STEADY, **old), make_rows(STEADY, pyfeat_commit="c716340", **BLACKWELL))
    assert pair.separation is not None
    assert [cell.text for cell in pair.separation.cells] == [
        "RTX 3090 of box with torch 2.11.0+cu128 and py-feat commit c716340",
        "RTX 3090 of box with torch 2.5.1+cu124 and py-feat commit c716340",
    ]
    assert [cell.isolates for cell in pair.separation.cells] == ["gpu", "torch stack"]


def test_gpu_and_host_of_one_machine_are_inseparable() -> None:
    pair = compare_one(make_rows(STEADY), make_rows(scale(0.5), **{**SHELF, **BLACKWELL}))
    assert pair.attribution == "confounded by gpu (RTX 3090 -> RTX PRO 6000 Blackwell), host (box -> shelf)"
    assert pair.separation is not None
    assert pair.separation.cells == ()
    assert comparison.next_step(pair) == "gpu, host change together with the machine and cannot be separated"
