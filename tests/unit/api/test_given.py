"""What a caller of Python gives: one name or several, a path or an address, numbers; over all verbs."""

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import featray
from featray import api, store
from featray.api import given
from featray.core.files import PathLike
from featray.errors import BadInput
from tests.support.builders import make_row, make_rows

Call = Callable[[str], Any]

VERBS = {name: getattr(api, name) for name in api.__all__ if inspect.isfunction(getattr(api, name))}


def _arguments() -> Iterator[tuple[str, inspect.Parameter]]:
    for name, verb in VERBS.items():
        for argument in inspect.signature(verb).parameters.values():
            yield name, argument


def _lists_names(annotation: object) -> bool:
    """Return True for an annotation that takes several texts, such as `Sequence[str] | None`."""
    kinds = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return any(
        isinstance(origin := typing.get_origin(kind), type)
        and issubclass(origin, collections.abc.Iterable)
        and typing.get_args(kind)[0] is str
        and not issubclass(origin, collections.abc.Mapping)
        for kind in kinds
    )


LISTS = {
    f"{name}({argument.name})": argument
    for name, argument in _arguments()
    if argument.kind is not argument.VAR_POSITIONAL and _lists_names(argument.annotation)
}
"""`verb(argument)` -> the argument, of those that take several names."""

CALLS: dict[str, tuple[Call, Call]] = {
    "compare(over)": (
        lambda folder: featray.compare("demo", over="batch_size", results=folder).comparison.over,
        lambda folder: featray.compare("demo", over=["batch_size"], results=folder).comparison.over,
    ),
    "compare(fail_if)": (
        lambda folder: featray.compare("demo", over="batch_size", fail_if="slower", results=folder).exit_code,
        lambda folder: featray.compare("demo", over="batch_size", fail_if=["slower"], results=folder).exit_code,
    ),
    "report(over)": (
        lambda folder: featray.report("demo", baseline="old", over="batch_size", results=folder).text,
        lambda folder: featray.report("demo", baseline="old", over=["batch_size"], results=folder).text,
    ),
    "load(columns)": (
        lambda folder: featray.load(folder, columns="fps").to_dict(),
        lambda folder: featray.load(folder, columns=["fps"]).to_dict(),
    ),
    "init(detectors)": (
        lambda folder: featray.init(detectors="retinaface", folder=f"{folder}/a").read_text(),
        lambda folder: featray.init(detectors=["retinaface"], folder=f"{folder}/b").read_text(),
    ),
    "init(inputs)": (
        lambda folder: featray.init(inputs="short", folder=f"{folder}/a").read_text(),
        lambda folder: featray.init(inputs=["short"], folder=f"{folder}/b").read_text(),
    ),
    "init(devices)": (
        lambda folder: featray.init(devices="cpu", folder=f"{folder}/a").read_text(),
        lambda folder: featray.init(devices=["cpu"], folder=f"{folder}/b").read_text(),
    ),
    "hosts(clips)": (
        lambda folder: given.paths(f"{folder}/a,b.mp4"),  # a path may have commas
        lambda folder: given.paths([f"{folder}/a,b.mp4"]),
    ),
}
"""`verb(argument)` -> a call with one text, and the same call with a list of it."""


def test_every_argument_that_lists_names_is_tried() -> None:
    assert set(LISTS) == set(CALLS)


@pytest.mark.parametrize("name", LISTS)
def test_an_argument_that_lists_names_may_be_one_text(name: str, tmp_path: Path) -> None:
    rows = [*make_rows([1.0] * 5, batch_size=1), *make_rows([2.0] * 5, batch_size=4)]
    rows += make_rows([1.0] * 5, batch_size=1, sweep="old", run_id="old-1")
    store.append(tmp_path, rows)
    with_text, with_list = CALLS[name]
    assert str in typing.get_args(LISTS[name].annotation)
    assert with_text(str(tmp_path)) == with_list(str(tmp_path))


