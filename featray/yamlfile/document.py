"""Document: a YAML file -> values with line numbers -> a frozen pydantic model.

Flow: a sweep or cluster file -> `parse` -> `Document.check` -> a model. It reads the given file and nothing else.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from featray import errors
from featray.errors import BadInput
from featray.yamlfile import nodes
from featray.yamlfile.messages import explain
from featray.yamlfile.nodes import Loc

SIZE_MAX_B = 256 * 1024  # a hundred times the largest sensible sweep; PyYAML takes some 2 s for it
SHOWN_MAX = 10  # problems listed at once; a reader corrects the first few and runs again


class StrictModel(BaseModel):
    """Base of every model of a file: frozen, no unknown keys, no conversion (1 is not true, "2" is not 2)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


M = TypeVar("M", bound=StrictModel)


@dataclasses.dataclass(frozen=True)
class FileProblem:
    """One fault at one place of a file."""

    loc: Loc
    message: str


@dataclasses.dataclass(frozen=True)
class Document:
    """A parsed file: its values (sequences as tuples), the line of each, and the class of its errors."""

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
            problems = [FileProblem(*explain(detail, model)) for detail in wrong.errors(include_url=False)]
        raise self.make_error(problems)

    def make_error(self, problems: Sequence[FileProblem]) -> BadInput:
        """Make the error for problems, one per line in file order, at most `SHOWN_MAX` of them."""
        places = [self._place(problem.loc) for problem in problems]
        in_order = sorted(zip(places, problems, strict=True), key=lambda pair: self.lines[pair[0]])
        texts = [f"{self.path}:{self.lines[loc]}: {_at(loc)}{problem.message}" for loc, problem in in_order]
        if len(texts) > SHOWN_MAX:
            texts[SHOWN_MAX:] = [f"{self.path}: and {len(texts) - SHOWN_MAX} more"]
        return self.error("\n".join(dict.fromkeys(texts)))

    def _place(self, loc: Loc) -> Loc:
        """Shorten a place to what the file really holds: models put scalars into lists of one."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return loc


def read(path: Path, model: type[M], error: type[BadInput]) -> M:
    """Read a file as a model.

    Raises:
        BadInput: of class `error`; the file is missing, not text, not YAML, or does not fit the model.
    """
    return parse(path, error).check(model)


def parse(path: Path, error: type[BadInput]) -> Document:
    """Read a file's values and lines, whatever its shape.

    Raises:
        BadInput: of class `error`; the file is missing, too large, not text, not YAML, or uses what is refused.
    """
    try:
        parsed = nodes.parse(_text(path, error))
    except nodes.NotYaml as wrong:
        where = f"{path}:{wrong.line}" if wrong.line is not None else f"{path}"
        raise error(f"{where}: {wrong.message}") from wrong
    except nodes.RefusedValue as refused:
        raise error(f"{path}:{refused.line}: {_at(refused.loc)}{refused.message}") from None
    if parsed is None:
        raise error(f"{path}:1: the file is empty; expected a mapping")
    value, lines = parsed
    return Document(path=path, value=value, lines=lines, error=error)


def _text(path: Path, error: type[BadInput]) -> str:
    if not path.exists():
        siblings = sorted(file.name for file in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
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


def _at(loc: Loc) -> str:
    """Write a place as `axes.batch_size[1]: `, or nothing at the root."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{text}: " if text else ""
