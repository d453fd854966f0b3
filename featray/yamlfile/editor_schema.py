"""Editor schema: a model of a file as JSON schema, for editors and checks; with the short forms that the file allows.

Flow: a model of a sweep or cluster file -> `make` -> `featray schema` -> `*.schema.json` beside the files. Pure.
A schema knows one file at a time. What needs other files or several keys at once, such as a clip that is missing, only
featray finds.
"""

import dataclasses
import json
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from featray.yamlfile.document import StrictModel

DRAFT = "https://json-schema.org/draft/2020-12/schema"


@dataclasses.dataclass(frozen=True)
class OneOrSeveral:
    """Marks a list that may be written as its only element; it is never empty."""

    distinct: bool = False

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Allow an element beside the list."""
        listed = {"type": "array", "items": handler(core)["items"], "minItems": 1}
        return {"anyOf": [listed["items"], listed | ({"uniqueItems": True} if self.distinct else {})]}


@dataclasses.dataclass(frozen=True)
class ShortForm:
    """Marks a value that may also be written in other forms; `forms` is their schema as JSON."""

    forms: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Allow the other forms beside the value."""
        return {"anyOf": [*json.loads(self.forms), handler(core)]}


@dataclasses.dataclass(frozen=True)
class WrittenAs:
    """Marks a value that a file writes in another form than the program keeps; `form` is its schema as JSON."""

    form: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the form in the file."""
        return dict(json.loads(self.form))


def make(model: type[StrictModel], *, title: str) -> str:
    """Write a model as JSON schema, ending with a newline."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return json.dumps({"$schema": DRAFT, **schema, "title": title}, indent=2, ensure_ascii=False) + "\n"
