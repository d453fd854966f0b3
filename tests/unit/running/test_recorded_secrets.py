"""Recorded secrets: a sweep's secrets are named once, stay out of its rows, and work when it goes on."""

from pathlib import Path

import pytest

from featray.core import secret_values
from featray.errors import BadInput
from featray.host import environments
from featray.measurement import ffmpeg
from featray.running import recorded_secrets, single_cell
from featray.running.preparation import SubmitRequest, prepare
from featray.running.progress import Progress
from featray.sweep import Sweep, expand
from tests.support import builders
from tests.support.plans import make_host, make_inventory
from tests.support.replays import NOW, load_sweep, make_replay, make_rows_of, replay, stored_rows, submit

SECRET = "t0p-secret-value"
HELD = secret_values.digest(SECRET)
WITH_SECRETS = """
measure: {invocations: 1}
env: {HF_TOKEN: VALUE, TOKENIZERS_PARALLELISM: "false"}
environments: {old: ["py-feat @ git+https://VALUE@github.com/cosanlab/py-feat"]}
"""


def load(folder: Path, value: str = SECRET) -> Sweep:
    return load_sweep(folder, WITH_SECRETS.replace("VALUE", value))


def test_rows_hold_digests_of_a_sweeps_secrets_and_a_second_submit_has_nothing_left_to_do(tmp_path: Path) -> None:
    texts: list[str] = []

    def watch(event: object) -> None:
        if isinstance(event, Progress) and event.text is not None:
            texts.append(event.text)

    submit(load(tmp_path), tmp_path / "r", make_replay(*make_rows_of(load(tmp_path))), watch)
    rows = stored_rows(tmp_path / "r")
    assert len(rows) == 2
    assert not any(SECRET in str(row) for row in rows)
    assert all(HELD in str(row.asked) for row in rows)
    (note,) = [text for text in texts if "digests" in text]
    assert f"env HF_TOKEN, py-feat @ git+https://{HELD}@github.com/cosanlab/py-feat" in note
    assert SECRET not in note
    assert replay(load(tmp_path), tmp_path / "r").stored == 0
    assert replay(load(tmp_path, "another-secret"), tmp_path / "r").stored == 2


def test_the_child_gets_the_secret_itself(tmp_path: Path) -> None:
    planned = prepare(
        SubmitRequest(sweep=load(tmp_path), results="/nowhere"), make_inventory(make_host("a")), now=NOW
    ).plan.invocations[0]
    variables = environments.build_variables(
        planned.invocation, inherited={}, cache=tmp_path, libraries=ffmpeg.NO_LIBRARIES
    )
    assert variables["HF_TOKEN"] == SECRET
    assert SECRET in planned.invocation.cells[0].requirements[0]


def test_a_sweep_that_holds_a_digest_instead_of_the_secret_is_refused(tmp_path: Path) -> None:
    request = SubmitRequest(sweep=load(tmp_path, HELD), results="/nowhere")
    with pytest.raises(BadInput, match=r"demo: env HF_TOKEN, py-feat .*: this is the digest"):
        prepare(request, make_inventory(make_host("a")), now=NOW)


def test_a_cell_of_a_row_with_digests_is_not_measured_without_its_secrets() -> None:
    chosen = single_cell.CellToMeasure(cell=builders.make_cell(env={"HF_TOKEN": HELD}))
    with pytest.raises(BadInput, match="sweep="):
        single_cell.measure(chosen, target_id=None, holder="me", say=print)


def test_a_sweep_without_secrets_has_no_note(tmp_path: Path) -> None:
    cells = expand(load_sweep(tmp_path, "env: {TOKENIZERS_PARALLELISM: 'false'}"))
    assert recorded_secrets.note(cells) is None
    recorded_secrets.check_values(cells, "demo")
