"""Quality: noisy, throttled, failed and missing."""

import dataclasses

from featray.analysis.diagnosis import FindingKind
from tests.support.builders import BLACKWELL, make_row
from tests.support.findings import SHAKY, find, make_case, make_unit_rows
from tests.support.report_rows import make_report

CASES = [
    make_case(
        FindingKind.NOISY,
        make_unit_rows(1.0, SHAKY),
        make_unit_rows(1.0),
        "±5.9% from 5 invocations, 13 needed",
        wants_cells=True,
    ),
    make_case(
        FindingKind.FEW,
        make_unit_rows(1.0)[:2],
        make_unit_rows(1.0)[:3],
        "The only setting has fewer than 3 invocations and therefore no interval. 10 invocations",
        wants_cells=True,
    ),
    make_case(
        FindingKind.THROTTLED,
        make_unit_rows(1.0, throttled=True, throttle_reasons=["sw_thermal_slowdown"]),
        make_unit_rows(1.0, throttle_reasons=["sw_thermal_slowdown"]),  # replaced after a cool-down
        "Throttled despite cool-downs (sw_thermal_slowdown); a cooler GPU would be faster.",
    ),
    make_case(
        FindingKind.FAILED,
        [make_row(status="oom", reason="CUDA out of memory")],
        [make_row(status="lost", attempt=1), make_row(attempt=2)],  # the last attempt counts
        "No number (oom: CUDA out of memory): retinaface",
    ),
    make_case(
        FindingKind.MISSING,
        [*make_unit_rows(1.0), *make_unit_rows(1.0, batch_size=4), *make_unit_rows(1.0, **BLACKWELL)],
        [
            *make_unit_rows(1.0),
            *make_unit_rows(1.0, batch_size=4),
            *make_unit_rows(1.0, **BLACKWELL),
            *make_unit_rows(1.0, batch_size=4, **BLACKWELL),
        ],
        "but elsewhere in the same run: retinaface, short (72 frames), b=4",
        wants_cells=True,
    ),
    make_case(
        FindingKind.MISSING,
        [*make_unit_rows(1.0), *make_unit_rows(1.0, batch_size=4), *make_unit_rows(1.0, **BLACKWELL)],
        [
            *make_unit_rows(1.0),
            *make_unit_rows(1.0, batch_size=4, **BLACKWELL),
        ],  # an interchangeable sweep shares its cells out
        "Not measured on RTX PRO 6000",
        wants_cells=True,
    ),
    make_case(
        FindingKind.MISSING,
        [*make_unit_rows(1.0), *make_unit_rows(1.0, batch_size=4), *make_unit_rows(1.0, **BLACKWELL)],
        [
            *make_unit_rows(1.0),
            *make_unit_rows(1.0, batch_size=4),
            *make_unit_rows(1.0, **BLACKWELL),
            make_row(batch_size=4, status="unsupported", reason="no kernels", order_index=None, **BLACKWELL),
        ],
        "Not measured on RTX PRO 6000",
        wants_cells=True,
    ),
]


TORCH_OOM = (
    "OutOfMemoryError: CUDA out of memory. Tried to allocate {0} MiB. GPU 0 has a total capacity of 23.69 GiB of which "
    "{1} is free. Including non-PyTorch memory, this process {2} has 23.10 GiB memory in use."
)
FAILURES = [
    make_row(batch_size=batch, invocation=number, status="oom", reason=TORCH_OOM.format(batch * 40.5, free, number))
    for batch, free in ((32, "1.20 GiB"), (64, "812.62 MiB"))
    for number in range(1, 6)
]


def test_failures_that_differ_only_in_numbers_are_one_finding_with_one_example() -> None:
    (finding,) = find(FindingKind.FAILED, FAILURES)
    assert finding.text.startswith(
        "No number (oom, for example: OutOfMemoryError: CUDA out of memory. Tried to allocate 1296"
    )
    assert finding.figures["units"] == 2
    assert len([caution for caution in make_report(FAILURES).cautions if caution.kind == "failed"]) == 1
    other = make_row(batch_size=128, status="oom", reason="killed by the kernel's out-of-memory killer")
    assert len(find(FindingKind.FAILED, [*FAILURES, other])) == 2


def test_some_of_several_settings_are_counted_with_the_right_verb() -> None:
    one, two = (make_unit_rows(1.0, SHAKY, batch_size=batch) for batch in (1, 4))
    assert find(FindingKind.NOISY, one)[0].text.startswith("The only setting is noisier than")
    assert find(FindingKind.NOISY, [*one, *make_unit_rows(1.0)])[0].text.startswith("1 of 2 settings is noisier than")
    assert find(FindingKind.NOISY, [*one, *two, *make_unit_rows(1.0)])[0].text.startswith(
        "2 of 3 settings are noisier than"
    )
    assert find(FindingKind.FEW, [make_row(), make_row(batch_size=1)])[0].text.startswith(
        "All 2 settings have fewer than"
    )


def test_of_several_sessions_further_sessions_are_asked_for_instead_of_processes() -> None:
    first = make_unit_rows(1.0, boot_id="a")
    second = [dataclasses.replace(row, invocation=row.invocation + 5) for row in make_unit_rows(1.1, boot_id="b")]
    later = [dataclasses.replace(row, started_at=row.started_at.replace("2026-05-1", "2026-06-1")) for row in second]
    (finding,) = find(FindingKind.NOISY, [*first, *later])
    assert "from 10 invocations in 2 sessions, " in finding.text
    assert "sessions needed: days or boots, not more invocations" in finding.text
    assert finding.wanted == ()
