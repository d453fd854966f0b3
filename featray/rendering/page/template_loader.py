"""Template loader: the package's own files for HTML, and the environment that escapes what comes from a store.

Flow: `page/templates/` -> `get`, `read` -> `html`, `notebook.summary`.
"""

import functools
import re
from importlib import resources
from typing import Any


def get(name: str) -> Any:
    """Give a template of Jinja."""
    return _environment().get_template(name)


@functools.cache
def _environment() -> Any:
    import jinja2

    loader = jinja2.FunctionLoader(read)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["whole_arrows"] = _whole_arrows
    environment.filters["sentence"] = _sentence
    return environment


def _whole_arrows(text: str) -> Any:
    """Escape a text, and keep each `->` of it on one line."""
    from markupsafe import Markup, escape

    return escape(text).replace("-&gt;", Markup('<span class="whole">-&gt;</span>'))


def _sentence(text: str) -> Any:
    """Escape a sentence as `_whole_arrows` does, and set what is between backticks as code."""
    from markupsafe import Markup

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(_whole_arrows(text))))


def read(name: str) -> Any:
    """Read one of the package's own files; style and script are inserted as they are, pages are escaped."""
    text = resources.files("featray.rendering.page").joinpath("templates", name).read_text(encoding="utf-8")
    if name.endswith(".html"):
        return text
    from markupsafe import Markup

    return Markup(text)
