"""Anonymous rows: names of hosts and users and paths are gone, and everything else stays."""

import dataclasses
import json
import re

import pytest

from featray.core import cell
from featray.core.row import Row, to_json
from featray.interchange import anonymous_rows
from tests.support.builders import CPU, SHELF, make_cell, make_row, make_rows

NAMED = {**SHELF, "hostname": "liquidswords", "host_id": "0123456789abcdef"}


def hide(row: Row) -> Row:
    (hidden,) = anonymous_rows.hide([row], ["bob"])
    return hidden


def test_a_host_has_the_same_other_name_in_every_column() -> None:
    hidden = hide(make_row(**{**CPU, **NAMED, "target_id": "cpu@0123456789abcdef"}))
    name = anonymous_rows.pseudonym("0123456789abcdef")
    assert (hidden.hostname, hidden.host_id, hidden.target_id) == (name, name, f"cpu@{name}")


def test_the_other_name_is_that_of_the_machine_in_every_bundle() -> None:
    alone, together = (
        anonymous_rows.hide([make_row(**NAMED)])[0],
        anonymous_rows.hide([make_row(), make_row(**NAMED)])[1],
    )
    assert alone.host_id == together.host_id


def test_boots_are_told_apart_without_their_ids() -> None:
    boots = ("d4122285-c4cd-4af9-86c3-6bc39e6c6864", "00000000-c4cd-4af9-86c3-6bc39e6c6864")
    rows = [make_row(boot_id=boot, **NAMED) for boot in (*boots, boots[0], None)]
    first, second, again, none = (row.boot_id for row in anonymous_rows.hide(rows))
    assert (first, none) == (again, None)
    assert first != second
    assert all(re.fullmatch("boot-[0-9a-f]{12}", boot or "") for boot in (first, second))


def test_rows_that_are_hidden_twice_are_hidden_once() -> None:
    asked = json.dumps(cell.to_recorded(make_cell(input="lab")))
    once = hide(make_row(boot_id="d4122285-c4cd", asked=asked, **{**CPU, **NAMED}))
    assert "clips/lab" not in to_json(once)
    assert hide(once) == once


def test_figures_and_identity_stay() -> None:
    row = make_row()
    hidden = hide(row)
    kept = ("run_id", "cell_id", "work_id", "target_id", "timed_s", "stages_s", "work", "gpu_uuid", "ffmpeg", "torch")
    assert [getattr(hidden, name) for name in kept] == [getattr(row, name) for name in kept]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot open /home/alice/clips/lab.mp4: gone", "cannot open path-<>.mp4: gone"),
        ("PYTHONPATH=/home/alice/a:/srv/b", "PYTHONPATH=path-<>:path-<>"),
        ("on liquidswords, as alice", "on host-<>, as user"),
        ("bob wrote it", "user wrote it"),
        ("py-feat @ git+https://github.com/cosanlab/py-feat@864962c", None),
        ("py-feat @ file:///srv/py-feat", "py-feat @ path-<>"),
        ("trivdet @ file:///srv/wheels/trivdet-1.0.whl#sha256=9df4", "trivdet @ path-<>.whl#sha256=9df4"),
        ("feat @ git+file:///srv/feat@864962c0#egg=feat", "feat @ git+path-<>@864962c0#egg=feat"),
        ("feat @ git+ssh://alice@box9:22/srv/git/feat@864962c", "feat @ git+ssh://path-<>@864962c"),
        ("feat @ git+ssh://git@box9/srv/git/feat.git#egg=feat", "feat @ git+ssh://path-<>.git#egg=feat"),
        ("fetch git@box9:srv/git/feat.git, then go", "fetch path-<>.git, then go"),
        ("numpy==2.1 and ssh is slow", None),
        ("lost /data/subject=anna/clip#3.mp4", "lost path-<>.mp4"),
        (r"C:\Users\alice\lab.mp4", "path-<>.mp4"),
        ("12 ms/frame and 3 s/call", None),
        ("the liquidswords2 machine", None),
    ],
)
def test_names_and_paths_in_texts_are_replaced(text: str, expected: str | None) -> None:
    row = make_row(reason=text, description="/home/alice/lab", **NAMED)
    reason = hide(row).reason or ""
    shown = re.sub(r"(path|host)-[0-9a-f]{12}", r"\1-<>", reason)
    assert shown == (expected or text)


