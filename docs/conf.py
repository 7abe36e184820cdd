"""How the pages become HTML: `tox -e docs`. They are plain Markdown, and read the same on a forge.

Pages hold no directives: the tables of contents are made here, from the links of each folder's
`index.md`, in their order; what no index names is an error of the build. What a page links to in the
rest of the source is named instead, since it is not there where the HTML is.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "Dropship"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Dropship"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False

# Headings are linked to as GitHub names them.
myst_heading_anchors = 4
# A configuration that is shown for its faults is coloured as far as it goes.
suppress_warnings = ["misc.highlighting_failure"]

_LINK: Final = re.compile(r"\[([^\]]+)\]\(([^)\s:#]+)\)")
_PAGE: Final = re.compile(r"\]\(((?:[\w-]+/)?[\w-]+\.md)\)")
_TITLES: Final = {"usage/index": "Using it", "development/index": "Developing it"}


def _outside(app: Sphinx, name: str, source: list[str]) -> None:
    """Name files and folders that are no part of the manual, which only a forge can link to."""
    here, top = (Path(app.srcdir) / name).parent, Path(app.srcdir).resolve()

    def named(link: re.Match[str]) -> str:
        target = (here / link[2]).resolve()
        if target.is_file() and target.is_relative_to(top):
            return link[0]
        path = target.relative_to(top.parent).as_posix()
        return link[1] if link[1].strip("`") == path else f"{link[1]} (`{path}`)"

    source[0] = _LINK.sub(named, source[0])


def _contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the pages of the folder that an index links to into a table of contents behind it."""
    if name != "index" and not name.endswith("/index"):
        return
    folder = Path(app.srcdir) / name
    found = dict.fromkeys(
        link.removesuffix(".md")
        for link in _PAGE.findall(source[0])
        if (folder.parent / link).exists()
    )
    own = [one for one in found if "/" not in one or one.endswith("/index")]
    lines = "\n".join(_entry(one) for one in own)
    source[0] += f"\n```{{toctree}}\n:hidden:\n\n{lines}\n```\n"


def _entry(page: str) -> str:
    return f"{_TITLES[page]} <{page}>" if page in _TITLES else page


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _outside)
    app.connect("source-read", _contents)
    # A forge draws it; here its text is shown, which names every arrow.
    app.add_lexer("mermaid", TextLexer)
