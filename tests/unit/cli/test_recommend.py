"""`featray recommend`: the setting for what the options ask for."""

import json

from featray import store
from featray.core.row import Row
from tests.support.builders import CPU, RTX3090, SHELF, make_row, make_rows
from tests.support.command import Shell


def recommended(shell: Shell, *options: str) -> tuple[str, str, int]:
    """Ask for the setting to use: its host, device and frames per second."""
    (recommendation,) = json.loads(shell("recommend", "--json", *options).out)
    best = recommendation["best"]
    return best["host"], best["device"], round(best["frames_per_s"])


def test_a_recommendation_is_for_the_host_and_device_of_the_options(shell: Shell) -> None:
    fastest = make_row(timed_s=[0.5], **RTX3090)
    rows: list[Row] = [fastest, make_row(timed_s=[2.0], **CPU)]
    rows.append(make_row(timed_s=[1.0], **{**SHELF, **CPU, "target_id": "cpu@id-shelf"}))
    store.append(shell.folder / "results", rows)
    assert recommended(shell) == ("box", "cuda", 144)
    assert recommended(shell, "--device", "cpu") == ("shelf", "cpu", 72)
    assert recommended(shell, "--device", "cpu", "--host", "box") == ("box", "cpu", 36)


def test_settings_with_too_few_invocations_do_not_count_and_are_named(shell: Shell) -> None:
    rows = [
        *make_rows([1.44], batch_size=1),
        *make_rows([0.9] * 3, batch_size=8),
        *make_rows([0.72] * 3, batch_size=36),
    ]
    store.append(shell.folder / "results", rows)
    text = shell("recommend", "--prefer", "latency").out
    assert "retinaface, batch 8 on" in text
    assert "  not counted: batch 1 (fewer than 3 invocations; list it in the axes of a sweep" in text
    assert "retinaface, batch 1 on" in shell("recommend", "--max-latency", "50ms").out  # nothing else is within


def test_the_preferred_setting_within_the_limits_is_recommended(shell: Shell) -> None:
    mib = 1024**2
    settings = {1: (1.44, 100), 8: (0.9, 800), 36: (0.72, 3000)}  # 20, 100 and 360 ms per batch
    rows = [
        row
        for batch, (seconds, used) in settings.items()
        for row in make_rows([seconds] * 3, batch_size=batch, gpu_memory_reserved_peak_b=used * mib)
    ]
    store.append(shell.folder / "results", rows)

    def batch(*options: str) -> int:
        (found,) = json.loads(shell("recommend", "--json", *options).out)
        assert [each["batch_size"] for each in found["tradeoffs"] if each["batch_size"] == found["best"]["batch_size"]]
        return int(found["best"]["batch_size"])

    assert batch() == 36
    assert batch("--max-memory", "1GiB") == batch("--max-latency", "150ms") == 8
    assert batch("--prefer", "latency") == 1
    assert "not beaten in everything: batch 8: 80.0 fps, 100.0 ms per batch, 800.0 MiB" in shell("recommend").out
    assert "no setting has a known energy" in shell.complain("recommend", "--prefer", "energy")
    assert "Did you mean 'latency'?" in shell.complain("recommend", "--prefer", "latencies")
    assert "--max-latency: 'soon' is not a duration" in shell.complain("recommend", "--max-latency", "soon")
    assert "--max-memory or --memory-limit: '0' is not a size" in shell.complain("recommend", "--max-memory", "0")


def test_json_and_python_at_once_are_refused(shell: Shell) -> None:
    assert "--json and --python do not go together; leave one out" in shell.complain("recommend", "--json", "--python")
