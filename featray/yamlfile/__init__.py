"""YAML files: text in, values with line numbers out, every fault as `file:line: path: what; expected; suggestion`.

Flow: a sweep or cluster file -> `parse` -> `Document.check` -> a frozen pydantic model.
Reads the file it is given and nothing else.

Scalars follow YAML 1.2's core schema, since 1.1 (PyYAML's own) turns `on` and `no` into booleans, `1:30` into 90 and
leaves `1e3` as text. What a configuration never needs is refused: tags, merge keys, repeated keys, aliases that grow
beyond `VALUES_MAX` values, files over `SIZE_MAX_B`.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from featray import errors
from featray.errors import BadInput
from featray.yamlfile.messages import explain

Loc = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the root."""

SIZE_MAX_B = 256 * 1024  # a hundred times the largest sensible sweep; PyYAML takes some 2 s for it
VALUES_MAX = 20_000  # as many values as such a file could hold; an alias bomb passes it within milliseconds
DEPTH_MAX = 40  # a sweep nests 5 deep
SHOWN_MAX = 10  # problems listed at once; a reader mends the first few and runs again


class StrictModel(BaseModel):
    """Base of every model of a file: frozen, no unknown keys, no conversion (1 is not true, "2" is not 2)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


M = TypeVar("M", bound=StrictModel)


@dataclasses.dataclass(frozen=True)
class FileProblem:
    """One thing wrong at one place of a file."""

    loc: Loc
    message: str


@dataclasses.dataclass(frozen=True)
class Document:
    """A parsed file: its values (sequences as tuples), the line of each, and the error class to complain with."""

    path: Path
    value: Any
    lines: Mapping[Loc, int]
    error: type[BadInput]

    def check(self, model: type[M]) -> M:
        """Read the values as a model.

        Raises:
            BadInput: `self.error`, with one line per problem.
        """
        try:
            return model.model_validate(self.value)
        except ValidationError as wrong:
            problems = [FileProblem(*explain(each, model)) for each in wrong.errors(include_url=False)]
        raise self.wrong(problems)

    def wrong(self, problems: Sequence[FileProblem]) -> BadInput:
        """Make the error for problems found, one per line in file order, `SHOWN_MAX` at the most."""
        placed = sorted(((self._line(each.loc), each) for each in problems), key=lambda pair: pair[0])
        shown = [f"{self.path}:{line}: {_at(self._known(each))}{each.message}" for line, each in placed[:SHOWN_MAX]]
        if len(placed) > SHOWN_MAX:
            shown.append(f"{self.path}: and {len(placed) - SHOWN_MAX} more")
        return self.error("\n".join(dict.fromkeys(shown)))

    def _known(self, problem: FileProblem) -> Loc:
        """Cut a place to what the file really holds: models put scalars into lists of one."""
        loc = problem.loc
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return loc

    def _line(self, loc: Loc) -> int:
        return self.lines[self._known(FileProblem(loc, ""))]


def read(path: Path, model: type[M], error: type[BadInput]) -> M:
    """Read a file as a model.

    Raises:
        BadInput: of class `error`; the file is missing, not text, not YAML, or does not fit the model.
    """
    return parse(path, error).check(model)


def parse(path: Path, error: type[BadInput]) -> Document:
    """Read a file's values and lines, of whatever shape.

    Raises:
        BadInput: of class `error`; the file is missing, too large, not text, not YAML, or uses what is refused.
    """
    try:
        root = _compose(_text(path, error))
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        context = f" {wrong.context}" if wrong.context else ""
        raise error(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {wrong.problem}{context}") from wrong
    except yaml.YAMLError as wrong:  # a control character, which YAML forbids
        raise error(f"{path}: not text: {str(wrong).splitlines()[0]}; expected a YAML file") from wrong
    except RecursionError:
        raise error(f"{path}:1: nested too deeply; expected at most {DEPTH_MAX} levels") from None
    if root is None:
        raise error(f"{path}:1: the file is empty; expected a mapping")
    lines: dict[Loc, int] = {}
    try:
        value = _Builder(lines).build(root, ())
    except _RefusedValue as refused:
        raise error(f"{path}:{refused.line}: {_at(refused.loc)}{refused.message}") from None
    return Document(path=path, value=value, lines=lines, error=error)


def _text(path: Path, error: type[BadInput]) -> str:
    if not path.exists():
        siblings = sorted(each.name for each in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        raise error(f"{path}: no such file{errors.suggest(path.name, siblings) if siblings else ''}")
    if not path.is_file():
        raise error(f"{path}: not a file; expected a YAML file")
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_MAX_B + 1)
    except OSError as wrong:
        raise error(f"{path}: cannot be read: {wrong.strerror}") from wrong
    if len(content) > SIZE_MAX_B:
        raise error(f"{path}: over {SIZE_MAX_B // 1024} KiB; expected a YAML file written by hand")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise error(f"{path}: not text: byte {wrong.start} is not UTF-8; expected a YAML file") from wrong


def _compose(text: str) -> Node | None:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with the scalars of YAML 1.2's core schema; nothing is ever constructed."""


