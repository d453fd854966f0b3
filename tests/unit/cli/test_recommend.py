"""`featray recommend`: the setting for what the options ask for."""

import json

from featray import store
from featray.core.row import Row
from tests.support.builders import CPU, RTX3090, SHELF, make_row
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
