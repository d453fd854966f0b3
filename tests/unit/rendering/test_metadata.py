"""The list at the head of a report."""

from featray.analysis import units
from featray.rendering import metadata
from tests.support.report_rows import make_cpu_row, make_row


def test_a_label_lists_every_value_once() -> None:
    rows = [make_row(), make_row(cell_id="b", torch="2.5.1"), make_row(cell_id="c")]
    assert dict(metadata.of_block(units.gather(rows)))["PyTorch"] == "2.11.0+cu128, 2.5.1"


def test_a_label_without_a_value_is_left_out() -> None:
    labels = dict(metadata.of_block(units.gather([make_cpu_row(hostname=None)])))
    assert "GPU" not in labels
    assert "Host" not in labels


def test_devices_are_listed_in_the_order_of_the_tables() -> None:
    assert dict(metadata.of_report(units.gather([make_row(), make_cpu_row()])))["Devices swept"] == "cpu, cuda"


def test_the_date_is_that_of_the_first_row_in_utc() -> None:
    rows = [make_row(started_at="2026-05-15T01:15:32.000+02:00"), make_row(started_at="2026-05-16T00:00:00.000+00:00")]
    assert metadata.date(rows) == "2026-05-14 23:15:32"
    assert metadata.date([]) is None


def test_a_gpu_is_named_in_full_with_its_memory() -> None:
    (unit,) = units.gather([make_row(gpu_memory_b=24 * 2**30)])
    assert dict(metadata.of_block([unit]))["GPU"] == "CUDA 12.8, NVIDIA RTX 4000 (24.0 GiB)"
