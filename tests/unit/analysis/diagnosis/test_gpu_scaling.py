"""What the further GPUs of a host bring."""

from typing import Any

from featray.analysis.diagnosis import FindingKind
from tests.support.builders import BLACKWELL, RTX3090, make_whole_rows
from tests.support.findings import STEADY, find, make_case, make_unit_rows

TWIN = {**RTX3090, "target_id": "GPU-ffff", "gpu_uuid": "GPU-ffff"}
HALF = [0.5 * share for share in STEADY]

CASES = [
    make_case(
        FindingKind.GPU_SCALING,
        [*make_unit_rows(1.0), *make_unit_rows(1.0, **TWIN), *make_whole_rows(HALF, RTX3090, TWIN)],
        [*make_unit_rows(1.0, threads=4), *make_whole_rows(HALF, RTX3090, TWIN)],
        "On box, 2 GPUs at once: 2.00 times one GPU (95% CI ",
    ),
]


def test_a_film_that_is_divided_is_told_where_the_start_is_known() -> None:
    # 72 frames in 1 s or half a second, 10.7 s of start; an hour at 30 fps has 108,000 frames
    start: dict[str, Any] = {"import_s": 8.0, "load_s": 2.2, "first_call_s": 1.5}
    rows = [*make_unit_rows(1.0, **start), *make_whole_rows([0.5 * share for share in STEADY], **start)]
    (finding,) = find(FindingKind.GPU_SCALING, rows)
    assert finding.text.endswith(
        " One film divided over them, start included (retinaface, short (72 frames)): 1 min 00 s of film takes 23 s "
        "instead of 36 s, 1.54 times as fast; 1 h 00 min of film takes 12 min 41 s instead of 25 min 11 s, 1.99 times "
        "as fast."
    )
    assert finding.figures["ratio_low"] == finding.figures["ratio_high"]
    (finding,) = find(FindingKind.GPU_SCALING, [*make_unit_rows(1.0, load_s=None), *make_whole_rows(HALF)])
    assert "One film" not in finding.text
    few = [*make_unit_rows(1.0, **start)[:2], *make_whole_rows([0.5] * 2, **start)]
    other = [*make_unit_rows(1.0, **start), *make_whole_rows(HALF, torch="2.99.0", **start)]
    for rows in (few, other):
        (finding,) = find(FindingKind.GPU_SCALING, rows)
        assert "times the RTX 3090 alone" in finding.text
        assert "One film" not in finding.text


def test_settings_are_told_the_fastest_first_and_other_work_is_counted() -> None:
    rows = [
        *make_unit_rows(1.0),
        *make_whole_rows(HALF),
        *make_unit_rows(4.0, batch_size=1),
        *make_whole_rows([1.0 * share for share in STEADY], batch_size=1),
        *make_unit_rows(1.0, batch_size=4),
        *make_whole_rows(HALF, batch_size=4, work={"precision": '"bfloat16"'}),
    ]
    (finding,) = find(FindingKind.GPU_SCALING, rows)
    assert finding.text.index("batch 16") < finding.text.index("batch 1)")
    assert "Not comparable, because the work differs: 1 setting." in finding.text
    assert (finding.figures["settings"], finding.figures["gpus"]) == (3, 2)


def test_where_no_setting_has_a_ratio_the_reason_is_told() -> None:
    rows = [*make_unit_rows(1.0), *make_whole_rows(HALF, faces=144)]
    (finding,) = find(FindingKind.GPU_SCALING, rows)
    assert finding.text.startswith("On box, 2 GPUs at once: not comparable with the RTX 3090 alone (faces ")
    assert (finding.figures["ratio_low"], finding.figures["settings"]) == (None, 1)


def test_all_gpus_are_no_device_and_no_hole() -> None:
    rows = [*make_unit_rows(1.0), *make_unit_rows(0.9, **BLACKWELL), *make_whole_rows(HALF)]
    (devices,) = find(FindingKind.DEVICES, rows)
    assert "2 GPUs" not in devices.text
    assert find(FindingKind.MISSING, rows) == []


def test_all_gpus_are_compared_with_the_baselines_all_gpus() -> None:
    before: dict[str, Any] = {"run_id": "before-1", "sweep": "before"}
    baseline = [*make_unit_rows(1.0, **before), *make_whole_rows(HALF, **before)]
    found = find(FindingKind.NOT_COMPARABLE, [*make_unit_rows(1.0), *make_whole_rows(HALF)], baseline)
    assert found == []
    (finding,) = find(
        FindingKind.NEW_GROUND, [*make_unit_rows(1.0), *make_whole_rows(HALF)], make_unit_rows(1.0, **before)
    )
    assert "on 2 GPUs" in finding.text
    assert finding.wanted == ()  # the baseline's machine has no such target
