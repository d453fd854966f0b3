"""Report cautions: one sentence for all units with the same cause."""

from typing import Any

from featray.analysis import cautions, units
from featray.analysis.cautions import Caution, CautionKind
from featray.core.row import Row
from tests.support import builders
from tests.support.report_rows import make_failed_row, make_row

LATER = "2026-06-01T00:00:00.000+00:00"


def of_rows(*rows: Row) -> list[Caution]:
    return cautions.of_units(units.gather(rows))


def texts(*rows: Row) -> list[str]:
    return [str(caution) for caution in of_rows(*rows)]


def batches(*sizes: int, **changes: Any) -> list[Row]:
    return [make_row(cell_id=f"cell-{size}", batch_size=size, **changes) for size in sizes]


def test_clean_units_have_no_caution() -> None:
    assert texts(*batches(1, 4)) == []


def test_a_cause_that_all_units_share_is_one_sentence_with_what_to_do() -> None:
    assert texts(*batches(1, 2, 4, 8, unmet_rules=["warmup_shapes"])) == [
        "Not every batch shape was fully warmed up for all 4 settings; first-time costs may be included. "
        "Raise `warmup`."
    ]


def test_a_cause_that_some_units_have_names_them() -> None:
    (text,) = texts(*batches(1), *batches(4, throttled=True))
    assert text == (
        "Throttled despite cool-downs for 1 of 2 settings (retinaface, short (72 frames), b=4, RTX 4000); "
        "a cooler GPU would be faster. Improve the cooling, then measure again."
    )


def test_busy_cpus_are_one_caution_with_the_highest_share() -> None:
    assert texts(*batches(1, cpu_other=0.1), *batches(4, cpu_other=0.31)) == [
        "Other processes used the CPUs (up to 31% of them) for all 2 settings; the times may be too long. "
        "Measure again while the machine is quiet."
    ]


def test_a_single_unit_needs_no_name() -> None:
    assert texts(make_row(unmet_rules=["few_batches"])) == [
        "Fewer than 4 batches per call; the speed includes the first batch's start-up. "
        "Use a longer input or a smaller batch."
    ]


def test_a_rule_that_nobody_knows_is_given_by_its_name() -> None:
    assert texts(make_row(unmet_rules=["patience"])) == ["The rule `patience` was not met."]


def test_failures_whose_messages_differ_only_in_numbers_are_one_caution() -> None:
    rows = [make_failed_row("oom", f"tried to allocate {n} MiB", cell_id=str(n), batch_size=n) for n in (32, 64)]
    (caution,) = of_rows(*rows)
    assert caution.kind is CautionKind.FAILED
    assert str(caution) == (
        "No number (oom, for example: tried to allocate 32 MiB): retinaface, short (72 frames), b=32, RTX 4000; "
        "retinaface, short (72 frames), b=64, RTX 4000. Use a smaller batch."
    )


def test_a_failure_is_named_with_its_host_where_there_are_several_targets() -> None:
    gpu = {"target_id": "GPU-2", "gpu_uuid": "GPU-2", "host_id": "host-2", "hostname": "shelf", "cell_id": "c"}
    failed = make_failed_row("failed", "the driver is too old", **gpu, gpu_name="NVIDIA GeForce RTX 3090")
    (caution,) = [caution for caution in of_rows(make_row(), failed) if caution.kind is CautionKind.FAILED]
    assert str(caution).startswith(
        "No number (failed: the driver is too old): retinaface, short (72 frames), b=16, RTX 3090 of shelf. "
    )
    (alone,) = of_rows(failed)
    assert "b=16, RTX 3090. " in str(alone)


def test_stale_rows_are_counted() -> None:
    (text,) = texts(make_row(work_id="old"), make_row(invocation=2, work_id="new", started_at=LATER))
    assert text == (
        "1 stale row is left out: it was measured with other work or versions than the latest: "
        "retinaface, short (72 frames), b=16, RTX 4000. To measure everything again, submit with `--rerun`."
    )


def test_what_made_rows_stale_is_named() -> None:
    old = make_row(work_id="old", work={"au_model": "svm"}, os="Linux 6.12")
    (text,) = texts(
        old, make_row(invocation=2, work_id="new", work={"au_model": "xgb"}, os="Linux 6.19", started_at=LATER)
    )
    assert "other work or versions than the latest (work: au_model, os Linux 6.12 -> Linux 6.19): retinaface" in text


def test_different_work_on_two_devices_names_the_keys_that_differ() -> None:
    svm, xgb = ({"work_id": name, "work": {"au_model": name, "class": "Detector"}} for name in ("svm", "xgb"))
    (caution,) = of_rows(make_row(**svm), make_row(target_id="GPU-2", gpu_uuid="GPU-2", **xgb))
    assert caution.kind is CautionKind.UNEQUAL
    assert "au_model differ in" in caution.sentence


def test_two_cells_with_one_label_are_told_from_each_other_by_what_was_asked() -> None:
    rows = [make_row(cell_id=name, asked=f'{{"detector": {{"au_model": "{name}"}}}}') for name in ("svm", "xgb")]
    (caution,) = of_rows(*rows)
    assert caution.sentence.startswith("2 settings have the same label but differ in detector.au_model: retinaface")


def test_a_setting_that_was_never_measured_needs_no_other_name() -> None:
    failed = make_failed_row("failed", cell_id="typo", asked='{"detector": {"class_name": "lab:Tyni"}}')
    found = of_rows(make_row(asked='{"detector": {"class_name": "lab:Tiny"}}'), failed)
    assert [each.kind for each in found] == [CautionKind.FAILED]
    assert "or with `--rerun` if you changed the sweep" in str(found[0])


def test_the_gravest_caution_comes_first() -> None:
    kinds = [each.kind for each in of_rows(make_failed_row("lost", cell_id="1"), make_row(throttled=True))]
    assert kinds == [CautionKind.FAILED, CautionKind.THROTTLED]


def test_all_gpus_that_a_host_lacks_have_another_label_than_one() -> None:
    refused = builders.make_row(targets="all", status="unsupported")
    assert not [each for each in of_rows(builders.make_row(), refused) if "same label" in each.sentence]