QUALIFIED = {**SHELF, "hostname": "labbox7.lab.example", "host_id": "0123456789abcdef"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on labbox7.lab.example, which is labbox7", "on host-<>, which is host-<>"),
        ("LABBOX7 is busy; so is LabBox7.lab.example", "host-<> is busy; so is host-<>"),
        ("ssh labbox7.other.example", "ssh host-<>.other.example"),
        ("labbox77 and my-labbox7", None),
    ],
)
def test_a_host_with_a_domain_is_hidden_by_its_short_name_too(text: str, expected: str | None) -> None:
    asked = json.dumps(cell.to_recorded(make_cell(env={"NODE": text})))
    hidden = hide(make_row(reason=text, printed={"fps": text}, description=text, asked=asked, **QUALIFIED))
    env = json.loads(hidden.asked or "")["env"]["NODE"]
    found = (hidden.reason, hidden.description, (hidden.printed or {})["fps"], env)
    assert {re.sub(r"host-[0-9a-f]{12}", "host-<>", shown or "") for shown in found} == {expected or text}


@pytest.mark.parametrize("hostname", ["192.168.1.5", "gpu.lab.example", "localhost.localdomain"])
def test_a_short_name_that_is_a_number_or_a_common_word_stays_in_texts(hostname: str) -> None:
    text = "192 frames in gpu memory of localhost"
    assert hide(make_row(reason=text, **{**QUALIFIED, "hostname": hostname})).reason == text


def test_a_run_that_is_named_after_the_short_name_of_its_host_is_found() -> None:
    rows = make_rows([0.7], run_id="Labbox7-1", **QUALIFIED)
    assert anonymous_rows.find_leaks(rows, anonymous_rows.hide(rows)) == ["labbox7"]


def test_paths_of_an_input_are_hidden_even_relative_ones_and_the_cell_can_be_read() -> None:
    asked = make_cell(input="lab")
    asked = dataclasses.replace(
        asked, input=dataclasses.replace(asked.input, paths=("my clips/Anna B.mp4", "/a b/c.mp4"))
    )
    row = make_row(asked=json.dumps(cell.to_recorded(asked)))
    hidden = hide(row)
    assert "Anna" not in to_json(hidden)
    paths = cell.from_asked(json.loads(hidden.asked or "")).input.paths
    assert [path.partition("-")[0] for path in paths] == ["path", "path"]
    assert paths[0] != paths[1]


def test_requirements_of_a_cell_keep_their_digests_and_commits() -> None:
    given = (
        "trivdet @ file:///srv/a%20b/trivdet.whl#sha256=9df4",
        "/srv/a b/feat.whl#sha256=9df4",
        "/srv/a b#sha256=9df4/Anna B",
        "feat @ git+ssh://alice@box9/srv/git/feat@864962c",
    )
    asked = json.dumps(cell.to_recorded(make_cell(requirements=given)))
    hidden = json.loads(hide(make_row(asked=asked)).asked or "")["requirements"]
    assert [re.sub("path-[0-9a-f]{12}", "path-<>", text) for text in hidden] == [
        "trivdet @ path-<>.whl#sha256=9df4",
        "path-<>.whl#sha256=9df4",
        "path-<>",
        "feat @ git+ssh://path-<>@864962c",
    ]


def test_what_a_failed_process_wrote_is_left_out() -> None:
    assert hide(make_row(status="failed", stderr_tail="Traceback of anybody")).stderr_tail is None


def test_a_run_that_is_named_after_its_host_is_found() -> None:
    rows = make_rows([0.7], run_id="liquidswords-1", **NAMED)
    hidden = anonymous_rows.hide(rows)
    assert anonymous_rows.find_leaks(rows, hidden) == ["liquidswords"]
    rows = make_rows([0.7], sweep="on liquidswords", **NAMED)
    assert anonymous_rows.find_leaks(rows, anonymous_rows.hide(rows)) == ["liquidswords"]


def test_rows_without_such_names_leak_nothing() -> None:
    rows = make_rows([0.7], **NAMED)
    assert anonymous_rows.find_leaks(rows, anonymous_rows.hide(rows)) == []


def test_a_weight_file_of_one_s_own_is_hidden_in_the_work() -> None:
    hidden = hide(make_row(work={"weights /srv/mine.pt": '{"file":"/srv/mine.pt"}', "weights py-feat/a b.pt": "1"}))
    first, second = (hidden.work or {}).items()
    assert re.sub(r"path-\w+", "path-<>", " ".join(first)) == 'weights path-<>.pt {"file":"path-<>.pt"}'
    assert second == ("weights py-feat/a b.pt", "1")