NOT_NAMES: dict[str, Callable[[str, Any], object]] = {
    "columns": lambda results, value: featray.load(results, columns=value),
    "over": lambda results, value: featray.report("demo", baseline="demo", over=value, results=results),
    "fail_if": lambda results, value: featray.compare("demo", "demo", fail_if=value, results=results),
    "detectors": lambda results, value: featray.init(detectors=value, folder=results),
    "devices": lambda results, value: featray.init(devices=value, folder=results),
}


@pytest.mark.parametrize("value", [[1], 1, ["a", None]])
@pytest.mark.parametrize("argument", NOT_NAMES)
def test_what_is_no_name_is_refused_with_what_is_expected(argument: str, value: object, tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    with pytest.raises(BadInput, match=rf"^{argument}: (1|None) is not a name; expected a text, or a list of texts$"):
        NOT_NAMES[argument](str(tmp_path), value)


def test_one_batch_size_may_be_a_number(tmp_path: Path) -> None:
    one = featray.init(batch_sizes=8, folder=tmp_path / "a")
    listed = featray.init(batch_sizes=[8], folder=tmp_path / "b")
    assert one.read_text() == listed.read_text()
    with pytest.raises(BadInput, match="batch_sizes: '16'; expected whole numbers"):
        featray.init(batch_sizes="16", folder=tmp_path / "c")  # type: ignore[arg-type]


def test_every_address_may_be_a_path() -> None:
    addresses = [argument for _, argument in _arguments() if argument.name == "address"]
    assert len(addresses) >= 8
    assert all(argument.annotation == PathLike | None for argument in addresses)


def test_an_address_that_is_a_path_is_read_as_a_cluster_file(tmp_path: Path) -> None:
    missing = tmp_path / "lab.yaml"
    with pytest.raises(BadInput, match=r"lab\.yaml: no such file"):
        featray.hosts(address=missing)
    with pytest.raises(BadInput, match="address: 6379; expected host:port of a head"):
        featray.hosts(address=6379)  # type: ignore[arg-type]


@pytest.mark.parametrize("argument", ["sweep", "run_id"])
def test_several_names_where_one_is_meant_are_refused(argument: str, tmp_path: Path) -> None:
    store.append(tmp_path, [make_row()])
    names: Any = {argument: ["slow", "same"]}
    with pytest.raises(BadInput, match=argument + r": \['slow', 'same'\] is not a name; expected one text; load each"):
        featray.load(tmp_path, **names)


NUMBERS = [
    (name, argument.name)
    for name, argument in _arguments()
    if argument.annotation in (int, float, int | None, float | None)
]


@pytest.mark.parametrize(("name", "argument"), NUMBERS)
def test_a_number_in_quotes_is_refused_with_what_is_expected(
    name: str, argument: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong: Any = {argument: "3000"}
    firsts = {"compare": ("a", "b"), "bisect": ("1", "2"), "submit": ("sweep.yaml",), "estimate": ("films",)}
    more = {"sweep": "sweep.yaml"} if name == "bisect" else {}
    positional = () if argument == "hours" else firsts.get(name, ())
    with pytest.raises(BadInput, match=f"{argument}: '3000' is not a number; expected one without quotes"):
        VERBS[name](*positional, **more, **wrong)


def test_numbers_of_numpy_are_numbers() -> None:
    import numpy as np

    given.check_numbers({"hours": np.float32(1.5), "blocks": np.int64(3), "fps": 25, "budget": None})
    with pytest.raises(BadInput, match="hours: True is not a number"):
        given.check_numbers({"hours": True})


def test_names_may_be_a_text_with_commas() -> None:
    assert (
        given.names("argument", "batch_size, gpu")
        == given.names("argument", ["batch_size", "gpu"])
        == ["batch_size", "gpu"]
    )
    assert given.names("argument", ["slower,inconclusive"]) == ["slower", "inconclusive"]
    assert given.names("argument", "") == []
