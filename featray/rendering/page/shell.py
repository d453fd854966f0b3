"""Shell: what every page has around its own sections: head, style, theme button, plots, scripts.

Flow: `html`, `history_page`, `index_page` -> `render` -> `templates/shell.html` -> a page without another file.
Everything from a store reaches a page through Jinja's escaping or as JSON that cannot end its script element.
"""

import functools
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from featray.rendering.page import palette, template_loader
from featray.rendering.page.plot import Plot

PLOTLY = "plotly-basic.min.js"
"""plotly.js with lines, bars and points alone: a quarter of the whole, which has maps and three dimensions too."""


def render(
    template: str, page: Mapping[str, Any], plots: Sequence[Plot], *, name: str, version: str, **others: Any
) -> str:
    """Make a page.

    Args:
        template: It extends `shell.html`.
        page: What the template shows.
        plots: Those of the page; without any, the page has no plotly.
        name: Of the page, for its title and for the files that are saved from it.
        version: featray's, for the foot of the page.
        others: Further values of the template.
    """
    text = template_loader.get(template).render(
        page=page,
        name=name,
        version=version,
        drawing=_drawing(plots, name),
        style=template_loader.read("style.css"),
        scripts=[template_loader.read("saving.js"), template_loader.read("page.js")],
        plotly=plotly() if plots else None,
        **others,
    )
    return str(text)


def _drawing(plots: Sequence[Plot], name: str) -> dict[str, Any]:
    """Give what the page's script draws from."""
    return {
        "name": name,
        "palette": {"light": palette.LIGHT, "dark": palette.DARK},
        "figures": [{"traces": plot.traces, "layout": plot.layout, "height": plot.height_px} for plot in plots],
    }


@functools.cache
def plotly() -> Any:
    """Give plotly.js; its first lines name its licence, and `plotly-basic.LICENSE` beside it has the text."""
    from markupsafe import Markup

    folder = resources.files("featray.rendering.page").joinpath("vendored")
    return Markup(folder.joinpath(PLOTLY).read_text(encoding="utf-8"))
