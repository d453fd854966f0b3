"""`featray.schema`: the keys of sweep and cluster files as JSON schema, for editors and checks."""

from collections.abc import Mapping

from featray.cluster.cluster_file import Cluster
from featray.errors import NothingMatches, suggest
from featray.sweep.schema import SweepFileContent
from featray.yamlfile import StrictModel, editor_schema

MODELS: Mapping[str, tuple[type[StrictModel], str]] = {
    "sweep": (SweepFileContent, "featray sweep file"),
    "cluster": (Cluster, "featray cluster file"),
}
"""Kind of file -> its model and the title of its schema."""


def schema(kind: str = "sweep") -> str:
    """Write the JSON schema (draft 2020-12) of a kind of file.

    Args:
        kind: sweep or cluster.

    Returns:
        JSON. A file names it in its first line: `# yaml-language-server: $schema=sweep.schema.json`.

    Raises:
        NothingMatches: there is no such kind of file.
    """
    if kind not in MODELS:
        raise NothingMatches(f"no schema {kind!r}{suggest(kind, MODELS)}")
    model, title = MODELS[kind]
    return editor_schema.make(model, title=title)
