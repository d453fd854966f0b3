"""YAML files: text in, values with line numbers out, every fault as `file:line: path: what; expected; suggestion`.

Flow: a sweep or cluster file -> `parse` -> `Document.check` -> a frozen pydantic model.

    nodes           YAML text -> values with the line of each; the only importer of PyYAML
    document        a file -> values -> a model, and the error for what is wrong
    editor_schema   a model as JSON schema
    messages        pydantic's errors in the words of the file's author
"""

from featray.yamlfile.document import SIZE_MAX_B, Document, FileProblem, StrictModel, parse, read
from featray.yamlfile.nodes import Loc

__all__ = ["SIZE_MAX_B", "Document", "FileProblem", "Loc", "StrictModel", "parse", "read"]
