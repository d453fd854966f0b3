"""Nodes: YAML text -> values with the line of each.

Flow: `document.parse` -> `compose`, `build`. Pure. The only importer of PyYAML.

Scalars follow YAML 1.2's core schema, since 1.1 (PyYAML's own) turns `on` and `no` into booleans, `1:30` into 90 and
leaves `1e3` as text. What a configuration never needs is refused: tags, merge keys, repeated keys, and aliases that
grow beyond `VALUES_MAX` values.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Loc = tuple[str | int, ...]
"""The place of a value: keys and list positions from the root."""

VALUES_MAX = 20_000  # as many values as a file of the largest size could hold; an alias bomb exceeds it in milliseconds
DEPTH_MAX = 40  # a sweep nests 5 deep


class NotYaml(Exception):
    """The text is not YAML, or not text; `line` is None where there is none to name."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


class RefusedValue(Exception):
    """A value that YAML allows and a configuration never needs."""

    def __init__(self, node: Node, loc: Loc, message: str) -> None:
        super().__init__(message)
        self.line, self.loc, self.message = node.start_mark.line + 1, loc, message


def parse(text: str) -> tuple[Any, dict[Loc, int]] | None:
    """Read YAML text.

    Returns:
        The values (sequences as tuples), and the line of each by its place; None for a text without any value.

    Raises:
        NotYaml: it is not YAML, or nested too deeply.
        RefusedValue: it uses what is refused.
    """
    root = _compose(text)
    if root is None:
        return None
    lines: dict[Loc, int] = {}
    return _Builder(lines).build(root, ()), lines


def _compose(text: str) -> Node | None:
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        context = f" {wrong.context}" if wrong.context else ""
        raise NotYaml(mark.line + 1 if mark else 1, f"not YAML: {wrong.problem}{context}") from wrong
    except yaml.YAMLError as wrong:  # a control character, which YAML forbids
        raise NotYaml(None, f"not text: {str(wrong).splitlines()[0]}; expected a YAML file") from wrong
    except RecursionError:
        raise NotYaml(1, f"nested too deeply; expected at most {DEPTH_MAX} levels") from None


_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with the scalars of YAML 1.2's core schema; nothing is ever constructed."""


_Loader.yaml_implicit_resolvers = {}  # its own: those of its base class are of YAML 1.1
for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(f"^(?:{_pattern})$"), _first)


class _Builder:
    """Turns nodes into values and notes the line of each; the number of lines limits what aliases can grow to."""

    def __init__(self, lines: dict[Loc, int]) -> None:
        self.lines = lines

    def build(self, node: Node, loc: Loc) -> Any:
        self.lines.setdefault(loc, node.start_mark.line + 1)
        if len(self.lines) > VALUES_MAX:
            raise RefusedValue(node, loc, f"over {VALUES_MAX} values once aliases are followed; write fewer")
        if len(loc) > DEPTH_MAX:
            raise RefusedValue(node, loc[:4], f"nested over {DEPTH_MAX} levels deep, or an alias of itself")
        if isinstance(node, MappingNode):
            self._expect_tag(node, loc, "map")
            return {key: self.build(value, (*loc, key)) for key, value in self._pairs(node, loc)}
        if isinstance(node, SequenceNode):
            self._expect_tag(node, loc, "seq")
            return tuple(self.build(item, (*loc, index)) for index, item in enumerate(node.value))
        return _scalar(node, loc)

    def _expect_tag(self, node: Node, loc: Loc, kind: str) -> None:
        if node.tag != _TAG + kind:
            raise RefusedValue(node, loc, f"tag {_shown_tag(node)} is not supported; leave it out")

    def _pairs(self, node: MappingNode, loc: Loc) -> Iterator[tuple[str, Node]]:
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise RefusedValue(key, loc, "a key must be text")
            line = key.start_mark.line + 1
            if key.value in seen:
                where = (*loc, key.value)
                raise RefusedValue(key, where, f"the key appears twice, first on line {seen[key.value]}; keep one")
            if key.value == "<<" and key.style is None:
                raise RefusedValue(key, loc, "merge keys (<<) are not supported; write the keys out")
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
        raise RefusedValue(node, loc, f"'{text[:40]}' is not a value of {_shown_tag(node)}") from None
    raise RefusedValue(node, loc, f"tag {_shown_tag(node)} is not supported; leave it out")


def _shown_tag(node: Node) -> str:
    return node.tag.replace(_TAG, "!!")