_Loader.yaml_implicit_resolvers = {}  # its own: the class it inherits from resolves as YAML 1.1 does
for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(f"^(?:{_pattern})$"), _first)


class _RefusedValue(Exception):
    def __init__(self, node: Node, loc: Loc, message: str) -> None:
        super().__init__(message)
        self.line, self.loc, self.message = node.start_mark.line + 1, loc, message


class _Builder:
    """Turns nodes into values, noting the line of each; `lines` also stops what grows too large."""

    def __init__(self, lines: dict[Loc, int]) -> None:
        self.lines = lines

    def build(self, node: Node, loc: Loc) -> Any:
        self.lines.setdefault(loc, node.start_mark.line + 1)
        if len(self.lines) > VALUES_MAX:
            raise _RefusedValue(node, loc, f"over {VALUES_MAX} values once aliases are followed; write fewer")
        if len(loc) > DEPTH_MAX:
            raise _RefusedValue(node, loc[:4], f"nested over {DEPTH_MAX} levels deep, or an alias of itself")
        if isinstance(node, MappingNode):
            self._expect_tag(node, loc, "map")
            return {key: self.build(value, (*loc, key)) for key, value in self._pairs(node, loc)}
        if isinstance(node, SequenceNode):
            self._expect_tag(node, loc, "seq")
            return tuple(self.build(each, (*loc, index)) for index, each in enumerate(node.value))
        return _scalar(node, loc)

    def _expect_tag(self, node: Node, loc: Loc, kind: str) -> None:
        if node.tag != _TAG + kind:
            raise _RefusedValue(node, loc, f"tag {_shown_tag(node)} is not supported; leave it out")

    def _pairs(self, node: MappingNode, loc: Loc) -> Iterator[tuple[str, Node]]:
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise _RefusedValue(key, loc, "a key must be text")
            line = key.start_mark.line + 1
            if key.value in seen:
                where = (*loc, key.value)
                raise _RefusedValue(key, where, f"the key stands twice, first on line {seen[key.value]}; keep one")
            if key.value == "<<" and key.style is None:
                raise _RefusedValue(key, loc, "merge keys (<<) are not supported; write the keys out")
            seen[key.value] = self.lines[(*loc, key.value)] = line
            yield key.value, value


def _scalar(node: Node, loc: Loc) -> Any:
    text, kind = node.value, node.tag.removeprefix(_TAG)
    try:
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        if kind == "int":
            return int(text, 0)
        if kind == "float":
            return float(text)
    except (ValueError, KeyError):
        raise _RefusedValue(node, loc, f"'{text[:40]}' is not a value of {_shown_tag(node)}") from None
    raise _RefusedValue(node, loc, f"tag {_shown_tag(node)} is not supported; leave it out")


def _shown_tag(node: Node) -> str:
    return node.tag.replace(_TAG, "!!")


def _at(loc: Loc) -> str:
    """Write a place as `axes.batch_size[1]: `, or nothing at the root."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{text}: " if text else ""
