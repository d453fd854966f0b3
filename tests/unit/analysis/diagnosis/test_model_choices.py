"""Model choices: detectors that differ in one part."""

from typing import Any

from featray.analysis.diagnosis import FindingKind, model_choices
from featray.core.row import Row
from tests.support.builders import make_cell, make_work
from tests.support.findings import find, make_case, make_unit_rows


def make_svm_rows(seconds: float, **changes: Any) -> list[Row]:
    """Make rows of retinaface with another model of action units, and other parts that are given."""
    work = {
        **make_work(make_cell(input=changes.get("input", "short"))),
        "au_model": '"svm"',
        **changes.pop("parts", {}),
    }
    work["weights py-feat/svm_au svm.skops"] = '{"revision": "abc", "sha256": "123"}'
    return make_unit_rows(seconds, detector="retinaface-svm", work=work, **changes)


CASES = [
    make_case(
        FindingKind.MODELS,
        [*make_unit_rows(1.2), *make_svm_rows(1.0)],
        [*make_unit_rows(1.2), *make_svm_rows(1.0, parts={"emotion_model": '"other"'})],
        "au_model svm is 1.2x as fast as xgb with everything else equal (short (72 frames), RTX 3090 1.2x). "
        "This is not the same work: their outputs may differ.",
    ),
]


def test_a_choice_is_told_once_for_all_inputs() -> None:
    rows = [
        *(*make_unit_rows(1.2), *make_svm_rows(1.0)),
        *(*make_unit_rows(9.0, input="long"), *make_svm_rows(6.0, input="long")),
    ]
    (finding,) = find(FindingKind.MODELS, rows)
    assert "au_model svm is 1.2x to 1.5x as fast as xgb" in finding.text
    assert "(short (72 frames), RTX 3090 1.2x; long (472 frames), RTX 3090 1.5x)" in finding.text


def test_the_faster_model_comes_first() -> None:
    (finding,) = find(FindingKind.MODELS, [*make_unit_rows(1.0), *make_svm_rows(2.0)])
    assert finding.text.startswith("au_model xgb is 2.0x as fast as svm")


def test_alternatives_that_are_equally_fast_have_no_ratio() -> None:
    (finding,) = find(FindingKind.MODELS, [*make_unit_rows(1.0), *make_svm_rows(1.0)])
    assert finding.text.startswith("au_model xgb and svm are equally fast") or finding.text.startswith(
        "au_model svm and xgb are equally fast"
    )


def test_equal_outputs_are_said_to_be_the_same() -> None:
    sums: dict[str, Any] = {"output_sums": {"landmarks": None}}
    (finding,) = find(FindingKind.MODELS, [*make_unit_rows(1.2, **sums), *make_svm_rows(1.0, **sums)])
    assert finding.text.endswith("Their outputs are the same.")


def test_too_few_invocations_decide_no_choice() -> None:
    (finding,) = find(FindingKind.MODELS, [*make_unit_rows(1.0), *make_svm_rows(2.0, spread=(1.0, 1.0))])
    assert "au_model xgb measured 2.0x the speed of svm" in finding.text
    assert "not decided (fewer than 3 invocations)" in finding.text


def test_rows_that_do_not_store_their_parts_have_no_choice() -> None:
    assert find(FindingKind.MODELS, [*make_unit_rows(1.2, work=None), *make_svm_rows(1.0)]) == []


def test_many_alternatives_are_compared_with_the_first_alone() -> None:
    count = model_choices.ALL_PAIRS_MAX + 1
    rows = [row for number in range(count) for row in make_model_rows(number)]
    told = [finding.text for finding in find(FindingKind.MODELS, rows)]
    assert len(told) == count - 1
    assert all(text.startswith("au_model m0 is ") for text in told)
    few = [row for number in range(count - 1) for row in make_model_rows(number)]
    assert len(list(find(FindingKind.MODELS, few))) == (count - 1) * (count - 2) // 2


def make_model_rows(number: int) -> list[Row]:
    """Make rows of a detector whose model of action units is one of many; each is slower than the last."""
    work = {**make_work(make_cell()), "au_model": f'"m{number}"'}
    return make_unit_rows(1.0 + number, detector=f"retinaface-m{number}", work=work)
